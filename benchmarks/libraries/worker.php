<?php
// A worker of PHP's extension; the job server is named by the environment.

$worker = new GearmanWorker();
$worker->addServers(getenv('BENCH_SERVER'));
$worker->addFunction('noop', function (GearmanJob $job) { return ''; });
$worker->addFunction('answer', function (GearmanJob $job) { return $job->workload(); });
while ($worker->work());

fwrite(STDERR, $worker->error() . "\n");
exit(1);
