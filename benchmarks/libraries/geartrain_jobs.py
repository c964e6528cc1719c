"""Geartrain: its worker and its blocking client."""

from __future__ import annotations

import asyncio
from functools import partial

from benchmarks.libraries import timing
from benchmarks.libraries.timing import Figures
from geartrain import AsyncClient, Client, Worker

WORKLOAD = timing.WORKLOAD.encode()

worker = Worker(timing.SERVER)


def noop(workload: bytes) -> bytes:
    """Do nothing."""
    return b""


def answer(workload: bytes) -> bytes:
    """Return what was sent."""
    return workload


worker.register("noop", noop)
worker.register("answer", answer)


def submit(jobs: int) -> Figures:
    """Submit background jobs."""
    with Client(timing.SERVER) as client:
        client.ping()

        def many(number: int) -> None:
            timing.exhaust(client.submit_many("noop", timing.repeated(b"", number)))

        return timing.spend(jobs, many)


async def _submit_singly(jobs: int) -> Figures:
    async with AsyncClient(timing.SERVER) as client:
        return await timing.at_once(jobs, partial(client.do_background, "noop", b""))


def singly(jobs: int) -> Figures:
    """Submit background jobs one by one, several at once."""
    return asyncio.run(_submit_singly(jobs))


def result(jobs: int) -> Figures:
    """Wait for each job."""
    with Client(timing.SERVER) as client:
        return timing.one_by_one(jobs, partial(client.do, "answer", WORKLOAD))


def results(jobs: int) -> Figures:
    """Wait for jobs, 100 of them in flight."""
    with Client(timing.SERVER) as client:

        def every(number: int) -> None:
            workloads = timing.repeated(WORKLOAD, number)
            for found in client.map("answer", workloads, window=timing.IN_FLIGHT):
                timing.check(found.decode())

        every(timing.WARM_UP)
        return timing.spend(jobs, every)


if __name__ == "__main__":
    timing.main(
        {"submit": submit, "singly": singly, "result": result, "results": results}
    )
