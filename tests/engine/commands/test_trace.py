"""``trace``: the packets of a connection, told to somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.dialogue import DialoguePeer, World


def told(watcher: DialoguePeer) -> list[dict[str, Any]]:
    """Return the rows that came since; the last may be the dot."""
    lines: list[bytes] = []
    for answer in watcher.received:
        assert answer.name == "text"
        lines += answer.arguments[0].splitlines()
    return [{"end": True} if each == b"." else json.loads(each) for each in lines]


def packets(watcher: DialoguePeer) -> list[str]:
    return [
        f"{each['direction']} {each['packet']}" if "direction" in each else str(each)
        for each in told(watcher)
    ]


def test_what_a_connection_sends_and_is_sent_is_told() -> None:
    world = World()
    client = world.connect(b"10.0.0.7")
    watcher = world.admin()
    number = client.engine_peer.number
    assert watcher.text(f"trace {number} first=6") == b"OK\r\n"
    client.submit_job(b"f\xff", b"u", b"workload")
    worker = world.worker("g")
    first, second = told(watcher)
    assert first == {
        "time": pytest.approx(world.wall_time),
        "connection": number,
        "address": "10.0.0.7",
        "direction": "in",
        "packet": "SUBMIT_JOB",
        "size": 13,
        "first": "f\udcff\0u\0w",
    }
    assert (second["direction"], second["packet"]) == ("out", "JOB_CREATED")
    worker.can_do(b"f\xff")
    worker.grab_job()
    worker.work_complete(b"H:test:1", b"done")
    assert packets(watcher) == ["out WORK_COMPLETE"]
    (notice,) = world.notices()
    assert (notice.action, notice.level) == ("trace", "info")
    client.leave()
    left, end = told(watcher)
    assert (left["packet"], end) == ("left", {"end": True})
    assert not world.engine.state.taps


def test_connections_of_an_address_are_told_also_when_they_come() -> None:
    world = World()
    there = world.connect(b"10.0.0.7")
    other = world.connect(b"10.0.0.8")
    watcher = world.admin()
    assert watcher.text("trace 10.0.0.7") == b"OK\r\n"
    there.echo_req(b"a")
    other.echo_req(b"b")
    comes = world.connect(b"10.0.0.7")
    comes.text("version")
    assert packets(watcher) == [
        "in ECHO_REQ",
        "out ECHO_RES",
        "in text",
        "out text",
    ]
    comes.leave()
    (left,) = told(watcher)
    assert left["connection"] == comes.engine_peer.number


def test_it_ends_after_so_many_packets() -> None:
    world = World()
    client, watcher = world.client(), world.connect(b"::1")
    watcher.text(f"trace {client.engine_peer.number} limit=3")
    for _ in range(5):
        client.echo_req(b"x")
    assert packets(watcher) == [
        "in ECHO_REQ",
        "out ECHO_RES",
        "in ECHO_REQ",
        "{'end': True}",
    ]
    assert not world.engine.state.taps
    assert not world.engine.state.traces
    assert watcher.text("version").startswith(b"OK")


def test_it_ends_after_so_many_seconds_or_when_something_else_is_asked() -> None:
    world = World()
    client, watcher = world.client(), world.admin()
    number = client.engine_peer.number
    watcher.text(f"trace {number} seconds=5")
    world.advance(4)
    client.echo_req(b"x")
    assert len(told(watcher)) == 2
    world.advance(2)
    assert told(watcher) == [{"end": True}]
    watcher.text(f"trace {number}")
    assert watcher.text("version").startswith(b".\nOK")
    client.echo_req(b"x")
    assert told(watcher) == []
    watcher.text(f"trace {number}")
    watcher.leave()
    client.echo_req(b"x")
    assert not world.engine.state.taps
    assert not world.engine.state.traces


def test_those_who_trace_are_not_traced() -> None:
    world = World()
    one, two = world.admin(), world.admin()
    assert one.text("trace 127.0.0.1") == b"OK\r\n"
    # Until it traces itself, the other is as any.
    assert two.text("trace 127.0.0.1") == b"OK\r\n"
    assert packets(one) == ["in text"]
    client = world.client()
    client.echo_req(b"x")
    assert len(packets(one)) == 2
    assert len(packets(two)) == 2


def test_two_can_trace_one_connection() -> None:
    world = World()
    client, one, two = world.client(), world.admin(), world.admin()
    number = client.engine_peer.number
    one.text(f"trace {number} limit=2")
    two.text("trace 127.0.0.1 limit=4")
    client.echo_req(b"x")
    assert packets(one) == ["in ECHO_REQ", "out ECHO_RES", "{'end': True}"]
    assert packets(two) == ["in ECHO_REQ", "out ECHO_RES"]
    client.leave()
    assert [each.get("packet") for each in told(two)] == ["left"]
    assert not world.engine.state.taps


def test_who_reads_slowly_learns_how_much_it_missed() -> None:
    world = World()
    client, watcher = world.client(), world.admin()
    number = client.engine_peer.number
    watcher.text(f"trace {number} limit=3")
    world.engine.congest(watcher.engine_peer)
    for _ in range(1000):
        client.echo_req(b"x")
    assert told(watcher) == []
    world.engine.relieve(watcher.engine_peer)
    client.echo_req(b"x")
    missed, *rest = told(watcher)
    assert (missed["packet"], missed["size"]) == ("missed", 2000)
    assert [each["packet"] for each in rest] == ["ECHO_REQ", "ECHO_RES"]
    world.engine.congest(watcher.engine_peer)
    client.echo_req(b"x")
    client.leave()
    world.engine.relieve(watcher.engine_peer)
    missed, end = told(watcher)
    assert (missed["packet"], missed["size"], end) == ("missed", 3, {"end": True})


@pytest.mark.parametrize(
    "line",
    ["trace", "trace limit=5", "trace 1 limit=no", "trace 1 limit=0", "trace 1 to=2"],
)
def test_what_makes_no_sense_is_refused(line: str) -> None:
    assert World().admin().text(line).startswith(b"ERR INVALID_ARGUMENTS")


def test_a_connection_that_is_not_there_and_an_eleventh_trace_are_refused() -> None:
    world = World()
    admin = world.admin()
    said = b"ERR UNKNOWN_CONNECTION no+other+connection+has+this+number"
    for number in ("99", "0", "9" * 5000):
        assert admin.text(f"trace {number}").startswith(said)
    assert admin.text(f"trace {admin.engine_peer.number}").startswith(b"ERR UNKNOWN")
    for _ in range(10):
        assert world.admin().text("trace 10.0.0.7") == b"OK\r\n"
    assert world.admin().text("trace 10.0.0.7").startswith(b"ERR TOO_MANY")
