<?php
// A client of several servers, some of which may be down:
// php two_servers_client.php HOST:PORT,HOST:PORT WORKLOAD

$client = new GearmanClient();
foreach (explode(',', $argv[1]) as $server) {
    [$host, $port] = explode(':', $server);
    try {
        $client->addServer($host, (int) $port);
    } catch (GearmanException) {
        // addServer() connects at once; the server stays in the list.
    }
}
echo $client->doNormal('reverse', $argv[2]);
