"""Results are collected, kept with the end of the job, and dropped."""

from __future__ import annotations

import pytest

from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import (
    H1,
    H2,
    World,
    work_complete,
)
from tests.support.kept_results import keeping, kept, last_row, run, told
from tests.support.stored_engine import submit


def test_a_result_is_dropped_when_its_time_is_up() -> None:
    world = keeping()
    submit(world.client(), "w")
    run(world, result=b"r")
    world.advance(59.9)
    assert told(world)["result"] == "r"
    world.advance(0.1)
    assert told(world)["kept"] == "none"
    world.advance(2)
    assert kept(world) == []


def test_many_results_are_dropped_in_slices() -> None:
    world = keeping()
    client = world.client()
    for _ in range(2500):
        submit(client, "w")
        run(world, result=b"r").leave()
    world.advance(61)
    assert kept(world) == []


def test_results_of_several_ages_go_at_their_times() -> None:
    world = keeping()
    world.policy(b"g", result_ttl=10)
    submit(world.client(), "w")
    run(world, result=b"r")
    world.client().submit_job_bg(b"g", b"", b"w")
    worker = world.worker("g")
    worker.grab_job()
    worker.work_complete(H2, b"g")
    world.advance(12)
    assert kept(world) == [1]
    world.advance(60)
    assert kept(world) == []


def test_a_retried_attempt_begins_anew() -> None:
    world = keeping(max_attempts=2)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_data(H1, b"lost ")
    worker.work_fail(H1)
    worker.grab_job()
    worker.work_data(H1, b"kept ")
    worker.work_complete(H1, b"end")
    assert told(world)["result"] == "kept end"


def test_data_of_a_worker_that_is_lost_is_no_part_of_the_result() -> None:
    world = keeping()
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_data(H1, b"lost ")
    worker.leave()
    run(world, result=b"end")
    assert told(world)["result"] == "end"


def test_a_foreground_job_keeps_no_result() -> None:
    world = keeping()
    world.client().submit_job(b"f", b"", b"w")
    run(world, b"data", result=b"r")
    assert told(world)["kept"] == "none"


def test_a_foreground_job_that_somebody_left_in_the_background_keeps_it() -> None:
    world = keeping()
    client = world.client()
    client.submit_job(b"f", b"u", b"w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_data(H1, b"data ")
    world.client().submit_job_bg(b"f", b"u", b"w")
    worker.work_complete(H1, b"end")
    assert told(world)["result"] == "data end"
    assert work_complete(H1, b"end") in client.received


def test_a_result_survives_a_restart() -> None:
    world = keeping()
    submit(world.client(), "w")
    run(world, b"data ", result=b"end")
    later = world.restarted()
    assert told(later)["result"] == "data end"
    later.advance(61)
    assert told(later)["state"] == "unknown"
    assert kept(later) == []


def test_a_crash_before_the_commit_runs_the_job_again() -> None:
    world = keeping()
    submit(world.client(), "w")
    world.is_committing = False
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    later = world.restarted()
    assert told(later)["state"] == "waiting"


def test_a_result_waits_for_a_store_that_refuses_it() -> None:
    world = keeping()
    submit(world.client(), "w")
    world.is_committing = False
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    world.refuse("the disk is full")
    admin = world.admin()
    admin.send(b"result H:test:1\n")
    world.commit_all()
    assert last_row(admin)["result"] == "r"


def test_a_result_is_given_up_where_only_the_end_of_its_job_is_saved() -> None:
    world = keeping()
    submit(world.client(), "w")
    world.is_committing = False
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    batch = world.take()
    assert world.store is not None
    world.store.commit(batch.parted()[1])
    world.engine.refused("the disk is full", world.now, is_rest_saved=True)
    assert [each.action for each in world.notices()] == ["results_dropped"]
    world.commit_all()
    row = told(world)
    assert (row["state"], row["kept"]) == ("succeeded", "none")
    assert kept(world) == []


def test_results_expire_also_where_new_jobs_are_refused() -> None:
    world = keeping()
    client = world.client()
    submit(client, "w", "v")
    run(world, result=b"r")
    world.advance(30)
    run(world, result=b"r")
    world.is_committing = False
    world.advance(31)
    submit(client, "refused")
    batch = world.take()
    assert batch.expired_until
    assert world.store is not None
    world.store.commit(batch.parted()[1])
    world.engine.refused("the disk is full", world.now, is_rest_saved=True)
    world.commit_all()
    assert kept(world) == [2]
    world.advance(40)
    assert kept(world) == []


def test_a_result_that_the_store_leaves_out_is_warned_of() -> None:
    world = keeping()
    submit(world.client(), "w")
    world.is_committing = False
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    batch = world.take()
    world.notices()
    batch.refusals[1] = "there is no room"
    world.settle(batch)
    assert [each.action for each in world.notices()] == ["results_dropped"]


@pytest.mark.parametrize("keeps_jobs", [True, False])
def test_memory_is_counted_and_given_back(keeps_jobs: bool) -> None:
    world = World(store=MemoryStore(), keeps_jobs=keeps_jobs)
    world.policy(b"f", result_ttl=60)
    memory = world.engine.state.memory
    before = memory.jobs
    submit(world.client(), "w", "v")
    with_jobs = memory.jobs
    worker = world.worker("f")
    worker.grab_job()
    worker.work_data(H1, b"x" * 5000)
    assert memory.jobs == with_jobs + 5000
    worker.leave()
    failures = world.engine.state.jobs[H1].failures
    assert failures is not None
    assert memory.jobs == with_jobs + len(failures.story)
    run(world, b"x" * 5000, result=b"y" * 5000)
    run(world, b"x" * 5000)
    if keeps_jobs:
        assert memory.jobs == before
    else:
        assert before + 15_000 < memory.jobs < before + 17_000
    world.advance(61)
    assert memory.jobs == before
