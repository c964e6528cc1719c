<?php
// A worker whose function may take one second (1000 ms): php deadline_worker.php SERVERS

$functions = require __DIR__ . '/functions.php';

$worker = new GearmanWorker();
$worker->addServers($argv[1]);
$worker->addFunction('hang_once', $functions['hang_once'], null, 1000);
$worker->addFunction('reverse', $functions['reverse']);
while ($worker->work());
