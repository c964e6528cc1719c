<?php
// A worker whose handler leaves a process behind: php forking_worker.php 127.0.0.1:4730

pcntl_signal(SIGCHLD, SIG_IGN);
$worker = new GearmanWorker();
$worker->addServers($argv[1]);
$worker->addFunction('reverse', function (GearmanJob $job) {
    if (pcntl_fork() === 0) {
        usleep(20_000);
        // An exit would go back into the library, which answers for the job and ends
        // the worker's connection.
        posix_kill(getmypid(), SIGKILL);
    }
    return strrev($job->workload());
});
while ($worker->work());
