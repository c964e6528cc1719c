<?php
// A worker that never blocks in work(): it can look after other things meanwhile.

$functions = require __DIR__ . '/functions.php';

$worker = new GearmanWorker();
$worker->addOptions(GEARMAN_WORKER_NON_BLOCKING);
$worker->setTimeout(1000);
$worker->addServers($argv[1]);
$worker->addFunction('reverse', $functions['reverse']);

while (true) {
    @$worker->work();
    switch ($worker->returnCode()) {
        case GEARMAN_SUCCESS:
            echo "worked\n";
            break;
        case GEARMAN_IO_WAIT:
        case GEARMAN_NO_JOBS:
            @$worker->wait();
            if (!in_array($worker->returnCode(), [GEARMAN_SUCCESS, GEARMAN_TIMEOUT])) {
                exit($worker->error());
            }
            break;
        default:
            exit($worker->error());
    }
}
