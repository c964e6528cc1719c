"""What has become of a function's jobs, counted."""

from __future__ import annotations

from tests.support.dialogue import H1, World, job_created
from tests.support.stored_engine import counted, drain, grab, rows, stored, submit


def test_every_counter_is_shown_for_every_function() -> None:
    world = World()
    admin = world.admin()
    assert rows(admin, "counters") == []
    assert admin.text("create function b\xff".encode("latin-1")) == b"OK\r\n"
    world.worker("a")
    shown = rows(admin, "counters")
    assert [row.pop("function") for row in shown] == ["b\udcff", "a"]
    assert shown == [dict.fromkeys(shown[0], 0)] * 2
    assert len(shown[0]) == 10


def test_those_that_join_a_job_are_not_counted() -> None:
    world = stored(1)
    client = world.client()
    submit(client, "w1", "w2")
    for _ in range(3):
        client.submit_job_bg(b"f", b"u", b"w3")
        submit(client, "between")
        client.submit_job(b"f", b"u", b"w3")
    assert counted(world) == {"submitted": 6}


def test_each_function_has_its_own() -> None:
    world = stored()
    submit(world.client(), "w", "w")
    submit(world.client(), "w", function=b"g")
    drain(world.worker("g"))
    assert counted(world, "f") == {"submitted": 2}
    assert counted(world, "g") == {"submitted": 1, "completed": 1}


def test_counters_begin_anew_with_the_job_server() -> None:
    before = stored()
    submit(before.client(), "w")
    world = before.restarted()
    assert counted(world) == {}
    drain(world.worker("f"))
    assert counted(world) == {"completed": 1}


def test_a_job_that_is_refused_as_too_many_is_not_counted() -> None:
    world = stored()
    client = world.client()
    assert client.text("maxqueue f 1") == b"OK\r\n"
    submit(client, "w", "w")
    assert counted(world) == {"submitted": 1}


def test_retries_crashes_and_ends_add_up() -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=0)
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    worker = world.worker("f")
    grab(worker)
    worker.leave()
    worker = world.worker("f")
    for end in (worker.work_fail, worker.work_complete):
        job, _ = grab(worker)
        end(*([job] if end == worker.work_fail else [job, b"r"]))
    assert client.received[0] == job_created(H1)
    assert counted(world) == {
        "submitted": 1,
        "crashed": 1,
        "failed": 1,
        "retried": 2,
        "completed": 1,
    }
