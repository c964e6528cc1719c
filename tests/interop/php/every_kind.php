<?php
// A task of every kind in one runTasks, and the status of a finished job among them.

$client = new GearmanClient();
$client->addServers($argv[1]);
$client->setCreatedCallback(function (GearmanTask $task, string $context) {
    echo "created $context\n";
});
$client->setCompleteCallback(function (GearmanTask $task, string $context) {
    echo "complete $context ", $task->data(), "\n";
});
$client->setStatusCallback(function (GearmanTask $task, string $context) {
    echo "status $context ", json_encode([$task->isKnown(), $task->isRunning()]), "\n";
});
$client->setFailCallback(fn () => exit('a task failed'));

$finished = $client->doBackground('same', 'before');
while ($client->jobStatus($finished)[0]) {
    usleep(5_000);
}
$client->addTask('same', 'normal', 'normal');
$client->addTaskHigh('same', 'high', 'high');
$client->addTaskLow('same', 'low', 'low');
$client->addTaskBackground('same', 'normal', 'background');
$client->addTaskHighBackground('same', 'high', 'high background');
$client->addTaskLowBackground('same', 'low', 'low background');
$client->addTaskStatus($finished, 'finished');
echo $client->runTasks() ? "ran\n" : $client->error();
