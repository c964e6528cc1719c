"""Those who wait for the end of a job."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    World,
    echo_res,
)
from tests.support.kept_results import keeping, last_row, run, told
from tests.support.stored_engine import stored, submit


def test_one_who_waits_is_answered_when_the_job_ends() -> None:
    world = keeping()
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=30\n")
    world.advance(29)
    assert waiting.received == []
    run(world, b"data ", result=b"end")
    assert last_row(waiting)["result"] == "data end"
    world.advance(5)
    assert waiting.received == []


def test_one_who_waits_is_answered_when_time_is_up() -> None:
    world = keeping()
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=1.5\n")
    world.advance(1.4)
    assert waiting.received == []
    world.advance(0.2)
    assert last_row(waiting)["state"] == "waiting"


def test_one_who_waits_for_a_job_that_only_the_store_has_is_answered() -> None:
    world = keeping(window=1)
    submit(world.client(), "one", "two", "three")
    waiting = world.client()
    waiting.send(b"result H:test:3 timeout=30\n")
    late = world.client()
    late.send(b"result H:test:3 timeout=1\n")
    world.advance(2)
    assert last_row(late)["state"] == "waiting"
    for _ in range(3):
        run(world, result=b"r").leave()
    assert last_row(waiting)["result"] == "r"


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_one_who_waits_is_told_of_every_end(end: str) -> None:
    world = stored()
    world.policy(b"f", dead_letter=False)
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=30\n")
    if end == "cancelled":
        world.admin().text("cancel job H:test:1")
    else:
        worker = world.worker("f")
        worker.grab_job()
        worker.work_fail(H1)
    assert last_row(waiting)["state"] == end


def test_one_who_waits_before_it_starts_gets_a_result_that_is_not_kept() -> None:
    world = stored()
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=30\n")
    run(world, b"data ", result=b"end")
    row = last_row(waiting)
    assert (row["result"], row["expires"]) == ("data end", None)
    assert told(world)["kept"] == "none"


def test_what_follows_a_wait_is_answered_after_it() -> None:
    world = keeping()
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=30\nversion\n")
    waiting.echo_req(b"x")
    assert waiting.received == []
    run(world, result=b"r")
    first, second = waiting.received
    assert first.arguments[0].endswith(b"}\n.\nOK 9.8.7\n")
    assert second == echo_res(b"x")


def test_one_who_waits_and_leaves_is_forgotten() -> None:
    world = keeping()
    submit(world.client(), "w")
    for handle in (b"H:test:1", b"H:test:1"):
        waiting = world.client()
        waiting.send(b"result %s timeout=30\n" % handle)
        waiting.leave()
    assert not world.engine.state.result_waits
    run(world, result=b"r")
    world.advance(31)
    assert told(world)["result"] == "r"


def test_one_who_waits_cannot_send_without_end() -> None:
    world = keeping()
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=30\n")
    waiting.send(b"version\n" * 9000)
    assert waiting.engine_peer.is_busy
    run(world, result=b"r")
    assert waiting.engine_peer in world.freed
    assert b"".join(each.arguments[0] for each in waiting.received).endswith(
        b"OK 9.8.7\n" * 9000
    )


def test_without_a_store_who_waits_is_answered_all_the_same() -> None:
    world = World()
    submit(world.client(), "w")
    waiting = world.client()
    waiting.send(b"result H:test:1 timeout=30\n")
    run(world, result=b"r")
    assert last_row(waiting)["result"] == "r"
    assert told(world)["kept"] == "none"
