"""GET_STATUS and GET_STATUS_UNIQUE."""

from __future__ import annotations

from proof.differential.cast import worker
from proof.differential.player import Player
from proof.differential.registry import differs, scenario
from proof.differential.wire import PacketType as Type


@scenario()
def status_over_a_life(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    client.send(Type.GET_STATUS, play.handle(1))
    client.send(Type.GET_STATUS_UNIQUE, b"u")
    grabber = worker(play, b"f")
    grabber.send(Type.GRAB_JOB)
    client.send(Type.GET_STATUS, play.handle(1))
    client.send(Type.GET_STATUS_UNIQUE, b"u")
    grabber.send(Type.WORK_STATUS, play.handle(1), b"3", b"7")
    client.send(Type.GET_STATUS, play.handle(1))
    client.send(Type.GET_STATUS_UNIQUE, b"u")
    grabber.send(Type.WORK_COMPLETE, play.handle(1), b"result")
    client.send(Type.GET_STATUS, play.handle(1))
    client.send(Type.GET_STATUS_UNIQUE, b"u")


@scenario()
def status_of_unknown_jobs(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.GET_STATUS, b"H:x:99")
    client.send(Type.GET_STATUS, b"")
    client.send(Type.GET_STATUS, b"anything at all")
    client.send(Type.GET_STATUS, b"h" * 63)
    client.send(Type.GET_STATUS_UNIQUE, b"nobody")
    client.send(Type.GET_STATUS_UNIQUE, b"")
    client.send(Type.GET_STATUS_UNIQUE, b"u" * 63)


@scenario()
def status_by_unique_counts_clients(play: Player) -> None:
    one = play.connect("one")
    two = play.connect("two")
    one.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    one.send(Type.GET_STATUS_UNIQUE, b"u")
    one.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    one.send(Type.GET_STATUS_UNIQUE, b"u")
    two.send(Type.SUBMIT_JOB, b"f", b"u", b"work")
    one.send(Type.GET_STATUS_UNIQUE, b"u")
    two.close()
    one.send(Type.GET_STATUS_UNIQUE, b"u")


@scenario()
def status_by_dash_or_empty_unique_is_unknown(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"work")
    client.send(Type.SUBMIT_JOB, b"f", b"", b"work")
    client.send(Type.GET_STATUS_UNIQUE, b"-")
    client.send(Type.GET_STATUS_UNIQUE, b"")


@scenario()
def status_by_dash_key(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"-", b"work")
    client.send(Type.GET_STATUS_UNIQUE, b"work")


@differs(
    "long-handle",
    gearmand=[
        "client < CLOSED",
    ],
    geartrain=[
        "client < STATUS_RES "
        "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh|0|0|0|0",
    ],
)
def status_of_a_long_handle(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.GET_STATUS, b"h" * 64)


@differs(
    "long-handle",
    gearmand=[
        "client < CLOSED",
    ],
    geartrain=[
        "client < STATUS_RES_UNIQUE "
        "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu|0|0|0|0|0",
    ],
)
def status_of_a_long_unique(play: Player) -> None:
    client = play.connect("client")
    client.send(Type.GET_STATUS_UNIQUE, b"u" * 64)
