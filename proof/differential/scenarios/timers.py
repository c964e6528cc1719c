"""Jobs and abilities with a time: EPOCH, SCHED, CAN_DO_TIMEOUT."""

from __future__ import annotations

import time

from proof.differential.cast import sleeper, tables, worker
from proof.differential.player import Player
from proof.differential.registry import Flags, differs, scenario
from proof.differential.wire import PacketType as Type


def _in_seconds(seconds: float) -> bytes:
    return b"%d" % int(time.time() + seconds)


@scenario()
def future_job_is_counted_and_not_run(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"u", b"4000000000", b"work")
    tables(client)
    client.send(Type.GET_STATUS, play.handle(1))
    client.send(Type.GET_STATUS_UNIQUE, b"u")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.PRE_SLEEP)
    client.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"joins")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"v", b"behind")
    grabber.send(Type.GRAB_JOB)


@differs(
    "epoch-on-time",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < NO_JOB",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#2|f|low",
    ],
)
def future_job_before_low_jobs(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", b"4000000000", b"future")
    client.send(Type.SUBMIT_JOB_LOW_BG, b"f", b"", b"low")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)


@differs(
    "epoch-on-time",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < NOOP",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
    ],
)
def future_job_and_sleepers(play: Player) -> None:
    client = play.connect("client")
    sleeper(play, b"f")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", b"4000000000", b"work")


@differs(
    "epoch-on-time",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker (nothing)",
        "worker < JOB_ASSIGN H#1|f|work",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < NOOP",
        "worker < JOB_ASSIGN H#1|f|work",
    ],
)
def future_job_wakes_when_it_is_due(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", _in_seconds(1.4), b"work")
    grabber = sleeper(play, b"f")
    grabber.wait_for(Type.NOOP, 1.6)
    grabber.send(Type.GRAB_JOB)


@scenario()
def epochs_that_mean_now(play: Player) -> None:
    client = play.connect("client")
    for when in (b"0", b"1", b"-5", b"1000000000", b"1.5", b""):
        client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", when, b"when " + when)
    grabber = worker(play, b"f")
    for _ in range(7):
        grabber.send(Type.GRAB_JOB)


@differs(
    "epoch-checked",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "client < JOB_CREATED H#3",
        "client < JOB_CREATED H#4",
        "client < JOB_CREATED H#5",
        'client < "f\\t5\\t0\\t0\\n.\\n"',
    ],
    geartrain=[
        "client < ERROR INVALID_ARGUMENT|The epoch is a number of seconds since "
        "1970, up to the year 9999",
        "client < ERROR INVALID_ARGUMENT|The epoch is a number of seconds since "
        "1970, up to the year 9999",
        "client < ERROR INVALID_ARGUMENT|The epoch is a number of seconds since "
        "1970, up to the year 9999",
        "client < ERROR INVALID_ARGUMENT|The epoch is a number of seconds since "
        "1970, up to the year 9999",
        "client < ERROR INVALID_ARGUMENT|The epoch is a number of seconds since "
        "1970, up to the year 9999",
        'client < ".\\n"',
    ],
)
def epochs_that_are_no_number(play: Player) -> None:
    client = play.connect("client")
    for when in (b"soon", b"12x", b"1e9", b"+7", b" 8"):
        client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", when, b"work")
    client.text("status")


@differs(
    "epoch-checked",
    gearmand=[
        "client < CLOSED",
    ],
    geartrain=[
        "client < ERROR INVALID_ARGUMENT|The epoch is a number of seconds since "
        "1970, up to the year 9999",
        'client < ".\\n"',
    ],
)
def epoch_overflow(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", b"9" * 30, b"work")
    client.text("status")


@differs(
    "epoch-delay",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#1|f|passed, with a delay",
        "worker < NO_JOB",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#2|f|to come, without one",
        "worker < NO_JOB",
    ],
)
def epoch_with_a_delay(play: Player) -> None:
    client, worker = play.connect("client"), play.connect("worker")
    for epoch, workload in (
        (b"86400.5+3600", b"passed, with a delay"),
        (b"9000000000+0.0", b"to come, without one"),
    ):
        client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"", epoch, workload)
    worker.send(Type.CAN_DO, b"f")
    worker.send(Type.GRAB_JOB)
    worker.send(Type.GRAB_JOB)


@differs(
    "sched-works",
    gearmand=[
        "client < ERROR INVALID_COMMAND|Command not expected",
        'client < "ERR UNKNOWN_SHOW_ARGUMENTS\\r\\n"',
        'client < ".\\n"',
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        'client < "H#1\\tf\\tu\\t0 3 1 1 *\\tDUE\\n.\\n"',
        'client < "f\\t0\\t0\\t0\\n.\\n"',
    ],
)
def sched(play: Player) -> None:
    client = play.connect("client")
    fields = (b"0", b"3", b"1", b"1", b"")
    client.send(Type.SUBMIT_JOB_SCHED, b"f", b"u", *fields, b"happy new year")
    client.text("show schedules")
    client.text("status")


@scenario()
def timeout_gives_the_job_back(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    spare = sleeper(play, b"g", name="spare")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO_TIMEOUT, b"f", b"1")
    grabber.send(Type.GRAB_JOB)
    spare.send(Type.CAN_DO, b"f")
    spare.wait_for(Type.NOOP, 3)
    client.text("show jobs")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"late")
    spare.send(Type.GRAB_JOB)
    spare.send(Type.WORK_COMPLETE, play.handle(1), b"in time")


@differs(
    "timeout-per-job",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_COMPLETE H#1|result",
        "worker (nothing)",
        'client < "f\\t0\\t4294967295\\t1\\n.\\n"',
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|f|work",
        "client < WORK_COMPLETE H#1|result",
        "worker (nothing)",
        'client < "f\\t0\\t0\\t1\\n.\\n"',
    ],
)
def timeout_after_completion(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO_TIMEOUT, b"f", b"1000")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    grabber.quiet(1.3)
    client.text("status")


@differs(
    "timeout-per-job",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#1|f|work",
        "worker < JOB_ASSIGN H#2|f|work",
        "worker (nothing)",
        'client < "f\\t2\\t1\\t1\\n.\\n"',
        'client < "f\\t0\\t1\\t0\\t1\\n.\\n"',
        'client < "H#1\\t1\\t0\\t0\\nH#2\\t0\\t0\\t0\\n.\\n"',
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN H#1|f|work",
        "worker < JOB_ASSIGN H#2|f|work",
        "worker (nothing)",
        'client < "f\\t2\\t0\\t1\\n.\\n"',
        'client < "f\\t0\\t2\\t0\\t1\\n.\\n"',
        'client < "H#1\\t1\\t0\\t0\\nH#2\\t1\\t0\\t0\\n.\\n"',
    ],
)
def timeout_of_two_jobs(play: Player) -> None:
    client = play.connect("client")
    for unique in (b"one", b"two"):
        client.send(Type.SUBMIT_JOB, b"f", unique, b"work")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO_TIMEOUT, b"f", b"1000")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.GRAB_JOB)
    grabber.quiet(1.4)
    tables(client)


@differs(
    "idle-function-forgotten",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|big.chunks.0123456789abcdef|work",
        "worker (nothing)",
        'client < "big.chunks.0123456789abcdef\\t0\\t0\\t0\\n.\\n"',
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN H#1|big.chunks.0123456789abcdef|work",
        "worker (nothing)",
        'client < ".\\n"',
    ],
)
def chunks_are_done(play: Player) -> None:
    client, worker = play.connect("client"), play.connect("worker")
    name = b"big.chunks.0123456789abcdef"
    client.send(Type.SUBMIT_JOB_BG, name, b"id.0", b"work")
    worker.send(Type.CAN_DO, name)
    worker.send(Type.GRAB_JOB)
    worker.send(Type.WORK_COMPLETE, play.handle(1), b"")
    worker.send(Type.CANT_DO, name)
    worker.quiet(1.0)
    client.text("status")


@scenario()
def sleep_ends_the_timeout(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO_TIMEOUT, b"f", b"1000")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.PRE_SLEEP)
    grabber.quiet(1.4)
    tables(client)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"slept")


@scenario(Flags(gearmand=("-j", "1"), geartrain=("--job-retries", "1")))
def timeout_without_retries(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = play.connect("worker")
    grabber.send(Type.CAN_DO_TIMEOUT, b"f", b"999")
    grabber.send(Type.GRAB_JOB)
    client.wait_for(Type.WORK_FAIL, 3)
    tables(client)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"late")
