"""Dramatiq on Redis."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks.libraries import timing
from benchmarks.libraries.timing import Figures

URL = f"redis://{timing.SERVER}/0"

broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)


def _noop() -> None:
    """Do nothing."""


def _answer(workload: str) -> str:
    """Return what was sent."""
    return workload


noop = dramatiq.actor(_noop, actor_name="noop")
answer = dramatiq.actor(_answer, actor_name="answer", store_results=True)


def submit(jobs: int) -> Figures:
    """Submit jobs whose results nobody wants."""

    def many(number: int) -> None:
        for _ in range(number):
            noop.send()

    noop.send()  # connects
    return timing.spend(jobs, many)


def start() -> Any:
    """Submit one job."""
    return answer.send(timing.WORKLOAD)


def fetch(sent: Any) -> Any:
    """Wait for the result of a job."""
    return sent.get_result(block=True, timeout=timing.SECONDS * 1000)


def result(jobs: int) -> Figures:
    """Wait for each job."""
    return timing.one_by_one(jobs, lambda: fetch(start()))


def results(jobs: int) -> Figures:
    """Wait for jobs, 100 of them in flight."""
    return timing.all_in_flight(jobs, start, fetch)


if __name__ == "__main__":
    timing.main({"submit": submit, "result": result, "results": results})
