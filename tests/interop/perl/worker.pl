#!/usr/bin/perl
# A worker: worker.pl HOST:PORT [PREFIX]
use strict;
use warnings;
use Gearman::Worker;

my ($server, $prefix) = @ARGV;
my $worker = Gearman::Worker->new(
    job_servers => [$server],
    client_id   => 'perl-worker',
    $prefix ? (prefix => $prefix) : (),
);

$| = 1;

$worker->register_function(reverse => sub { scalar reverse $_[0]->arg });
$worker->register_function(empty   => sub { "" });
$worker->register_function(zero    => sub { "0" });
$worker->register_function(fails   => sub { undef });
$worker->register_function(dies    => sub { die "no such thing\n" });

$worker->register_function(
    steps => sub {
        my $job = shift;
        $job->set_status($_, 3) for 1 .. 3;
        return "done";
    }
);
$worker->register_function(
    stream => sub {
        my $job = shift;
        $worker->send_work_data($job, $_) for split / /, $job->arg;
        $worker->send_work_warning($job, "no more words");
        return "end";
    }
);
$worker->register_function(
    raises => sub { $worker->send_work_exception($_[0], "no such thing") });
$worker->register_function(
    record => sub {
        my ($file, $text) = split / /, $_[0]->arg, 2;
        open(my $out, '>>', $file) or die "$file: $!";
        print {$out} "$text\n";
        close $out;
        return "recorded $text";
    }
);

# Fails until it has been tried often enough: the file counts.
$worker->register_function(
    flaky => sub {
        my ($file, $good_from) = split / /, $_[0]->arg;
        my $tries = (-s $file // 0) + 1;
        open(my $out, '>>', $file) or die "$file: $!";
        print {$out} ".";
        close $out;
        return $tries >= $good_from ? "try $tries" : undef;
    }
);

# With a time limit, in milliseconds; the first worker to get the job hangs.
$worker->register_function(
    hangs_once => 1000 => sub {
        my $marker = $_[0]->arg;
        sleep 30 if mkdir $marker;
        return "done by the second worker";
    }
);

# Says when to leave: after the job that asks for it.
my $leaving = 0;
$worker->register_function(leave => sub { $leaving = 1; "bye" });
$worker->register_function(
    forget => sub { $worker->unregister_function($_[0]->arg); "forgot" });

$worker->work(
    on_start    => sub { print "start $_[0]\n" },
    on_complete => sub { print "complete $_[0] $_[1]\n" },
    on_fail     => sub { print "fail $_[0]\n" },
    stop_if     => sub { $leaving },
);
