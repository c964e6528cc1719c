"""Jobs that wait for others, batches, and what is told of them."""

from __future__ import annotations

from typing import Any

from tests.support.dialogue import World
from tests.support.stored_engine import grab, rows, stored


def linking(window: int = 10, **options: Any) -> World:
    """Return a world where names of functions may have options."""
    made = stored(window, **options)
    made.policy(b"*", options_in_names=True)
    return made


def submit_named(world: World, name: str, workload: bytes = b"w") -> str:
    """Submit a background job; return its handle."""
    client = world.client()
    client.submit_job_bg(name.encode(), b"", workload)
    (answer,) = client.received
    assert answer.name == "job_created", answer
    return answer.arguments[0].decode()


def refusal_of(world: World, name: str) -> str:
    """Submit a background job; return why it is refused."""
    client = world.client()
    client.submit_job_bg(name.encode(), b"", b"w")
    (answer,) = client.received
    assert answer.name == "error", answer
    return answer.arguments[1].decode()


def run_next(
    world: World, function: str, result: bytes | None = b""
) -> tuple[str, str]:
    """Have a worker do the next job, or fail it; return its handle and workload."""
    worker = world.worker(function)
    job, workload = grab(worker)
    if job and result is None:
        worker.work_fail(job)
    elif job:
        worker.work_complete(job, result or b"")
    worker.leave()
    world.advance(0)
    return job.decode(), workload


def restarted_linking(world: World) -> World:
    """Return the world after a restart with the same configuration."""
    other = world.restarted()
    other.policy(b"*", options_in_names=True)
    return other


def why_not(world: World, job: str) -> str:
    """Return why a job does not run, in words."""
    (row,) = rows(world.admin(), f"why {job}")
    return str(row["why"])


def status_of(world: World, job: str) -> str:
    """Return the status of a job, or how it ended."""
    (row,) = rows(world.admin(), f"job {job}")
    return str(row["status"])


def batch_row(world: World, name: str) -> dict[str, Any]:
    """Return the row of a batch."""
    (row,) = rows(world.admin(), f"batch {name}")
    return row
