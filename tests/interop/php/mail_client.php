<?php
// A mail handed over in the background: php mail_client.php SERVERS OUTBOX

$client = new GearmanClient();
$client->addServers($argv[1]);
$handle = $client->doBackground('mail', json_encode([
    'to' => 'someone@example.com',
    'subject' => 'Your order',
    'body' => 'is on its way, köszönöm',
    'outbox' => $argv[2],
]));
echo $client->returnCode() == GEARMAN_SUCCESS ? $handle : $client->error();
