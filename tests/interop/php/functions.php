<?php
// What the workers of worker.php can do: name => function of a job.

return [
    'reverse' => fn (GearmanJob $job) => strrev($job->workload()),

    'title' => fn (GearmanJob $job) => ucwords(strtolower($job->workload())),

    'same' => fn (GearmanJob $job) => $job->workload(),

    'größe' => fn (GearmanJob $job) => strlen($job->workload()) . ' Bytes für ' . $job->workload(),

    'nap' => function (GearmanJob $job) {
        sleep(1);
        return 'rested after ' . $job->workload();
    },

    'Sum' => function (GearmanJob $job) {
        [$from, $to] = json_decode($job->workload());
        return array_sum(range($from, $to));
    },

    'mail' => function (GearmanJob $job) {
        $mail = json_decode($job->workload(), true);
        $letter = "To: $mail[to]\nSubject: $mail[subject]\n\n$mail[body]\n";
        file_put_contents($mail['outbox'] . '.part', $letter);
        rename($mail['outbox'] . '.part', $mail['outbox']);
    },

    'steps' => function (GearmanJob $job) {
        $steps = (int) $job->workload();
        for ($step = 1; $step <= $steps; $step++) {
            $job->sendStatus($step, $steps);
        }
        return "$steps steps";
    },

    // Stops at three tenths until the file named by the workload exists.
    'import' => function (GearmanJob $job) {
        $job->sendStatus(3, 10);
        wait_for_file($job->workload());
        $job->sendStatus(10, 10);
    },

    'stream' => function (GearmanJob $job) {
        foreach (explode(' ', $job->workload()) as $word) {
            $job->sendData("<$word>");
        }
        $job->sendWarning('no more words');
        return '.';
    },

    'raise' => function (GearmanJob $job) {
        $job->sendException('cannot read ' . $job->workload());
    },

    'throw' => function (GearmanJob $job) {
        throw new RuntimeException('out of ' . $job->workload());
    },

    'refuse' => function (GearmanJob $job) {
        $job->sendFail();
    },

    'give_up' => function (GearmanJob $job) {
        $job->setReturn(GEARMAN_WORK_FAIL);
    },

    'record' => function (GearmanJob $job) {
        [$file, $text] = explode(' ', $job->workload(), 2);
        file_put_contents($file, "$text\n", FILE_APPEND);
        return "recorded $text";
    },

    // Its first worker dies in the middle, as one does that runs out of memory.
    'die_once' => function (GearmanJob $job) {
        if (@mkdir($job->workload())) {
            posix_kill(posix_getpid(), SIGKILL);
        }
        return 'done by the second worker';
    },

    // Its first worker hangs until a second one has finished the job.
    'hang_once' => function (GearmanJob $job) {
        if (@mkdir($job->workload())) {
            wait_for_file($job->workload() . '/finished');
            return 'done too late';
        }
        return 'done by the second worker';
    },

    'nothing' => fn () => null,

    'names' => fn (GearmanJob $job) => json_encode([
        'function' => $job->functionName(),
        'unique' => $job->unique(),
        'handle' => $job->handle(),
        'workload' => $job->workload(),
    ]),
];

function wait_for_file(string $path): void
{
    while (!file_exists($path)) {
        usleep(10_000);
        clearstatcache();
    }
}
