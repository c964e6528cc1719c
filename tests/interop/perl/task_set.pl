#!/usr/bin/perl
# Tasks side by side with every callback: task_set.pl HOST:PORT FUNCTION...
# A function is given its workload as FUNCTION=WORKLOAD.
use strict;
use warnings;
use Gearman::Client;

my ($server, @tasks) = @ARGV;
my $client = Gearman::Client->new(job_servers => [$server], exceptions => 1);
my $set    = $client->new_task_set;
for (@tasks) {
    my ($function, $workload) = split /=/, $_, 2;
    my $tell = sub {
        my $what = shift;
        sub { print join(' ', $function, $what, map { ref $_ ? $$_ : $_ // () } @_), "\n" };
    };
    $set->add_task(
        $function,
        $workload // 'x',
        {   map { ("on_$_" => $tell->($_)) }
                qw/complete data fail exception warning status retry/,
        }
    );
}
$set->wait(timeout => 20);
