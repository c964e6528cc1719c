<?php
// One job in the foreground, its workload from standard input, and what became of
// it: php do_client.php 127.0.0.1:4730 doHigh reverse [unique] <workload

$client = new GearmanClient();
$client->addServers($argv[1]);
$do = $argv[2];
$result = $client->$do($argv[3], stream_get_contents(STDIN), $argv[4] ?? null);
if ($client->returnCode() != GEARMAN_SUCCESS) {
    fwrite(STDERR, $client->returnCode() . ' ' . $client->error() . "\n");
    exit(1);
}
echo $result;
