#!/usr/bin/perl
# Reverse a word over TLS: this process asks, a child of it works.
use strict;
use warnings;
use Gearman::Client;
use Gearman::Worker;

my ($port, $ca, $cert, $key) = @ARGV;
my $server = {
    host      => "localhost",
    port      => $port,
    use_ssl   => 1,
    ca_file   => $ca,
    cert_file => $cert,
    key_file  => $key,
};

my $child = fork // die "fork: $!";
if (!$child) {
    my $worker = Gearman::Worker->new(job_servers => [$server]);
    $worker->register_function(reverse => sub { scalar reverse $_[0]->arg });
    my $done = 0;
    $worker->work(stop_if => sub { $done }, on_complete => sub { $done = 1 });
    exit 0;
}

my $client = Gearman::Client->new(job_servers => [$server]);
my $result = $client->do_task("reverse", "hello", { timeout => 10 });
print $$result, "\n";
kill "TERM", $child;
waitpid $child, 0;
