<?php
// A worker for the named functions: php worker.php 127.0.0.1:4730 reverse title

$functions = require __DIR__ . '/functions.php';

$worker = new GearmanWorker();
$worker->addServers($argv[1]);
foreach (array_slice($argv, 2) as $name) {
    $worker->addFunction($name, $functions[$name]);
}
// A job that failed by setReturn() makes work() return false; the worker goes on.
while ($worker->work() || $worker->returnCode() == GEARMAN_WORK_FAIL);

fwrite(STDERR, $worker->error() . "\n");
exit(1);
