#!/usr/bin/perl
# One job waited for, its workload from standard input:
# do_task.pl HOST:PORT FUNCTION [OPTION VALUE]... <workload
use strict;
use warnings;
use Gearman::Client;

my ($server, $function, %options) = @ARGV;
my $client = Gearman::Client->new(job_servers => [split /,/, $server]);
my $workload = do { local $/; <STDIN> };
my $result   = $client->do_task($function, \$workload, \%options);
print defined $result ? "result: $$result" : "failed";
