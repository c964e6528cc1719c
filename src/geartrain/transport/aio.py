"""Connect to a job server without blocking the event loop."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Callable
from typing import Any, TypeVar, cast

from geartrain.transport import forks
from geartrain.transport.connect import Connector, SocketConnector, probe
from geartrain.transport.dialling import STAGGER
from geartrain.transport.introducing import Introducer
from geartrain.transport.lookup import Found, look_up_soon

__all__ = ["open_connection"]

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


async def open_connection(
    connector: Connector, factory: Callable[[], _Protocol], timeout: float | None
) -> tuple[asyncio.Transport, _Protocol]:
    """Connect, and have what ``factory`` makes talk to the job server.

    The name is looked up each time, and all its addresses are tried, as
    ``SocketConnector.connect`` does. ``timeout`` is the most seconds that all of it may
    take, None without limit. Of a connector of another kind the plain socket is taken
    that its ``connect`` returns, called in a thread.

    Raises:
        OSError: nobody answers; also TimeoutError, which is one.
    """
    try:
        async with asyncio.timeout(timeout) as limit:
            transport, protocol = await _opened(connector, factory, timeout)
    except TimeoutError as error:
        raise (TimeoutError("timed out") if limit.expired() else error) from None
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
    if not isinstance(connector, SocketConnector):
        return await _adopted(await _taken(connector, timeout), factory)
    if connector.token is not None:
        token = connector.token.read()
        transport, introducer = await _dialled_to(connector, lambda: Introducer(token))
        return transport, await introducer.hand_over(factory)
    return await _dialled_to(connector, factory)


async def _dialled_to(
    connector: SocketConnector, factory: Callable[[], _Protocol]
) -> tuple[asyncio.BaseTransport, _Protocol]:
    if connector.address.path:
        path = connector.address.path
        return await _adopted(await _connected(socket.AF_UNIX, path), factory)
    connection = await _dialled(
        await _looked_up(connector.host, connector.address.port)
    )
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        probe(connection)
        context = connector.context
        secure: dict[str, Any] = {}
        if context is not None:
            secure = {"ssl": context.get(), "server_hostname": connector.name}
    except BaseException:
        connection.close()
        raise
    return await _adopted(connection, factory, secure)


async def _looked_up(host: str, port: int) -> Found:
    """Return the addresses of a host.

    The event loop's own look-up has a thread of the default executor, for whose end
    ``asyncio.run`` waits, however long it takes.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Found] = loop.create_future()

    def settle(found: Found | Exception) -> None:
        if future.done():
            return
        if isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)

    def then(found: Found | Exception) -> None:
        try:
            loop.call_soon_threadsafe(settle, found)
        except RuntimeError:
            # The event loop has ended meanwhile.
            return

    look_up_soon(host, port, then)
    return await future


async def _dialled(addresses: Found) -> socket.socket:
    """Return a connection to the first of the addresses that answers."""
    if len(addresses) == 1:
        return await _connected(*addresses[0])
    left = list(reversed(addresses))
    dialled: set[asyncio.Task[socket.socket]] = set()
    error: BaseException = OSError("the name has no address")
    try:
        while left or dialled:
            if left:
                dialled.add(asyncio.ensure_future(_connected(*left.pop())))
            done, _ = await asyncio.wait(
                dialled,
                timeout=STAGGER if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                dialled.discard(task)
                refusal = task.exception()
                if refusal is None:
                    _close_all(done - {task})
                    return task.result()
                error = refusal
        raise error
    finally:
        for task in dialled:
            task.cancel()
            task.add_done_callback(_close_late)


def _close_all(tasks: set[asyncio.Task[socket.socket]]) -> None:
    for task in tasks:
        _close_late(task)


async def _connected(family: int, address: Any) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        forks.own(connection)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


async def _taken(connector: Connector, timeout: float | None) -> socket.socket:
    """Return a connector's socket; close it if the task that waits was cancelled."""
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
    connection: socket.socket,
    factory: Callable[[], _Protocol],
    secure: dict[str, Any] | None = None,
) -> tuple[asyncio.BaseTransport, _Protocol]:
    """Hand a connected socket to the event loop, and have it speak TLS perhaps."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    is_taken = False

    def make() -> _Protocol:
        nonlocal is_taken
        is_taken = True
        return factory()

    try:
        if connection.family == socket.AF_UNIX:
            return await loop.create_unix_connection(make, sock=connection)
        return await loop.create_connection(make, sock=connection, **(secure or {}))
    except BaseException:
        # Once there is a transport, the event loop watches the descriptor until it
        # closes it itself: its number must not be another connection's before.
        if not is_taken:
            connection.close()
        raise
