<?php
// A client or a worker of several servers, which come and go:
// php several_servers.php client|worker HOST:PORT,HOST:PORT FILE [NAME]
// The client submits until FILE.stop exists, and prints what it was told; the worker
// adds a line to the file for each job in the background.

[, $role, $servers, $file] = $argv;
$name = $argv[4] ?? '';

if ($role === 'worker') {
    $worker = new GearmanWorker();
    $worker->addServers($servers);
    $worker->addFunction('record', function (GearmanJob $job) use ($file) {
        file_put_contents($file, $job->workload() . "\n", FILE_APPEND);
    });
    $worker->addFunction('reverse', fn (GearmanJob $job) => strrev($job->workload()));
    $worker->setTimeout(500);
    while (true) {
        if (!@$worker->work()) {
            usleep(20_000);
        }
    }
}

for ($number = 1; !file_exists("$file.stop"); $number++) {
    // One that has open connections to several servers may miss an answer.
    $client = new GearmanClient();
    $client->addServers($servers, false);
    // It may wait for an answer of one that it has just lost.
    $client->setTimeout(5000);
    $key = "$name-$number";
    @$client->doBackground('record', $key, $key);
    echo $client->returnCode() === GEARMAN_SUCCESS ? 'kept ' : 'refused ', "$key\n";
    $result = @$client->doNormal('reverse', $key);
    echo $result === strrev($key) ? 'answered ' : 'unanswered ', "$key\n";
    usleep(10_000);
    clearstatcache();
}
