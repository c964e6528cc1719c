#!/usr/bin/perl
# A job that may fail twice before it has to succeed: retry.pl HOST:PORT COUNT-FILE
use strict;
use warnings;
use Gearman::Client;

my ($server, $file) = @ARGV;
my $client = Gearman::Client->new(job_servers => [$server]);
my $result = $client->do_task(
    'flaky',
    "$file 3",
    {   retry_count => 2,
        on_retry    => sub { print "retry $_[0]\n" },
        on_fail     => sub { print "failed for good\n" },
    }
);
print $result ? "$$result\n" : "nothing\n";
