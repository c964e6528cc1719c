<?php
// Jobs in the background, none waited for; prints their handles:
// php background_client.php 127.0.0.1:4730 doLowBackground record 'job 1' ...

$client = new GearmanClient();
$client->addServers($argv[1]);
$do = $argv[2];
foreach (array_slice($argv, 4) as $workload) {
    echo $client->$do($argv[3], $workload), "\n";
    if ($client->returnCode() != GEARMAN_SUCCESS) {
        fwrite(STDERR, $client->error() . "\n");
        exit(1);
    }
}
