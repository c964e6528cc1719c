"""Connect to a job server on an event loop, which goes on meanwhile."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Callable
from typing import TypeVar, cast

from geartrain.transport.connect import Connector, SocketConnector, probe

__all__ = ["open_connection"]

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


async def open_connection(
    connector: Connector, factory: Callable[[], _Protocol], timeout: float | None
) -> tuple[asyncio.Transport, _Protocol]:
    """Connect, and have what ``factory`` makes talk to the job server.

    The name is looked up each time, and all its addresses are tried. ``timeout`` is
    the most seconds that all of it may take, None without limit. Of a connector of
    another kind the plain socket is taken that its ``connect`` returns, called in a
    thread.

    Raises:
        OSError: nobody answers; also TimeoutError, which is one.
    """
    try:
        async with asyncio.timeout(timeout):
            transport, protocol = await _opened(connector, factory, timeout)
    except OSError:
        raise
    except ValueError as error:
        # A name that cannot be looked up, or a path that no file can have.
        raise OSError(str(error)) from None
    # uvloop's transports are Transports in all but name.
    return cast("asyncio.Transport", transport), protocol


async def _opened(
    connector: Connector, factory: Callable[[], _Protocol], timeout: float | None
) -> tuple[asyncio.BaseTransport, _Protocol]:
    loop = asyncio.get_running_loop()
    if not isinstance(connector, SocketConnector):
        return await _adopted(await _taken(connector, timeout), factory)
    if connector.address.path:
        return await loop.create_unix_connection(factory, connector.address.path)
    context = connector.context
    transport, protocol = await loop.create_connection(
        factory,
        connector.host,
        connector.address.port,
        ssl=context.get() if context is not None else None,
        server_hostname=connector.name if context is not None else None,
    )
    probe(transport.get_extra_info("socket"))
    return transport, protocol


async def _taken(connector: Connector, timeout: float | None) -> socket.socket:
    """Return a connector's socket; it is closed if nobody waits for it any more."""
    loop = asyncio.get_running_loop()
    future = loop.run_in_executor(None, functools.partial(connector.connect, timeout))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        future.add_done_callback(_close_late)
        raise


def _close_late(future: asyncio.Future[socket.socket]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()


async def _adopted(
    connection: socket.socket, factory: Callable[[], _Protocol]
) -> tuple[asyncio.BaseTransport, _Protocol]:
    """Hand a connected socket to the event loop."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    try:
        if connection.family == socket.AF_UNIX:
            return await loop.create_unix_connection(factory, sock=connection)
        return await loop.create_connection(factory, sock=connection)
    except BaseException:
        connection.close()
        raise
