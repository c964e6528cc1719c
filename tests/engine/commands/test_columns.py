"""Names and ids as lists of the text protocol show them."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.support.dialogue import DialoguePeer, World


@pytest.fixture
def world() -> World:
    return World()


HOSTILE = [b"a\nb", b"c\n.\nd", b".", b"\ttab", b"esc\x1b[2J", b"cr\r", b"a b", b"100%"]


@pytest.mark.parametrize("command", ["status", "prioritystatus"])
def test_every_name_leaves_the_rows_as_they_are(world: World, command: str) -> None:
    worker = world.client()
    for name in HOSTILE:
        worker.can_do(name)
    rows = world.admin().text(command).split(b"\n")
    assert rows[-2:] == [b".", b""]
    assert [row.split(b"\t")[0] for row in rows[:-2]] == [
        b"a%0Ab",
        b"c%0A.%0Ad",
        b"%2E",
        b"%09tab",
        b"esc%1B[2J",
        b"cr%0D",
        b"a b",
        b"100%",
    ]


@pytest.mark.parametrize(
    ("client_id", "shown"),
    [
        (b"a\nb", b"a%0Ab"),
        (b"with spaces\tand tab", b"with spaces%09and tab"),
        (b"x :y", b"x%20:y"),
        (b":x", b"%3Ax"),
        (b"\0", b"%00"),
    ],
)
def test_workers_shows_ids_and_abilities_in_a_line(
    world: World, client_id: bytes, shown: bytes
) -> None:
    worker = world.client()
    worker.set_client_id(client_id)
    for name in HOSTILE[:3]:
        worker.can_do(name)
    row, other, end, rest = world.admin().text("workers").split(b"\n")
    names = b"%2E c%0A.%0Ad a%0Ab"
    assert row == b"10 127.0.0.1 " + shown + b" : " + names
    assert (other, end, rest) == (b"11 127.0.0.1 - :", b".", b"")


def test_uniques_and_schedules_are_lines_whatever_they_are() -> None:
    def later(cron: str, timezone: str, after: float) -> float:
        return datetime(2030, 1, 1).timestamp()

    world = World(later)
    client = world.client()
    for unique in (b".", b"a\nb", b""):
        client.submit_job_bg(b"f", unique, b"w")
    client.submit_job_sched(b"a\tb", b"u\nv", *[b""] * 5, b"w")
    admin = world.admin()
    assert admin.text("show unique jobs") == b"%2E\na%0Ab\n\n.\n"
    row = admin.text("show schedules").split(b"\n")[0].split(b"\t")
    assert row[1:4] == [b"a%09b", b"u%0Av", b"* * * * *"]


def rows_of(admin: DialoguePeer, line: str) -> list[str]:
    admin.received.clear()
    admin.send(line.encode() + b"\n")
    return b"".join(each.arguments[0] for each in admin.received).decode().splitlines()


def test_functions_and_connections_are_told_with_all_their_bytes(world: World) -> None:
    worker = world.client()
    worker.set_client_id(b"x\n\xff")
    for name in (b"f\0g\n\xfe", b"g"):
        worker.can_do(name)
    world.client().submit_job_high(b"g", b"", b"w")
    worker.grab_job()
    admin = world.admin()
    functions = [json.loads(row) for row in rows_of(admin, "show functions")[:-1]]
    assert functions[0]["function"] == "f\0g\n\udcfe"
    assert functions[1] == {
        "function": "g",
        "high": 0,
        "normal": 0,
        "low": 0,
        "running": 1,
        "workers": 1,
        "total": 1,
        "dead": 0,
        "oldest": None,
        "held": 0,
        "next": None,
        "flow_keys": 0,
        "paused": False,
        "draining": False,
    }
    connections = [json.loads(row) for row in rows_of(admin, "show connections")[:-1]]
    assert connections[0]["id"] == "x\n\udcff"
    assert connections[0]["functions"] == ["g", "f\0g\n\udcfe"]
    assert connections[1]["functions"] == []
