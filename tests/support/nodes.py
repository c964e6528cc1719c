"""Job servers that help each other, on the event loop of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

from geartrain.client import AsyncClient
from geartrain.cluster.links import PeerLinks, peer_connector, peer_connectors
from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.links import LinkReport
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.transport.address import Address, parse_address
from geartrain.worker import AsyncWorker

__all__ = ["Node", "eventually", "running_node", "scene", "working"]


@dataclass
class Node:
    """A job server, and its links."""

    server: Server
    settings: Options
    links: PeerLinks | None = None

    @property
    def address(self) -> str:
        return self.server.addresses[0]

    @property
    def identity(self) -> bytes:
        return self.server.driver.engine.state.options.node_identity

    @property
    def report(self) -> LinkReport:
        """Return how its first link is."""
        return self.server.driver.engine.state.links[0]

    def share(self, *others: Node, address: str | None = None) -> None:
        """Have it know of others, and itself, as if they shared a store."""
        self.server.driver.engine.state.health.nodes = tuple(
            StoreNode(
                name=each.server.driver.engine.state.options.node_name.decode(),
                identity=each.identity,
                address=each.address if address is None else address,
                host="here",
                started=0.0,
                lease_until=inf,
                lanes=(number,),
                is_leading=number == 1,
                is_self=each is self,
            )
            for number, each in enumerate((self, *others), 1)
        )

    def help(self, *addresses: str, **settings: Any) -> PeerLinks:
        """Have its workers help job servers, and those that it shares a store with.

        ``settings`` are options of how peers are reached.
        """
        options = self.server.driver.engine.state.options
        peers = tuple(parse_address(each) for each in addresses)
        reached = replace(self.settings, peer=peers, **settings)
        self.links = PeerLinks(
            self.server.driver,
            peer_connectors(reached),
            options.node_identity,
            options.node_name,
            partial(peer_connector, reached),
        )
        self.server.when_stopping.append(self.links.stop)
        self.links.start()
        return self.links

    def client(self) -> AsyncClient:
        return AsyncClient(self.address)


def scene(act: Callable[[], Awaitable[None]]) -> None:
    """Run a test on an event loop of its own."""

    async def run() -> None:
        async with asyncio.timeout(50):
            await act()

    asyncio.run(run())


@asynccontextmanager
async def running_node(
    name: str, port: int = 0, **settings: Any
) -> AsyncIterator[Node]:
    """Run a job server with some options for the length of the block."""
    options = Options(
        listen=(Address(host="127.0.0.1", port=port),),
        store="memory:",
        node_name=name,
        handle_prefix=f"H:{name}",
        drain=5.0,
        **settings,
    )
    server = Server(options)
    await server.start()
    node = Node(server, options)
    try:
        yield node
    finally:
        if node.links is not None:
            node.links.close()
        server.abort()


@asynccontextmanager
async def working(
    node: Node, count: int, **functions: Callable[..., object]
) -> AsyncIterator[AsyncWorker]:
    """Run a worker of so many jobs at once at a node."""
    worker = AsyncWorker(node.address, concurrency=count)
    for name, function in functions.items():
        worker.function(name)(function)
    task = asyncio.ensure_future(worker.run(signals=False))
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def eventually(condition: Callable[[], object]) -> None:
    """Return when a condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
