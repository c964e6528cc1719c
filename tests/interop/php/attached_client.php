<?php
// One of several clients of one unique: says when its job is created and what came.
// php attached_client.php SERVERS UNIQUE WORKLOAD

$client = new GearmanClient();
$client->addServers($argv[1]);
$client->setCreatedCallback(function (GearmanTask $task) {
    echo 'created ', $task->jobHandle(), "\n";
});
$client->setCompleteCallback(function (GearmanTask $task) {
    echo 'complete ', $task->data(), "\n";
});
$client->addTask('record', $argv[3], null, $argv[2]);
$client->runTasks();
