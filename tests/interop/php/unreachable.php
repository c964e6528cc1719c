<?php
// addServer() connects at once: php unreachable.php HOST PORT

foreach ([new GearmanClient(), new GearmanWorker()] as $end) {
    try {
        $end->addServer($argv[1], (int) $argv[2]);
        echo "added\n";
    } catch (GearmanException $exception) {
        echo $exception->getMessage(), "\n";
    }
}
