<?php
// A worker with a name that drops a function when it is asked to by a job.

$functions = require __DIR__ . '/functions.php';

$worker = new GearmanWorker();
$worker->addServers($argv[1]);
$worker->setId('php-worker-1');
$worker->addFunction('reverse', $functions['reverse']);
$worker->addFunction('title', $functions['title']);
$unwanted = null;
$worker->addFunction('drop', function (GearmanJob $job) use (&$unwanted) {
    $unwanted = $job->workload();
    return 'dropping';
});
while ($worker->work()) {
    if ($unwanted !== null) {
        // The library tells the job server before it asks for the job after next.
        $worker->unregister($unwanted);
        $unwanted = null;
    }
}
