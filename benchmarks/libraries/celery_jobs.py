"""Celery on Redis."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

from typing import Any

from celery import Celery

from benchmarks.libraries import timing
from benchmarks.libraries.timing import Figures

URL = f"redis://{timing.SERVER}/0"

app = Celery("bench", broker=URL, backend=URL)


def _noop() -> None:
    """Do nothing."""


def _answer(workload: str) -> str:
    """Return what was sent."""
    return workload


noop = app.task(_noop, name="noop", ignore_result=True)
answer = app.task(_answer, name="answer")


def submit(jobs: int) -> Figures:
    """Submit jobs whose results nobody wants."""

    def many(number: int) -> None:
        for _ in range(number):
            noop.delay()

    noop.delay()  # connects
    return timing.spend(jobs, many)


def call() -> Any:
    """Wait for one job."""
    return answer.delay(timing.WORKLOAD).get(timeout=timing.SECONDS)


def fetch(pending: Any) -> Any:
    """Wait for the result of a job that was submitted."""
    return pending.get(timeout=timing.SECONDS)


def result(jobs: int) -> Figures:
    """Wait for each job."""
    return timing.one_by_one(jobs, call)


def results(jobs: int) -> Figures:
    """Wait for jobs, 100 of them in flight."""
    return timing.all_in_flight(jobs, lambda: answer.delay(timing.WORKLOAD), fetch)


if __name__ == "__main__":
    timing.main({"submit": submit, "result": result, "results": results})
