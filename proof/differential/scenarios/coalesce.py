"""One job for submits with the same function and unique."""

from __future__ import annotations

from proof.differential.cast import sleeper, worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def same_unique_shares_the_job(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"first workload")
    two.send(Type.SUBMIT_JOB_HIGH, b"f", b"u", b"second workload")
    one.text("status")
    one.text("prioritystatus")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_UNIQ)
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_WARNING, play.handle(1), b"warning")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"3", b"4")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"third workload")


@scenario()
def same_unique_joins_a_running_job(play: Player) -> None:
    one = play.connect("one")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    two = play.connect("two")
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    two.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    grabber.send(Type.WORK_FAIL, play.handle(1))


@scenario()
def same_unique_does_not_wake(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    sleeper(play, b"f", name="sleeper")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.SUBMIT_JOB_EPOCH, b"f", b"u", b"0", b"work")


@scenario()
def same_unique_on_other_functions(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.SUBMIT_JOB, b"g", b"u", b"work")
    client.send(Type.SUBMIT_JOB, b"F", b"u", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"U", b"work")
    client.text("status")


@scenario()
def empty_unique_never_shares(play: Player) -> None:
    client = play.connect("client")
    for _ in range(3):
        client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    client.send(Type.SUBMIT_JOB_BG, b"f", b"", b"work")
    client.text("status")
    client.text("show unique jobs")


@scenario()
def dash_unique_is_the_workload(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"other work")
    client.send(Type.SUBMIT_JOB, b"g", b"-", b"work")
    client.text("show unique jobs")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_UNIQ)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"work")


@scenario()
def dash_unique_without_workload_never_shares(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"")
    client.text("show unique jobs")


@scenario()
def background_after_foreground(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    two.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario()
def foreground_after_background(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario()
def one_client_twice(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.GET_STATUS_UNIQUE, b"u")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    grabber.send(Type.WORK_DATA, play.handle(1), b"data")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"1", b"2")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")


@scenario()
def unique_of_63_bytes(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u" * 63, b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"u" * 63, b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_UNIQ)


@differs(
    "unique-of-64-bytes",
    gearmand=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#2",
        "worker < JOB_ASSIGN_UNIQ "
        "H#1|f|uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu||work",
    ],
    geartrain=[
        "client < JOB_CREATED H#1",
        "client < JOB_CREATED H#1",
        "worker < JOB_ASSIGN_UNIQ "
        "H#1|f|uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu|work",
    ],
)
def unique_of_64_bytes(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u" * 64, b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"u" * 64, b"work")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB_UNIQ)
