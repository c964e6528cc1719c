#!/usr/bin/perl
# Jobs left behind, and their status until they are done:
# background.pl HOST:PORT RECORD-FILE
use strict;
use warnings;
use Gearman::Client;
use Gearman::Task;
use Time::HiRes 'sleep';

my ($server, $file) = @ARGV;
my $client = Gearman::Client->new(job_servers => [$server]);
my @handles;
for my $priority (qw/low normal high/) {
    my $task = Gearman::Task->new(
        record => \"$file $priority",
        { uniq => "the $priority one", priority => $priority }
    );
    push @handles, $client->dispatch_background($task);
}
push @handles,
    $client->dispatch_background('record', "$file again", { uniq => 'the low one' });

print "same: ", ($handles[0] eq $handles[3] ? 'yes' : 'no'), "\n";
for my $handle (@handles[0 .. 2]) {
    my $status = $client->get_status($handle);
    print 'known ', $status->known, ' running ', $status->running, "\n";
}
print "submitted\n";
STDOUT->flush;
for my $handle (@handles) {
    sleep 0.01 while $client->get_status($handle)->known;
}
print "done\n";
