"""Sleeping workers and what wakes them."""

from __future__ import annotations

from proof.differential.cast import sleeper, worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def sleep_with_work_ready(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_LOW_BG, b"f", b"", b"work")
    grabber = sleeper(play, b"f")
    grabber.send(Type.PRE_SLEEP)
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.PRE_SLEEP)


@scenario()
def a_sleeper_is_woken_once(play: Player) -> None:
    client = play.connect("client")
    grabber = sleeper(play, b"f")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    client.send(Type.SUBMIT_JOB_HIGH_BG, b"f", b"", b"work")
    for _ in range(4):
        grabber.send(Type.GRAB_JOB)
    grabber.send(Type.PRE_SLEEP)
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@scenario()
def a_waking_worker_is_not_woken(play: Player) -> None:
    client = play.connect("client")
    worker(play, b"f")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@scenario()
def a_grab_ends_the_sleep(play: Player) -> None:
    client = play.connect("client")
    grabber = sleeper(play, b"f")
    grabber.send(Type.GRAB_JOB)
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@scenario()
def sleepers_of_other_functions_sleep_on(play: Player) -> None:
    client = play.connect("client")
    sleeper(play, b"g", name="other")
    sleeper(play, b"g", b"f", name="able")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@differs(
    "exact-wake-ups",
    gearmand=[
        "client < JOB_CREATED H#1",
        "worker 0 < NOOP",
        "worker 1 < NOOP",
        "worker 2 < NOOP",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "worker 2 < NOOP",
    ],
)
def one_job_and_three_sleepers(play: Player) -> None:
    client = play.connect("client")
    for number in range(3):
        sleeper(play, b"f", name=f"worker {number}")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@differs(
    "exact-wake-ups",
    gearmand=[
        "client < JOB_CREATED H#1",
        "first < NOOP",
        "second < NOOP",
        "first (nothing)",
        "first < JOB_ASSIGN H#1|f|work",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "second < NOOP",
        "first < NOOP",
        "first < JOB_ASSIGN H#1|f|work",
    ],
)
def a_woken_worker_that_does_not_come(play: Player) -> None:
    client = play.connect("client")
    first = sleeper(play, b"f", name="first")
    sleeper(play, b"f", name="second")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    first.listen(1)
    first.send(Type.GRAB_JOB)


@differs(
    "exact-wake-ups",
    gearmand=[
        "client < JOB_CREATED H#1",
        "first < NOOP",
        "second < NOOP",
        "first < JOB_ASSIGN H#1|f|work",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "second < NOOP",
        "first < NOOP",
        "first < JOB_ASSIGN H#1|f|work",
    ],
)
def a_woken_worker_that_hangs_up(play: Player) -> None:
    client = play.connect("client")
    first = sleeper(play, b"f", name="first")
    second = sleeper(play, b"f", name="second")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    second.close()
    first.send(Type.GRAB_JOB)


@differs(
    "exact-wake-ups",
    gearmand=[
        "client < JOB_CREATED H#1",
        "first < NOOP",
        "second < JOB_ASSIGN H#1|f|work",
        "client < JOB_CREATED H#2",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "first < NOOP",
        "second < JOB_ASSIGN H#1|f|work",
        "client < JOB_CREATED H#2",
        "first < NOOP",
    ],
)
def a_woken_worker_that_sleeps_again(play: Player) -> None:
    client = play.connect("client")
    first = sleeper(play, b"f", name="first")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    second = worker(play, b"f", name="second")
    second.send(Type.GRAB_JOB)
    first.send(Type.PRE_SLEEP)
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")


@scenario()
def sleeping_again_with_work_still_ready(play: Player) -> None:
    client = play.connect("client")
    grabber = sleeper(play, b"f")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    grabber.send(Type.PRE_SLEEP)


@scenario()
def other_packets_do_not_end_the_sleep(play: Player) -> None:
    client = play.connect("client")
    grabber = sleeper(play, b"f")
    grabber.send(Type.ECHO_REQ, b"hello")
    grabber.send(Type.SET_CLIENT_ID, b"id")
    grabber.send(Type.OPTION_REQ, b"exceptions")
    grabber.send(Type.GET_STATUS, b"H:x:1")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
