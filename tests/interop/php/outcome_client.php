<?php
// One task with every callback set: prints each call, then runTasks' own outcome.
// php outcome_client.php SERVERS FUNCTION WORKLOAD

$client = new GearmanClient();
$client->addServers($argv[1]);

$tell = fn (string $what) => function (GearmanTask $task) use ($what) {
    echo $what, rtrim(' ' . $task->data()), "\n";
};
$client->setDataCallback($tell('data'));
$client->setWarningCallback($tell('warning'));
$client->setCompleteCallback($tell('complete'));
$client->setExceptionCallback($tell('exception'));
$client->setFailCallback($tell('fail'));

$client->addTask($argv[2], $argv[3]);
$client->runTasks();
echo 'code ', $client->returnCode(), "\n";
