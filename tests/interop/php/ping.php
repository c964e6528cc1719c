<?php
// Both ends may ask whether the job server is there.

$client = new GearmanClient();
$client->addServers($argv[1]);
$worker = new GearmanWorker();
$worker->addServers($argv[1]);
echo json_encode([
    $client->ping('is anybody there?'),
    $client->ping("zero \0 byte and " . str_repeat('x', 100_000)),
    $worker->ping('a worker asks'),
]);
