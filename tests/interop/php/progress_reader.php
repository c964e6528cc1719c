<?php
// Follows a job in the background by its handle; lets it go on after three tenths.

$client = new GearmanClient();
$client->addServers($argv[1]);
$go_on = $argv[2];
$handle = $client->doBackground('import', $go_on);
$last = null;
do {
    $status = $client->jobStatus($handle);
    if ($status !== $last) {
        echo json_encode($last = $status), "\n";
    }
    if ($status[2] == 3) {
        touch($go_on);
    }
    usleep(5_000);
} while ($status[0]);
