"""SUBMIT_JOB_SCHED: what becomes of what it says; when it rings is elsewhere."""

from __future__ import annotations

from tests.support.dialogue import H1, World, error, job_created

_HOURLY = (b"0", b"", b"", b"", b"")


def hourly(cron: str, zone: str, after: float) -> float:
    return after + 3600


def test_a_schedule_is_made_once_and_then_changed() -> None:
    world = World(hourly)
    client = world.client()
    for workload in (b"first", b"second"):
        client.submit_job_sched(b"f", b"nightly", *_HOURLY, workload)
        assert client.received == [job_created(H1)]
    (schedule,) = world.engine.state.schedules.values()
    assert (schedule.workload, schedule.owner) == (b"second", b"")


def test_memory_is_counted_once_however_often_it_changes() -> None:
    world = World(hourly)
    client = world.client()
    before = world.engine.memory.jobs
    for size in (10, 1000, 100):
        client.submit_job_sched(b"f", b"nightly", *_HOURLY, bytes(size))
    assert len(client.received) == 3
    assert client.text(f"cancel job {H1.decode()}").startswith(b"OK")
    assert world.engine.memory.jobs == before


def test_a_time_that_never_comes_is_refused() -> None:
    client = World().client()
    client.submit_job_sched(b"f", b"nightly", *_HOURLY, b"")
    text = b"this job server has no calendar"
    assert client.received == [error(b"INVALID_ARGUMENT", text)]
