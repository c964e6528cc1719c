#!/usr/bin/perl
# Five tasks of one unique in one set are one job: same_unique.pl HOST:PORT RECORD-FILE
use strict;
use warnings;
use Gearman::Client;

my ($server, $file) = @ARGV;
my $client = Gearman::Client->new(job_servers => [$server]);
my $set    = $client->new_task_set;
$set->add_task('record', "$file run",
    { uniq => $ARGV[2], on_complete => sub { print "${$_[0]}\n" } })
    for 1 .. 5;
print "added\n";
STDOUT->flush;
$set->wait;
