"""RQ on Redis."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

from typing import Any

from redis import Redis
from rq import Queue

from benchmarks.libraries import timing
from benchmarks.libraries.timing import Figures

MODULE = "benchmarks.libraries.rq_jobs"
BATCH = 1000
"""Jobs that are submitted in one pipeline, as RQ's guide shows."""

queue = Queue(connection=Redis.from_url(f"redis://{timing.SERVER}/0"))


def noop() -> None:
    """Do nothing."""


def answer(workload: str) -> str:
    """Return what was sent."""
    return workload


def submit(jobs: int) -> Figures:
    """Submit jobs whose results nobody wants: RQ keeps nothing of them."""

    def many(number: int) -> None:
        for at in range(0, number, BATCH):
            batch = [
                Queue.prepare_data(f"{MODULE}.noop", result_ttl=0)
                for _ in range(min(BATCH, number - at))
            ]
            queue.enqueue_many(batch)

    queue.connection.ping()
    return timing.spend(jobs, many)


def start() -> Any:
    """Submit one job."""
    return queue.enqueue(f"{MODULE}.answer", timing.WORKLOAD)


def fetch(job: Any) -> Any:
    """Wait for the result of a job."""
    found = job.latest_result(timeout=timing.SECONDS)
    if found is None:
        raise RuntimeError(f"no result in {timing.SECONDS} s")
    return found.return_value


def result(jobs: int) -> Figures:
    """Wait for each job."""
    return timing.one_by_one(jobs, lambda: fetch(start()))


def results(jobs: int) -> Figures:
    """Wait for jobs, 100 of them in flight."""
    return timing.all_in_flight(jobs, start, fetch)


if __name__ == "__main__":
    timing.main({"submit": submit, "result": result, "results": results})
