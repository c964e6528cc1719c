"""``events``: followers are told what happens, and what they missed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from geartrain.engine.model.events import MOST_A_SECOND
from tests.support.dialogue import DialoguePeer, World


def told(follower: DialoguePeer) -> list[dict[str, Any]]:
    """Return the events that have arrived, the last of them after a moment."""
    follower.wait(0.1)
    lines = b"".join(each.arguments[0] for each in follower.received).splitlines()
    return [json.loads(line) for line in lines]


def states(follower: DialoguePeer) -> list[str]:
    """Return the states of jobs that were told."""
    return [each["state"] for each in told(follower) if each["event"] == "job"]


@pytest.fixture
def follower(world: World) -> DialoguePeer:
    peer = world.connect()
    assert peer.text("events") == b"OK\r\n"
    return peer


def test_a_job_is_followed_from_its_submission_to_its_end(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    submitted_at = world.wall_time
    client.submit_job_bg(b"f", b"u", b"w")
    worker = world.worker("f")
    worker.set_client_id(b"w1")
    worker.grab_job()
    worker.work_complete(b"H:test:1", b"r")
    events = told(follower)
    assert [
        (each["event"], each.get("state", each.get("change"))) for each in events
    ] == [
        ("function", "created"),
        ("job", "ready"),
        ("function", "workers"),
        ("job", "running"),
        ("job", "succeeded"),
    ]
    running = events[3]
    life, _, number = running.pop("id").partition("-")
    assert (int(life, 16) > 0, number) == (True, "4")
    assert running == {
        "event": "job",
        "state": "running",
        "handle": "H:test:1",
        "function": "f",
        "unique": "u",
        "background": True,
        "worker": "w1 127.0.0.1",
        "time": submitted_at,
    }
    assert events[2]["workers"] == 1


def test_one_function_can_be_followed(world: World, client: DialoguePeer) -> None:
    follower = world.connect()
    follower.text("events function=caf%E9")
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job_bg(b"caf\xe9", b"", b"w")
    assert {each["function"] for each in told(follower)} == {"caf\udce9"}


def test_changes_of_functions_are_told(
    world: World, admin: DialoguePeer, follower: DialoguePeer
) -> None:
    admin.text("create function f")
    admin.text("policy f ttl=60")
    worker = world.worker("f")
    worker.cant_do(b"f")
    worker.can_do(b"f")
    worker.leave()
    admin.text("drop function f")
    events = told(follower)
    assert [each["change"] for each in events] == [
        *("created", "policy", "workers", "workers", "workers", "workers", "forgotten")
    ]
    assert [each["workers"] for each in events[2:6]] == [1, 0, 1, 0]


def test_what_is_asked_next_ends_it(
    client: DialoguePeer, follower: DialoguePeer
) -> None:
    assert follower.text("version").startswith(b".\nOK ")
    client.submit_job_bg(b"f", b"", b"w")
    assert told(follower) == []


def test_who_comes_back_is_told_what_it_missed(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    client.submit_job_bg(b"f", b"", b"w")
    last = told(follower)[-1]["id"]
    follower.leave()
    client.submit_job_bg(b"f", b"", b"w")
    world.advance(59)
    client.submit_job_bg(b"f", b"", b"w")
    again = world.connect()
    answer = again.text(f"events after={last}")
    events = [json.loads(line) for line in answer.splitlines()[1:]]
    assert [each["handle"] for each in events] == ["H:test:2", "H:test:3"]


def test_who_comes_back_late_is_told_that_something_is_missing(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    client.submit_job_bg(b"f", b"", b"w")
    last = told(follower)[-1]["id"]
    follower.leave()
    world.advance(61)
    client.submit_job_bg(b"f", b"", b"w")
    again = world.connect()
    assert again.text(f"events after={last}") == b"OK\r\n"
    # Nothing was noted, and of that nobody knows.
    client.submit_job_bg(b"f", b"", b"w")
    assert len(told(again)) == 1
    for unknown in ("1a2b-7", f"{last.partition('-')[0]}-999999"):
        newcomer = world.connect()
        newcomer.text(f"events after={unknown}")
        assert {"event": "gap"} in told(newcomer)


def test_an_id_that_is_none_is_refused(world: World, admin: DialoguePeer) -> None:
    for after in ("x", "x-", "1-x", "-" + "9" * 30):
        assert admin.text(f"events after={after}").startswith(b"ERR INVALID_ARGUMENTS")
    assert admin.text("events color=red").startswith(b"ERR INVALID_ARGUMENTS")
    assert not world.engine.state.followers
    assert not any(world.engine.state.events.functions.values())


def test_a_flood_is_counted_and_not_told(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    for _ in range(MOST_A_SECOND + 100):
        client.submit_job_bg(b"f", b"", b"w")
    assert len(told(follower)) == MOST_A_SECOND
    world.advance(1.0)
    client.submit_job_bg(b"f", b"", b"w")
    skipped, last = told(follower)
    assert (skipped["event"], skipped["count"]) == ("skipped", 101)
    assert last["state"] == "ready"


def test_nothing_is_noted_while_nobody_follows(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    events = world.engine.state.events
    follower.leave()
    world.advance(61)
    client.submit_job_bg(b"f", b"", b"w")
    assert not events.is_on
    assert events.first() == events.last + 1


def test_a_follower_that_reads_nothing_is_told_later(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    world.engine.congest(follower.engine_peer)
    for _ in range(300):
        client.submit_job_bg(b"f", b"", b"w")
    assert told(follower) == []
    world.engine.relieve(follower.engine_peer)
    world.deliver()
    assert states(follower) == ["ready"] * 300


def test_the_oldest_events_go_when_the_ring_is_full(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    world.engine.congest(follower.engine_peer)
    for _ in range(25):
        for _ in range(MOST_A_SECOND):
            client.submit_job_bg(b"f", b"", b"w")
        world.advance(1.0)
    world.engine.relieve(follower.engine_peer)
    world.deliver()
    events = told(follower)
    assert events[0] == {"event": "gap"}
    assert len(events) == 10_001


def test_followers_are_limited(world: World) -> None:
    for _ in range(100):
        assert world.connect().text("events") == b"OK\r\n"
    assert world.connect().text("events").startswith(b"ERR TOO_MANY")


def test_a_follower_that_leaves_is_forgotten(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    follower.leave()
    client.submit_job_bg(b"f", b"", b"w")
    assert not world.engine.state.followers


def test_followers_are_told_ten_times_a_second(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    other = world.connect()
    other.text("events function=f")
    client.submit_job_bg(b"f", b"", b"w")
    assert states(other) == ["ready"]
    assert states(follower) == ["ready"]
    arrived: list[bytes] = []
    for _ in range(20):
        client.submit_job_bg(b"f", b"", b"w")
        world.advance(0.01)
        arrived += [each.arguments[0] for each in follower.received]
    assert len(arrived) == 2
    told_so_far = b"".join(arrived).count(b"ready")
    assert told_so_far + len(states(follower)) == 20


def test_what_happens_while_followers_are_told_is_told_too(
    world: World, client: DialoguePeer, follower: DialoguePeer
) -> None:
    others = [world.connect() for _ in range(3)]
    for other in others:
        other.text("events")
    world.goes_on = False
    client.submit_job_bg(b"f", b"", b"w")
    world.engine.state.turns.work_off(world.engine.state.turns.work + 1)
    client.submit_job_bg(b"f", b"", b"w")
    world.goes_on = True
    world.deliver()
    for each in (follower, *others):
        assert states(each) == ["ready", "ready"]
