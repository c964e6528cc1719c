#!/usr/bin/perl
# The workers of one application among several: prefix.pl HOST:PORT PREFIX
use strict;
use warnings;
use Gearman::Client;

my $client = Gearman::Client->new(job_servers => [$ARGV[0]], prefix => $ARGV[1]);
print ${ $client->do_task('reverse', 'ours') };
