<?php
// A worker of several servers, some of which may be down:
// php two_servers_worker.php HOST:PORT,HOST:PORT

$functions = require __DIR__ . '/functions.php';

$worker = new GearmanWorker();
foreach (explode(',', $argv[1]) as $server) {
    [$host, $port] = explode(':', $server);
    try {
        $worker->addServer($host, (int) $port);
    } catch (GearmanException) {
        // addServer() connects at once; the server stays in the list.
    }
}
$worker->addFunction('reverse', $functions['reverse']);
while (true) {
    if (!@$worker->work()) {
        usleep(50_000);
    }
}
