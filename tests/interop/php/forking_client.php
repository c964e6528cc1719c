<?php
// Parent and children of a fork submit jobs: php forking_client.php 127.0.0.1:4730
// Prints how many answers were wrong, for each process.

$inherited = new GearmanClient();
$inherited->addServers($argv[1]);
$inherited->setTimeout(10000);
$inherited->doNormal('reverse', 'abc');

function wrong(GearmanClient $client): int
{
    $wrong = 0;
    for ($number = 0; $number < 30; $number++) {
        $text = getmypid() . "-$number";
        $wrong += $client->doNormal('reverse', $text) !== strrev($text);
    }
    return $wrong;
}

$children = [];
for ($number = 0; $number < 3; $number++) {
    $child = pcntl_fork();
    if ($child === 0) {
        $client = new GearmanClient();
        $client->addServers($argv[1]);
        $client->setTimeout(10000);
        echo "child: " . wrong($client) . "\n";
        // An exit would free the inherited client, and end the parent's connection.
        posix_kill(getmypid(), SIGKILL);
    }
    $children[] = $child;
}
foreach ($children as $child) {
    pcntl_waitpid($child, $status);
}
echo "parent: " . wrong($inherited) . "\n";
