#!/usr/bin/perl
# Nobody does this: the task gives up after a fifth of a second. timeout.pl HOST:PORT
use strict;
use warnings;
use Gearman::Client;

my $client = Gearman::Client->new(job_servers => [$ARGV[0]]);
my $result = $client->do_task(
    'nobody_does_this', 'x',
    { timeout => 0.2, on_fail => sub { print "$_[0]\n" } }
);
print defined $result ? "result\n" : "no result\n";
