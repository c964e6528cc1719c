<?php
// Three tasks of one second each, done side by side by three workers.

$client = new GearmanClient();
$client->addServers($argv[1]);
$client->setCompleteCallback(function (GearmanTask $task, string $context) {
    echo "$context: ", $task->data(), "\n";
});
$client->addTask('nap', 'reading', 'first');
$client->addTask('nap', 'walking', 'second');
$client->addTask('nap', 'eating', 'third');

$start = microtime(true);
$client->runTasks();
printf("seconds: %.2f\n", microtime(true) - $start);
