<?php
// A client that waits 200 ms for a function that no worker has.

$client = new GearmanClient();
$client->addServers($argv[1]);
$client->setTimeout(200);
$start = microtime(true);
$result = @$client->doNormal('nobody_does_this', 'work');
echo json_encode([
    'result' => $result,
    'timeout' => $client->returnCode() === GEARMAN_TIMEOUT,
    'seconds' => round(microtime(true) - $start, 2),
]);
