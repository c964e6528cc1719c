#!/usr/bin/perl
# A worker of Perl's library; the job server is named by the environment.
use strict;
use warnings;
use Gearman::Worker;

my $worker = Gearman::Worker->new(job_servers => [$ENV{BENCH_SERVER}]);
$worker->register_function(noop   => sub { "" });
$worker->register_function(answer => sub { $_[0]->arg });
$worker->work while 1;
