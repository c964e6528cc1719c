<?php
// The sum of 1 to 1000 by five tasks, every callback noted.

$client = new GearmanClient();
$client->addServers($argv[1]);

$created = [];
$total = 0;
$client->setCreatedCallback(function (GearmanTask $task) use (&$created) {
    $created[$task->unique()] = $task->jobHandle();
});
$client->setCompleteCallback(function (GearmanTask $task) use (&$created, &$total) {
    if ($created[$task->unique()] !== $task->jobHandle()) {
        exit('a result came under another handle than its task');
    }
    echo $task->unique(), ' by ', $task->functionName(), ': ', $task->data(), "\n";
    $total += $task->data();
});
$client->setFailCallback(fn () => exit('a task failed'));

foreach (range(0, 4) as $part) {
    $range = [$part * 200 + 1, $part * 200 + 200];
    $client->addTask('Sum', json_encode($range), null, "part-$part");
}
$client->runTasks();
echo 'handles: ', count(array_unique($created)), "\ntotal: $total\n";
