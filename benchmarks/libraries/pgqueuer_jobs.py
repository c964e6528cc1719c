"""PgQueuer on PostgreSQL."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.queries import Queries

from benchmarks.libraries import timing
from benchmarks.libraries.timing import Figures

BATCH = 1000
"""Jobs that are enqueued by one statement."""
WORKER_BATCH = 100
"""Jobs that a worker takes at once."""


async def _noop(job: Any) -> None:
    """Do nothing."""


async def _work(_: int) -> Figures:
    connection = await asyncpg.connect(timing.POSTGRESQL)
    queuer = PgQueuer(AsyncpgDriver(connection))
    queuer.entrypoint("noop")(_noop)
    await queuer.run(batch_size=WORKER_BATCH)
    return timing.NOTHING


@asynccontextmanager
async def _queries() -> AsyncIterator[Queries]:
    async with asyncpg.create_pool(
        timing.POSTGRESQL, min_size=1, max_size=timing.AT_ONCE
    ) as pool:
        yield Queries(AsyncpgPoolDriver(pool))


async def _install(_: int) -> Figures:
    async with _queries() as queries:
        await queries.install()
    return timing.NOTHING


async def _submit(jobs: int) -> Figures:
    async with _queries() as queries:

        async def many(number: int) -> None:
            for at in range(0, number, BATCH):
                size = min(BATCH, number - at)
                await queries.enqueue(["noop"] * size, [None] * size, [0] * size)

        await many(1)  # connects
        return await timing.spend_async(jobs, many)


async def _submit_singly(jobs: int) -> Figures:
    async with _queries() as queries:
        return await timing.at_once(jobs, lambda: queries.enqueue("noop", None))


def _run(mode: Callable[[int], Coroutine[Any, Any, Figures]]) -> timing.Mode:
    """Return a mode that runs on the event loop that ``pgq`` itself prefers."""
    return lambda jobs: uvloop.run(mode(jobs))


if __name__ == "__main__":
    timing.main(
        {
            "install": _run(_install),
            "work": _run(_work),
            "submit": _run(_submit),
            "singly": _run(_submit_singly),
        }
    )
