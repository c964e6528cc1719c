<?php
/* Count the requests in ranges of web server logs: a mapper for count_requests.py.

   Run the one that splits:   geartrain worker count_requests:splitter
   Run those that count:      php count_requests.php
   Count:                     php count_requests.php /var/log/nginx/*.log
*/

$servers = getenv('GEARMAN_SERVERS') ?: '127.0.0.1:4730';

if ($argc > 1) {
    $client = new GearmanClient();
    // libgearman takes GEARMAN_SERVERS by itself, too: without the false it may hang,
    // as any of its clients with two open connections may (docs/cluster.md).
    $client->addServers($servers, false);
    $total = $client->doNormal('requests', implode("\n", array_slice($argv, 1)));
    if ($client->returnCode() !== GEARMAN_SUCCESS) {
        exit($client->error() . "\n");
    }
    foreach (json_decode($total, true) as $path => $requests) {
        echo "$requests $path\n";
    }
    exit;
}

$worker = new GearmanWorker();
$worker->addServers($servers);
$worker->addFunction('requests-in-lines', function (GearmanJob $job) {
    [$name, $start, $length] = json_decode($job->workload());
    $found = [];
    foreach (explode("\n", file_get_contents($name, false, null, $start, $length)) as $line) {
        $fields = explode(' ', $line, 8);
        if (count($fields) === 8) {
            $found[$fields[6]] = ($found[$fields[6]] ?? 0) + 1;
        }
    }
    return json_encode((object) $found, JSON_INVALID_UTF8_SUBSTITUTE);
});
while ($worker->work());
