"""Supervisors tell of their processes, which are listed until they leave."""

from __future__ import annotations

import pytest

from tests.support.dialogue import DialoguePeer, World
from tests.support.stored_engine import rows, stored

OK = b"OK\r\n"


def supervisor(world: World, host: str = "web1", count: int = 2) -> DialoguePeer:
    """Return a supervisor of idle processes."""
    peer = world.client()
    line = f"announce supervisor host={host} pid=70 processes={count} age=60"
    assert peer.text(f"{line} version=geartrain-9") == OK
    for place in range(count):
        assert told(peer, place) == OK
    return peer


def told(peer: DialoguePeer, place: int, arguments: str = "") -> bytes:
    """Tell of a process."""
    told = f"announce process place={place} target=tasks pid={80 + place} age=10"
    return peer.text(f"{told} state=working{arguments}")


def test_processes_are_listed_with_what_was_told() -> None:
    world = stored()
    peer = supervisor(world, count=1)
    more = (
        " memory=1024 restarts=3 running=1 succeeded=5 failed=2 ended=killed%20by%209"
    )
    assert told(peer, 0, more) == OK
    began = world.wall_time
    world.advance(5)
    (row,) = rows(world.admin(), "show processes")
    assert row == {
        "connection": 1,
        "address": "127.0.0.1",
        "host": "web1",
        "supervisor": 70,
        "version": "geartrain-9",
        "supervised_since": pytest.approx(began - 60),
        "heard": pytest.approx(began),
        "place": 0,
        "target": "tasks",
        "pid": 80,
        "state": "working",
        "since": pytest.approx(began - 10),
        "memory": 1024,
        "restarts": 3,
        "running": 1,
        "succeeded": 5,
        "failed": 2,
        "ended": "killed by 9",
    }


def test_a_place_that_waits_has_no_process() -> None:
    world = stored()
    peer = supervisor(world, count=1)
    assert peer.text("announce process place=0 target=t state=waiting age=3") == OK
    (row,) = rows(world.admin(), "show processes")
    told = row["state"], row["pid"], row["since"], row["memory"], row["ended"]
    assert told == ("waiting", None, None, None, None)


def test_they_are_forgotten_with_the_connection() -> None:
    world = stored()
    peer, other = supervisor(world), supervisor(world, "web2")
    connections = rows(world.admin(), "show connections kind=supervisor")
    assert [row["number"] for row in connections] == [1, 2]
    peer.leave()
    assert {row["host"] for row in rows(world.admin(), "show processes")} == {"web2"}
    other.leave()
    assert rows(world.admin(), "show processes") == []
    assert world.engine.state.process_count == 0


def test_fewer_processes_leave_no_old_ones() -> None:
    world = stored()
    peer = supervisor(world, count=5)
    assert peer.text("announce supervisor host=web1 pid=70 processes=2") == OK
    found = rows(world.admin(), "show processes")
    assert [row["place"] for row in found] == [0, 1]


def test_they_are_found_and_paged() -> None:
    world = stored()
    supervisor(world, "web1", 3)
    supervisor(world, "db1", 2)
    found = rows(world.admin(), "show processes match=WEB")
    assert [(row["host"], row["place"]) for row in found] == [
        ("web1", 0),
        ("web1", 1),
        ("web1", 2),
    ]
    assert len(rows(world.admin(), "show processes match=*tasks")) == 5
    first = rows(world.admin(), "show processes limit=4")
    after = first.pop()["after"]
    rest = rows(world.admin(), f"show processes limit=4 after={after}")
    assert [(row["host"], row["place"]) for row in rest] == [("db1", 1)]


def test_there_is_a_limit_to_what_is_remembered() -> None:
    world = stored()
    peers = [supervisor(world, f"web{number}", 4096) for number in range(2)]
    third = supervisor(world, "web3", 10_000 - 2 * 4096)
    assert told(third, 4000).startswith(b"ERR TOO_MANY 10000+processes")
    assert told(third, 0) == OK
    peers[0].leave()
    assert told(third, 4000) == OK


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("announce", "ERR UNKNOWN_ARGS announce+takes+supervisor+or+process"),
        ("announce robot", "ERR UNKNOWN_ARGS announce+takes+supervisor+or+process"),
        ("announce supervisor pid=1", "ERR INVALID_ARGUMENTS host=+is+missing"),
        ("announce supervisor host=a age=x", "ERR INVALID_ARGUMENTS age+is+seconds"),
        ("announce process place=0 state=working", "ERR NOT_ALLOWED announce+the"),
        ("show processes limit=x", "ERR INVALID_ARGUMENTS limit+is+a+number"),
        ("show processes after=x", "ERR INVALID_ARGUMENTS after+is+not+from"),
    ],
)
def test_what_makes_no_sense_is_refused(line: str, answer: str) -> None:
    assert stored().admin().text(line).decode().startswith(answer)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("place=4096 state=working", "ERR INVALID_ARGUMENTS place+is+a+number+below"),
        ("place=0 state=dancing", "ERR INVALID_ARGUMENTS state+is+one+of+starting,"),
        ("place=0", "ERR INVALID_ARGUMENTS state+is+one+of+starting,"),
        ("place=0 state=working pid=x", "ERR INVALID_ARGUMENTS pid+is+a+number"),
    ],
)
def test_a_process_that_makes_no_sense_is_refused(arguments: str, answer: str) -> None:
    peer = supervisor(stored())
    assert peer.text(f"announce process {arguments}").decode().startswith(answer)
