<?php
// What the job server knows by unique: php unique_status.php SERVERS UNIQUE...
// A client of its own for each question: libgearman's takes no job after this one.

foreach (array_slice($argv, 2) as $unique) {
    $client = new GearmanClient();
    $client->addServers($argv[1]);
    echo json_encode($client->jobStatusByUniqueKey($unique)), "\n";
}
