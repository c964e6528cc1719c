"""Reduce jobs under the three ways to grab."""

from __future__ import annotations

from proof.differential.cast import worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def reduce_jobs_by_every_grab(play: Player) -> None:
    client = play.connect("client")
    for kind in (Type.SUBMIT_REDUCE_JOB, Type.SUBMIT_REDUCE_JOB_BACKGROUND):
        for number in range(3):
            client.send(kind, b"f", b"%d-%d" % (kind, number), b"reducer", b"", b"work")
    grabber = worker(play, b"f")
    for _ in range(2):
        grabber.send(Type.GRAB_JOB)
        grabber.send(Type.GRAB_JOB_UNIQ)
        grabber.send(Type.GRAB_JOB_ALL)
    for number in range(1, 7):
        grabber.send(Type.WORK_COMPLETE, play.handle(number), b"result")


@scenario()
def reduce_with_an_aggregator(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"u", b"reducer", b"aggregator", b"work")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"v", b"reducer", b"", b"a", b"b", b"")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_ALL)
    grabber.send(Type.GRAB_JOB_ALL)


@scenario()
def reduce_without_reducer(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"u", b"", b"", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_ALL)


@scenario()
def reduce_shares_like_every_job(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"u", b"reducer", b"", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"u", b"other", b"", b"work")
    client.send(Type.SUBMIT_REDUCE_JOB_BACKGROUND, b"f", b"u", b"third", b"", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_ALL)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario()
def reducer_of_64_bytes(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"u", b"r" * 64, b"", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_ALL)


@differs(
    "reduce-unique-checked",
    gearmand=[
        "client < JOB_CREATED H#1",
        'client < "f\\t1\\t0\\t0\\n.\\n"',
    ],
    geartrain=[
        "client < ERROR ARGUMENT_TOO_LARGE|Unique value too large",
        'client < ".\\n"',
    ],
)
def reduce_with_a_large_unique(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_REDUCE_JOB, b"f", b"u" * 65, b"reducer", b"", b"work")
    client.text("status")


@scenario()
def other_jobs_by_grab_job_all(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"", b"work")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"-", b"work")
    grabber = worker(play, b"f")
    for _ in range(4):
        grabber.send(Type.GRAB_JOB_ALL)
