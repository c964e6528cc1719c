"""Submissions that are answered by a job which has succeeded."""

from __future__ import annotations

from typing import Any

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    STEADY_START,
    DialoguePeer,
    World,
    error,
    job_assign,
    job_created,
    work_complete,
    work_data,
)
from tests.support.stored_engine import counted, grab, stored


def caching(window: int = 10, **settings: Any) -> World:
    """Return a world in which results of function f answer for a minute."""
    world = stored(window)
    world.policy(b"f", cache_ttl=60.0, **settings)
    return world


def run(world: World, *data: bytes, result: bytes = b"r") -> bytes:
    """Have a worker do the next job; return its handle."""
    worker = world.worker("f")
    handle, _ = grab(worker)
    for each in data:
        worker.work_data(handle, each)
    worker.work_complete(handle, result)
    worker.leave()
    return handle


def done(world: World, unique: bytes = b"u", *data: bytes) -> DialoguePeer:
    """Return a client whose job has succeeded."""
    client = world.client()
    client.submit_job(b"f", unique, b"w")
    run(world, *data)
    assert client.received[0] == job_created(H1)
    return client


def test_a_foreground_submission_gets_the_result_at_once() -> None:
    world = caching()
    done(world, b"u", b"one ", b"two ")
    client = world.client()
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [
        job_created(H1),
        work_data(H1, b"one two "),
        work_complete(H1, b"r"),
    ]
    assert counted(world)["submitted"] == 1


def test_a_background_submission_gets_the_handle() -> None:
    world = caching()
    done(world)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    client.submit_job_bg(b"f", b"other", b"w")
    assert client.received == [job_created(H1), job_created(H2)]
    worker = world.worker("f")
    assert grab(worker) == (H2, "w")
    assert grab(worker) == (b"", "")


def test_a_background_job_answers_too() -> None:
    world = caching(result_ttl=5)
    world.client().submit_job_bg(b"f", b"u", b"w")
    run(world)
    world.advance(30)
    client = world.client()
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [job_created(H1), work_complete(H1, b"r")]


def test_it_answers_for_so_long_and_no_longer() -> None:
    world = caching()
    done(world)
    world.advance(59)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H1)]
    world.advance(2)
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H2)]


def test_a_shorter_time_counts_at_once_also_for_what_is_kept_longer() -> None:
    world = caching(result_ttl=600)
    done(world)
    world.policy(b"f", cache_ttl=5.0)
    world.advance(6)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H2)]


def test_another_function_or_unique_is_another_job() -> None:
    world = caching()
    world.policy(b"g", cache_ttl=60)
    done(world)
    client = world.client()
    client.submit_job_bg(b"g", b"u", b"w")
    client.submit_job_bg(b"f", b"v", b"w")
    assert client.received == [job_created(H2), job_created(H3)]


def test_without_a_unique_nothing_is_answered() -> None:
    world = caching()
    done(world, b"")
    client = world.client()
    client.submit_job_bg(b"f", b"", b"w")
    assert client.received == [job_created(H2)]


def test_the_workload_as_the_unique_answers_for_that_workload() -> None:
    world = caching()
    done(world, b"-")
    client = world.client()
    client.submit_job_bg(b"f", b"-", b"w")
    client.submit_job_bg(b"f", b"-", b"v")
    assert client.received == [job_created(H1), job_created(H2)]


def test_large_workloads_as_uniques_are_not_told_apart_and_never_answered() -> None:
    world = caching()
    client = world.client()
    ends = b"x" * 70_000
    client.submit_job_bg(b"f", b"-", ends + b"1" + ends)
    run(world)
    client.submit_job_bg(b"f", b"-", ends + b"2" + ends)
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_failure_answers_nothing() -> None:
    world = caching(result_ttl=60)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_fail(H1)
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_success_before_a_failure_answers() -> None:
    world = caching(result_ttl=60)
    done(world)
    world.policy(b"f", cache_ttl=0.0)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_fail(H2)
    world.policy(b"f", cache_ttl=60.0)
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H2), job_created(H1)]


def test_a_result_that_is_too_large_answers_nothing() -> None:
    world = caching(result_size=3)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    run(world, result=b"large")
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_job_that_is_to_run_later_runs() -> None:
    world = caching()
    done(world)
    client = world.client()
    client.submit_job_epoch(b"f", b"u", b"%d" % (world.wall_time + 100), b"w")
    assert client.received == [job_created(H2)]


def test_a_submission_joins_a_job_that_waits() -> None:
    world = caching()
    done(world)
    world.policy(b"f", cache_ttl=0.0)
    client = world.client()
    client.submit_job(b"f", b"u", b"w")
    world.policy(b"f", cache_ttl=60.0)
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [job_created(H2), job_created(H2)]


def test_a_miss_in_the_foreground_joins_a_job_that_only_the_store_has() -> None:
    world = caching(window=1)
    client = world.client()
    client.submit_job_bg(b"f", b"first", b"1")
    client.submit_job_bg(b"f", b"u", b"2")
    client.submit_job_bg(b"f", b"last", b"3")
    other = world.client()
    other.submit_job(b"f", b"u", b"2")
    other.submit_job(b"f", b"new", b"4")
    assert [each.arguments[0] for each in other.received] == [H2, b"H:test:4"]


def test_many_submissions_at_once_are_each_answered() -> None:
    world = caching()
    done(world)
    client = world.client()
    for number in range(20):
        client.submit_job_bg(b"f", b"u" if number % 2 else b"n%d" % number, b"w")
    handles = [each.arguments[0] for each in client.received]
    assert handles[1::2] == [H1] * 10
    assert len(set(handles)) == 11


def test_it_answers_after_a_restart() -> None:
    world = caching()
    done(world)
    later = world.restarted()
    later.policy(b"f", cache_ttl=60.0)
    client = later.client()
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [job_created(H1), work_complete(H1, b"r")]
    assert later.now >= STEADY_START


def test_without_a_store_jobs_run() -> None:
    world = World()
    world.policy(b"f", cache_ttl=60.0)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    run(world)
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_store_that_cannot_be_read_has_jobs_run() -> None:
    world = caching()
    done(world)
    world.is_committing = False
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    batch = world.take()
    batch.queries[0].error = "the disk is on fire"
    world.engine.committed(world.now)
    world.commit_all()
    assert client.received == [job_created(H2)]
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [job_assign(H2, b"f", b"w")]


def dropping(window: int = 10, **settings: Any) -> World:
    """Return a world in which equal jobs of function f are dropped for an hour."""
    world = stored(window)
    world.policy(b"f", dedupe="drop", dedupe_window=3600.0, **settings)
    return world


def test_an_equal_job_is_dropped_within_the_window_and_no_longer() -> None:
    world = dropping()
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    world.advance(600)
    client.submit_job_bg(b"f", b"u", b"w")
    run(world)
    # The window begins with the first, whenever that ran.
    world.advance(2999)
    client.submit_job_bg(b"f", b"u", b"w")
    client.submit_job_epoch(b"f", b"u", b"0+5", b"w")
    world.advance(2)
    client.submit_job_bg(b"f", b"u", b"w")
    client.submit_job_bg(b"f", b"other", b"w")
    handles = [each.arguments[0] for each in client.received]
    assert handles == [H1, H1, H1, H1, H2, H3]


def test_one_that_failed_is_no_reason_to_drop_another() -> None:
    world = dropping()
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"w")
    grab(worker)
    worker.work_fail(H1)
    client.submit_job_bg(b"f", b"u", b"w")
    world.admin().text("cancel job H:test:2")
    client.submit_job_bg(b"f", b"u", b"w")
    assert [each.arguments[0] for each in client.received] == [H1, H2, H3]


def test_a_foreground_submission_is_told_where_no_result_is_kept() -> None:
    world = dropping()
    client = world.client()
    client.submit_job(b"f", b"u", b"w")
    run(world)
    assert client.received == [job_created(H1), work_complete(H1, b"r")]
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [
        error(b"NO_RESULT", b"The job succeeded, and no result is kept")
    ]


def test_a_dropped_foreground_submission_gets_a_result_that_is_kept() -> None:
    world = dropping(result_ttl=60.0)
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    run(world)
    client.submit_job(b"f", b"u", b"w")
    assert client.received[1:] == [job_created(H1), work_complete(H1, b"r")]


def test_a_window_outlasts_a_restart_and_keeps_nothing_in_memory() -> None:
    world = dropping(result_size=0)
    client = world.client()
    for number in range(20):
        client.submit_job_bg(b"f", b"u%d" % number, b"w")
        run(world)
    assert world.engine.state.memory.jobs == 0
    later = world.restarted()
    later.policy(b"f", dedupe="drop", dedupe_window=3600.0)
    client = later.client()
    for number in range(20):
        client.submit_job_bg(b"f", b"u%d" % number, b"w")
    created = [each.arguments[0] for each in client.received]
    assert created == [b"H:test:%d" % number for number in range(1, 21)]
