"""Orders for many jobs at once, and for many dead letters."""

from __future__ import annotations

import pytest

from geartrain.engine.model.links import LinkReport
from tests.support.dialogue import World
from tests.support.steered import filled, numbered
from tests.support.stored_engine import (
    bury,
    counts,
    drain,
    grab,
    rows,
    stored,
    submit,
)

# Dead letters


def with_dead(world: World, count: int = 900) -> World:
    client = world.client()
    bury(world, client, *[str(number) for number in range(1, count + 1)])
    return world


@pytest.mark.parametrize("keeps_jobs", [True, False])
def test_all_dead_letters_are_tried_again(keeps_jobs: bool) -> None:
    world = with_dead(stored(50, keeps_jobs=keeps_jobs, holds=keeps_jobs))
    admin = world.admin()
    assert admin.text("dead retry all function=f count=yes") == b"OK 900\n"
    assert admin.text("dead retry all function=g") == b"OK 0\n"
    assert admin.text("dead retry all function=f") == b"OK 900\n"
    assert admin.text("dead retry all") == b"OK 0\n"
    assert counts(world) == (900, 0)
    assert rows(admin, "dead list") == []
    done = drain(world.worker("f")).split()
    assert sorted(map(int, done)) == list(range(1, 901))


def test_dead_letters_are_dropped_by_reason_and_error() -> None:
    world = with_dead(stored(), 5)
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"", b"6")
    worker.work_exception(grab(worker)[0], b"no such file: a b")
    admin = world.admin()
    assert admin.text("dead drop all reason=exception count=yes") == b"OK 1\n"
    assert admin.text("dead drop all error=such%20file") == b"OK 1\n"
    assert admin.text("dead drop all error=such%20file") == b"OK 0\n"
    assert admin.text("dead drop all reason=fail") == b"OK 5\n"
    assert rows(admin, "show functions")[0]["dead"] == 0


def test_dead_letters_are_chosen_by_the_same_conditions_as_jobs() -> None:
    world = with_dead(stored(), 3)
    client, worker = world.client(), world.worker("mail.out")
    client.submit_job_bg(b"mail.out", b"ann", b"w")
    worker.work_exception(grab(worker)[0], b"Timed OUT")
    admin = world.admin()
    for line, count in (
        ("function=mail.*", 1),
        ("error=timed%20out", 1),
        ("unique=ann function=f", 0),
        ("newer=60", 4),
        ("older=60", 0),
    ):
        assert admin.text(f"dead retry all {line} count=yes") == b"OK %d\n" % count
        assert len(rows(admin, f"dead list {line}")) == count
    assert admin.text("dead drop all function=mail.*") == b"OK 1\n"


def test_dead_letters_move_and_stay_dead() -> None:
    world = with_dead(stored(), 5)
    admin = world.admin()
    assert admin.text("move H:test:2 g") == b"OK\r\n"
    assert admin.text("move dead g function=f count=yes") == b"OK 4\n"
    assert admin.text("move dead h function=f") == b"OK 4\n"
    again = world.restarted()
    dead = {
        row["function"]: row["dead"] for row in rows(again.admin(), "show functions")
    }
    assert {name: count for name, count in dead.items() if count} == {"g": 1, "h": 4}
    assert again.admin().text("dead retry all") == b"OK 5\n"
    assert drain(again.worker("h")) == "1 3 4 5"
    assert drain(again.worker("g")) == "2"


# Many, and others meanwhile


def test_ten_thousand_waiting_jobs_move_without_keeping_others_waiting() -> None:
    world = stored(20)
    client = world.client()
    submit(client, *numbered(1, 3000).split())
    world.goes_on = False
    admin = world.admin()
    admin.send(b"move jobs g function=f\n")
    before = world.engine.state.turns.work
    client.echo_req(b"still there?")
    assert client.received[-1].name == "echo_res"
    assert world.engine.state.turns.work - before < 20_000
    world.goes_on = True
    world.deliver()
    assert admin.received[-1].arguments[0] == b"OK 3000\n"
    assert counts(world, "g") == (3000, 0)
    assert len(drain(world.worker("g")).split()) == 3000


def test_a_sweep_ends_when_its_peer_leaves() -> None:
    world = stored(20)
    submit(world.client(), *numbered(1, 2000).split())
    world.is_committing = False
    admin = world.admin()
    admin.send(b"purge f\n")
    for _ in range(3):
        world.commit()
    admin.leave()
    world.is_committing = True
    world.deliver()
    left = counts(world)[0]
    assert 0 < left < 2000
    assert len(drain(world.worker("f")).split()) == left


@pytest.mark.parametrize("line", ["purge f", "move jobs g function=f", "dead drop all"])
def test_a_store_that_cannot_answer_ends_a_sweep(line: str) -> None:
    world = filled(lambda: stored(3))
    world.is_committing = False
    admin = world.admin()
    admin.send(f"{line}\n".encode())
    batch = world.take()
    for query in batch.queries:
        query.error = "the disk is on fire"
    world.engine.committed(world.now)
    world.deliver()
    assert admin.received[-1].arguments[0].startswith(b"ERR STORE_ERROR the+disk+is+on")


@pytest.mark.parametrize("line", ["cancel jobs function=f", "purge f"])
def test_jobs_that_another_has_given_are_left_to_it(line: str) -> None:
    world = World()
    link = world.client()
    link.engine_peer.link = LinkReport("other:4730")
    link.submit_job(b"f", b"", b"given")
    world.client().submit_job_bg(b"f", b"", b"own")
    admin = world.admin()
    # The one that has given it carries out the order itself, and takes the job back.
    assert admin.text(f"part {line}") == b"OK 1\n"
    assert admin.text(f"part {line}") == b"OK 0\n"
    assert admin.text(line) == b"OK 1\n"
