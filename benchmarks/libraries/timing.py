"""What the programs written in Python have in common: arguments, clocks, answer.

A program is run as ``PROGRAM MODE JOBS`` and prints one JSON object: ``jobs``, ``wall``
and ``cpu`` in seconds, and ``p50`` in microseconds where single jobs were timed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from statistics import median
from typing import TypeVar

SERVER = os.environ.get("BENCH_SERVER", "127.0.0.1:4730")
"""``host:port`` of the job server, or of Redis or PostgreSQL."""
POSTGRESQL = f"postgresql://jobs@{SERVER}/postgres"

WORKLOAD = "x" * 64
IN_FLIGHT = 100
AT_ONCE = 32
"""How many wait for their answers where each submits one job after the other."""
WARM_UP = 20
SECONDS = 60
"""How long a result is waited for."""

Figures = dict[str, float]
Mode = Callable[[int], Figures]
NOTHING: Figures = {"jobs": 0, "wall": 0, "cpu": 0}
"""What a mode tells that times nothing."""
Pending = TypeVar("Pending")


def spend(jobs: int, action: Callable[[int], object]) -> Figures:
    """Time ``action(jobs)``."""
    wall, cpu = time.perf_counter(), time.process_time()
    action(jobs)
    return {
        "jobs": jobs,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
    }


async def spend_async(jobs: int, action: Callable[[int], Awaitable[object]]) -> Figures:
    """Time ``await action(jobs)``."""
    wall, cpu = time.perf_counter(), time.process_time()
    await action(jobs)
    return {
        "jobs": jobs,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
    }


async def at_once(jobs: int, submit: Callable[[], Awaitable[object]]) -> Figures:
    """Time ``jobs`` submissions by 32 tasks that each wait for every answer."""

    async def every(number: int) -> None:
        left = iter(range(number))

        async def task() -> None:
            for _ in left:
                await submit()

        await asyncio.gather(*(task() for _ in range(AT_ONCE)))

    await every(AT_ONCE)  # connects
    return await spend_async(jobs, every)


def one_by_one(jobs: int, call: Callable[[], object]) -> Figures:
    """Time ``jobs`` calls one after the other, behind some that are not timed."""
    times: list[float] = []

    def each(number: int) -> None:
        for _ in range(number):
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)

    each(WARM_UP)
    times.clear()
    figures = spend(jobs, each)
    return figures | {"p50": median(times) * 1e6}


def all_in_flight(
    jobs: int, submit: Callable[[], Pending], result: Callable[[Pending], object]
) -> Figures:
    """Keep 100 jobs submitted and fetch each result in order, the first untimed."""

    def each(number: int) -> None:
        pending = deque(submit() for _ in range(min(IN_FLIGHT, number)))
        for _ in range(number - len(pending)):
            check(result(pending.popleft()))
            pending.append(submit())
        for one in pending:
            check(result(one))

    each(WARM_UP)
    return spend(jobs, each)


def check(result: object) -> None:
    """Fail unless a result is the workload that was sent.

    Raises:
        RuntimeError: it is another.
    """
    if result != WORKLOAD:
        raise RuntimeError(f"a job answered {result!r} instead of its workload")


def repeated(workload: bytes, number: int) -> Iterator[bytes]:
    """Yield the same workload so many times, none kept."""
    return (workload for _ in range(number))


def exhaust(results: Iterable[object]) -> None:
    """Take all that an iterator yields, and keep nothing."""
    deque(results, maxlen=0)


def main(modes: dict[str, Mode]) -> None:
    """Run the mode that the arguments name and print its figures as JSON."""
    mode, jobs = sys.argv[1], int(sys.argv[2])
    print(json.dumps(modes[mode](jobs)))
