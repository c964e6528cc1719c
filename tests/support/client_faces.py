"""One way to write tests for both faces: the blocking client, made awaitable."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import uvloop

from geartrain.client import AsyncClient, Client, SubmittedJob
from geartrain.transport.connect import Connector
from geartrain.transport.tls import Tls

__all__ = ["Awaitable", "Face", "Place", "Scenario"]

_NUMBERS = itertools.count(1)
_AWAITED = {
    "cancel",
    "chain",
    "chord",
    "close",
    "do",
    "do_background",
    "do_high",
    "do_high_background",
    "do_low",
    "do_low_background",
    "group",
    "ping",
    "result",
    "run_tasks",
    "status",
    "status_by_unique",
    "submit",
}
_ITERATED = {"map", "submit_many"}


@dataclass(frozen=True)
class Place:
    """A job server, and how tests reach it.

    Attributes:
        name: what it is: ``geartrain``, ``gearmand``, ``tls``, …
        servers: what a client takes.
        connect: makes a plain socket for a worker.
    """

    name: str
    servers: str | Connector
    connect: Callable[[], socket.socket]
    tls: Tls | None = None
    functions: Iterator[str] = field(
        default_factory=lambda: (f"f-{number}" for number in _NUMBERS)
    )

    @property
    def is_geartrain(self) -> bool:
        return self.name != "gearmand"


class Awaitable:
    """A blocking client, or a job of one, whose methods are those of the other face.

    What it calls blocks the event loop, on which nothing else is.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name in _ITERATED:
            return lambda *args, **options: _each(found(*args, **options))
        if name not in _AWAITED:
            return found

        async def call(*arguments: Any, **options: Any) -> Any:
            result = found(*arguments, **options)
            return Awaitable(result) if isinstance(result, SubmittedJob) else result

        return call

    def __aiter__(self) -> AsyncIterator[Any]:
        return _each(iter(self.inner))


async def _each(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


Scenario: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Face:
    """One of the two faces, at a place; ``uvloop`` is the asyncio one on that loop."""

    name: str
    place: Place

    @asynccontextmanager
    async def client(self, servers: Any = None, **options: Any) -> AsyncIterator[Any]:
        """Open a client for the length of the block."""
        where = self.place.servers if servers is None else servers
        options = {"tls": self.place.tls, "timeout": 20.0} | options
        if self.name != "blocking":
            async with AsyncClient(where, **options) as client:
                yield client
        else:
            with Client(where, **options) as blocking:
                yield Awaitable(blocking)

    def run(self, scenario: Scenario, servers: Any = None, **options: Any) -> None:
        """Run a test on a client of this face."""

        async def with_client() -> None:
            async with self.client(servers, **options) as client:
                await scenario(client)

        run = uvloop.run if self.name == "uvloop" else asyncio.run
        run(with_client())


async def all_of(items: Any) -> list[Any]:
    """Return what an asynchronous iterable yields."""
    return [item async for item in items]
