"""The tables of the text protocol."""

from __future__ import annotations

from proof.differential.cast import worker
from proof.differential.player import Player
from proof.differential.registry import scenario
from proof.differential.wire import PacketType as Type

TABLES = ("status", "prioritystatus", "workers", "show jobs", "show unique jobs")


@scenario()
def tables_of_an_empty_server(play: Player) -> None:
    admin = play.connect("admin")
    for command in TABLES:
        admin.text(command)
        admin.text(command, ending="\r\n")
        admin.text(command.upper())
        admin.text(command.title(), ending="\r\n")


@scenario()
def tables_of_a_busy_server(play: Player) -> None:
    admin = play.connect("admin")
    client = play.connect("client")
    client.send(Type.SUBMIT_JOB, b"f", b"one", b"work")
    client.send(Type.SUBMIT_JOB_HIGH, b"f", b"two", b"work")
    client.send(Type.SUBMIT_JOB_HIGH_BG, b"f", b"three", b"work")
    client.send(Type.SUBMIT_JOB_LOW_BG, b"f", b"four", b"work")
    client.send(Type.SUBMIT_JOB_BG, b"g", b"-", b"work")
    client.send(Type.SUBMIT_JOB_BG, b"g", b"", b"work")
    client.send(Type.SUBMIT_JOB_EPOCH, b"h", b"future", b"4000000000", b"work")
    client.send(Type.SUBMIT_REDUCE_JOB, b"h", b"reduce", b"r", b"", b"work")
    one = worker(play, b"g", name="one")
    one.send(Type.SET_CLIENT_ID, b"worker-one")
    one.send(Type.GRAB_JOB)
    one.send(Type.CAN_DO, b"f")
    two = worker(play, b"h", name="two")
    two.send(Type.GRAB_JOB)
    for command in TABLES:
        admin.text(command)


@scenario()
def tables_with_odd_names(play: Player) -> None:
    odd = worker(play, b"with space", b"per:iod.-_/", b"\xc3\xa4\xc3\xb6", b"UPPER")
    odd.send(Type.SUBMIT_JOB_BG, b"with space", b"unique with space", b"work")
    odd.send(Type.SUBMIT_JOB_BG, b"f" * 300, b"\xff\xfe", b"work")
    for command in TABLES:
        odd.text(command)


@scenario()
def commands_with_more_words(play: Player) -> None:
    admin = play.connect("admin")
    admin.send(Type.SUBMIT_JOB_BG, b"f", b"u", b"work")
    for command in ("status", "prioritystatus", "workers", "verbose", "getpid"):
        admin.text(f"{command} extra")
        admin.text(f"{command} a b c")
    admin.text("version a b c")
    admin.text("show jobs x")
    admin.text("show unique jobs x")
    admin.text("show unique")
    admin.text("show foo")
    admin.text("show foo bar")
    admin.text("show")
