<?php
// Jobs waited for one by one: php client.php result JOBS

const WARM_UP = 20;

function processorSeconds(): float
{
    $used = getrusage();
    return $used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec']
        + ($used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']) / 1e6;
}

$client = new GearmanClient();
$client->addServers(getenv('BENCH_SERVER'));
$workload = str_repeat('x', 64);
$jobs = (int)$argv[2];

function call(GearmanClient $client, string $workload): void
{
    if ($client->doNormal('answer', $workload) !== $workload) {
        fwrite(STDERR, "a job did not answer its workload: {$client->error()}\n");
        exit(1);
    }
}

for ($i = 0; $i < WARM_UP; $i++) {
    call($client, $workload);
}
$times = [];
$cpu = processorSeconds();
$wall = hrtime(true);
for ($i = 0; $i < $jobs; $i++) {
    $began = hrtime(true);
    call($client, $workload);
    $times[] = hrtime(true) - $began;
}
$wall = hrtime(true) - $wall;
$cpu = processorSeconds() - $cpu;
sort($times);
echo json_encode([
    'jobs' => $jobs,
    'wall' => $wall / 1e9,
    'cpu' => $cpu,
    'p50' => $times[intdiv($jobs, 2)] / 1e3,
]), "\n";
