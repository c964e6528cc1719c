<?php
// A client of several servers that connects to one only when it has a job for it:
// php lazy_client.php HOST:PORT,HOST:PORT WORKLOAD

$client = new GearmanClient();
$client->addServers($argv[1], false);
echo $client->doNormal('reverse', $argv[2]);
