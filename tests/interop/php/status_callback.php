<?php
// The progress of a task in the foreground, as it is made.

$client = new GearmanClient();
$client->addServers($argv[1]);
$client->setStatusCallback(function (GearmanTask $task) {
    echo $task->taskNumerator(), '/', $task->taskDenominator(), "\n";
});
$client->setCompleteCallback(function (GearmanTask $task) {
    echo $task->data(), "\n";
});
$client->addTask('steps', '4');
$client->runTasks();
