<?php
// A worker without callbacks: it fetches one job itself.

$worker = new GearmanWorker();
$worker->addServers($argv[1]);
$worker->register('by_hand');
$job = $worker->grabJob();
$job->sendStatus(1, 2);
$job->sendComplete(strtoupper($job->workload()));
