#!/usr/bin/perl
# A client or a worker of several servers, which come and go:
# several_servers.pl client|worker HOST:PORT,HOST:PORT FILE [NAME]
# The client submits until FILE.stop exists, and prints what it was told; the worker
# adds a line to the file for each job in the background.
use strict;
use warnings;
use Gearman::Client;
use Gearman::Worker;
use Time::HiRes 'sleep';

my ($role, $servers, $file, $name) = @ARGV;
my @servers = split /,/, $servers;
$| = 1;
# Who writes to a server that has gone is to be told, not killed.
$SIG{PIPE} = 'IGNORE';

if ($role eq 'worker') {
    my $worker = Gearman::Worker->new(job_servers => \@servers);
    $worker->register_function(reverse => sub { scalar reverse $_[0]->arg });
    $worker->register_function(
        record => sub {
            open(my $out, '>>', $file) or die "$file: $!";
            syswrite $out, $_[0]->arg . "\n";
            return "recorded";
        }
    );
    $worker->work while 1;
}

# It goes on asking over a connection that its server has closed: after an error it
# is replaced. And a job with a unique goes to one server alone, up or not.
my $client;
for (my $number = 1; !-e "$file.stop"; $number++) {
    my $key = "$name-$number";
    $client //= Gearman::Client->new(job_servers => \@servers);
    my $task = Gearman::Task->new('record', \$key);
    my $handle = eval { $client->dispatch_background($task) };
    print defined $handle ? 'kept ' : 'refused ', "$key\n";
    my $result = eval { $client->do_task('reverse', \$key) };
    my $is_right = defined $result && $$result eq scalar reverse $key;
    print $is_right ? 'answered ' : 'unanswered ', "$key\n";
    undef $client unless defined $handle && $is_right;
    sleep 0.01;
}
