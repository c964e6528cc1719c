<?php
// php reverse_client.php 127.0.0.1:4730 'Hello!'

$client = new GearmanClient();
$client->addServers($argv[1]);
do {
    $result = $client->doNormal('reverse', $argv[2]);
    switch ($client->returnCode()) {
        case GEARMAN_WORK_DATA:
            echo "Data: $result\n";
            break;
        case GEARMAN_WORK_STATUS:
            [$numerator, $denominator] = $client->doStatus();
            echo "Status: $numerator/$denominator complete\n";
            break;
        case GEARMAN_WORK_FAIL:
            echo "Failed\n";
            exit(1);
        case GEARMAN_SUCCESS:
            echo "Success: $result\n";
            break;
        default:
            echo 'RET: ' . $client->error() . "\n";
            exit(1);
    }
} while ($client->returnCode() != GEARMAN_SUCCESS);
