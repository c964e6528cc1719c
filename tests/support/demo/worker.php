<?php
// The shop's workers in PHP: php worker.php SERVER ID FUNCTION LEAST MOST FAILING ERROR

[, $server, $id, $function, $least, $most, $failing, $error] = $argv;

$worker = new GearmanWorker();
$worker->addServers($server);
$worker->setId($id);
$worker->addFunction($function, function (GearmanJob $job) use ($least, $most, $failing, $error) {
    usleep((int) (1e6 * ($least + mt_rand() / mt_getrandmax() * ($most - $least))));
    if (mt_rand() / mt_getrandmax() < $failing) {
        $job->sendException($error);
        $job->sendFail();
        return null;
    }
    return 'done';
});
while ($worker->work() || $worker->returnCode() == GEARMAN_WORK_FAIL);
