"""Procrastinate on PostgreSQL."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from procrastinate import App, PsycopgConnector

from benchmarks.libraries import timing
from benchmarks.libraries.timing import Figures

BATCH = 1000
"""Jobs that are deferred by one statement."""

app = App(
    connector=PsycopgConnector(
        conninfo=timing.POSTGRESQL, min_size=1, max_size=timing.AT_ONCE
    )
)


async def _noop() -> None:
    """Do nothing."""


noop = app.task(_noop, name="noop")


async def _install(_: int) -> Figures:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
    return timing.NOTHING


async def _submit(jobs: int) -> Figures:
    async with app.open_async():

        async def many(number: int) -> None:
            for at in range(0, number, BATCH):
                await noop.batch_defer_async(*[{}] * min(BATCH, number - at))

        await many(1)  # connects
        return await timing.spend_async(jobs, many)


async def _submit_singly(jobs: int) -> Figures:
    async with app.open_async():
        return await timing.at_once(jobs, noop.defer_async)


def _run(mode: Callable[[int], Coroutine[Any, Any, Figures]]) -> timing.Mode:
    return lambda jobs: asyncio.run(mode(jobs))


if __name__ == "__main__":
    timing.main(
        {
            "install": _run(_install),
            "submit": _run(_submit),
            "singly": _run(_submit_singly),
        }
    )
