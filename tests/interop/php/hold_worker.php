<?php
// A worker that notes each run in a file, and ends it when another file exists:
// php hold_worker.php 127.0.0.1:4730 FOLDER. It goes on after a restart of the server.

[, $server, $folder] = $argv;

function connected(string $server, string $folder): GearmanWorker
{
    $worker = new GearmanWorker();
    $worker->addServers($server);
    $worker->addFunction('hold', function (GearmanJob $job) use ($folder) {
        file_put_contents("$folder/runs", $job->workload() . "\n", FILE_APPEND);
        while (!file_exists("$folder/go")) {
            usleep(10_000);
            clearstatcache();
        }
        return 'held ' . $job->workload();
    });
    return $worker;
}

while (true) {
    $worker = connected($server, $folder);
    while (@$worker->work());
    usleep(100_000);
}
