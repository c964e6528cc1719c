"""The end of a job: the store forgets it, and the history knows it."""

from __future__ import annotations

from tests.support.stored_engine import grab, numbers_in_memory, rows, stored, submit


def test_a_job_that_ended_is_in_the_history_and_nowhere_else() -> None:
    world = stored()
    submit(world.client(), "a")
    worker = world.worker("f")
    job, _ = grab(worker)
    worker.work_complete(job, b"four")
    assert numbers_in_memory(world) == []
    (row,) = rows(world.admin(), "history")
    assert (row["handle"], row["status"]) == (job.decode(), "succeeded")
    assert world.store is not None
    world.is_committing = False
    world.store.close()
    assert world.store.open().queues == []


def test_where_the_policy_keeps_no_history_nothing_is_remembered() -> None:
    world = stored()
    world.policy(b"f", history=0.0)
    submit(world.client(), "a")
    worker = world.worker("f")
    worker.work_complete(grab(worker)[0], b"")
    assert rows(world.admin(), "history") == []
