<?php
// The functions in place of the classes, and a server named by GEARMAN_SERVERS.

$client = gearman_client_create();
echo gearman_client_do_normal($client, 'reverse', 'procedural'), "\n";
echo gearman_client_return_code($client), "\n";
