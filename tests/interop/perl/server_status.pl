#!/usr/bin/perl
# What the job server says of its functions: server_status.pl HOST:PORT FUNCTION
use strict;
use warnings;
use Gearman::Client;

my ($server, $function) = @ARGV;
my $client = Gearman::Client->new(job_servers => [$server]);
my $row = $client->get_job_server_status->{$server}->{$function};
print "$_ $row->{$_}\n" for sort keys %$row;
