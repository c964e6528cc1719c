"""An asyncio worker's connection to one job server, made anew when it is lost."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from geartrain.errors import ProtocolError
from geartrain.protocol.worker import Assignment, WorkerProtocol
from geartrain.texts import shown
from geartrain.transport.aio import open_connection
from geartrain.transport.connect import Connector
from geartrain.transport.descriptors import FOREIGN, Owned
from geartrain.worker.keepalive import SILENT, Keepalive
from geartrain.worker.log import LOG

if TYPE_CHECKING:
    from geartrain.worker.aio_pump import AsyncPump

__all__ = ["AsyncWorkerConnection"]

_READ: Final = 65536


class AsyncWorkerConnection(asyncio.BufferedProtocol):
    """One connection, which connects and reconnects.

    Attributes:
        connector: connects to the job server.
        protocol: its protocol, only used in the event loop's thread.
    """

    def __init__(
        self, pump: AsyncPump, connector: Connector, protocol: WorkerProtocol
    ) -> None:
        self.connector = connector
        self.protocol = protocol
        self._pump = pump
        self._alive = Keepalive(connector, pump.heartbeat)
        self._transport: asyncio.Transport | None = None
        self._connection: Any = None
        self._owned: Owned | None = None
        self._why: Exception | None = None
        # Reused, because the event loop would allocate 256 KiB for each read.
        self._buffer = memoryview(bytearray(_READ))
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Return whether there is a connection."""
        return self._transport is not None

    async def keep(self) -> None:
        """Connect, and reconnect after each loss, until cancelled."""
        while True:
            self._ended.clear()
            self._why = None
            try:
                await open_connection(
                    self.connector, lambda: self, self._pump.connect_timeout
                )
            except Exception as error:
                # Even a lack of threads or descriptors may pass.
                self._why = error
            else:
                await self._watch()
            alive = self._alive
            alive.lost(self._pump.loop.time(), self._why)
            await asyncio.sleep(alive.due - self._pump.loop.time())

    async def _watch(self) -> None:
        """Check that the job server is alive; return when the connection ends."""
        while True:
            try:
                async with asyncio.timeout_at(self._alive.due):
                    await self._ended.wait()
                    return
            except TimeoutError:
                pass
            step = self._alive.look(self._pump.loop.time())
            if step == "lose":
                self.hang_up(TimeoutError(SILENT))
                await self._ended.wait()
                return
            if step == "probe":
                self.protocol.probe()
                self.flush()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Announce the worker on a new connection."""
        self._transport = cast("asyncio.Transport", transport)
        # Noted now, because with TLS it is gone when the connection is lost.
        self._connection = transport.get_extra_info("socket")
        self._owned = Owned(self._connection.fileno())
        if self._pump.observer is not None:
            self._pump.observer.on_connect(self._connection, self.connector)
        self._alive.connected(self._pump.loop.time())
        self.protocol.begin()
        self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        """End the protocol of a lost connection."""
        self._why = self._why or error
        if self._transport is not None:
            self._part()
        self._transport = None
        self._writable.set()
        self._ended.set()
        self.protocol.end()
        self._pump.flush()
        self._pump.changed.set()

    def _part(self) -> None:
        if self._pump.observer is not None:
            self._pump.observer.on_disconnect(self._connection, self.connector)
        # Others may have a duplicate of the descriptor, which closing would not end.
        if self._owned is not None and self._owned.is_ours():
            # By a socket of its own: that of uvloop's transports cannot be shut down.
            with (
                contextlib.suppress(OSError),
                socket.socket(fileno=os.dup(self._connection.fileno())) as own,
            ):
                own.shutdown(socket.SHUT_RDWR)

    def in_child(self) -> None:
        """Replace the descriptor by /dev/null, without harm to the parent's."""
        connection, self._transport = self._connection, None
        if connection is not None and connection.fileno() >= 0:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, connection.fileno(), inheritable=False)
            os.close(nothing)

    def leave_loop(self) -> None:
        """Leave the job server without the event loop, which has ended."""
        if self._transport is not None:
            self._part()
        self._transport = None
        self.protocol.end()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to read into; TLS writes to slices of it."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Handle what has arrived."""
        data = bytes(self._buffer[:nbytes])
        if not self._alive.heard:
            self._alive.hear()
        try:
            assigned = self.protocol.receive(data)
        except ProtocolError as error:
            self.hang_up(error)
            return
        pump = self._pump
        if assigned:
            # Read first: Python calls an attribute as a method, in 400 instructions
            # more.
            take = pump.take
            for assignment in assigned:
                take(self, assignment)
        if self.protocol.errors:
            self._tell_errors()
        # Other connections may be waiting for a slot that is free now.
        if self.protocol.has_output or len(pump.connections) > 1:
            pump.flush_soon()
        if pump.session.slots.resting:
            pump.changed.set()

    def _tell_errors(self) -> None:
        errors, self.protocol.errors = self.protocol.errors, []
        for code, text in errors:
            LOG.warning(
                "%s says %s: %s",
                self.connector,
                shown(code),
                shown(text),
                extra={"action": "server_error"},
            )

    def pause_writing(self) -> None:
        """Make ``drain`` wait until the job server has caught up."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """End the wait of ``drain``."""
        self._writable.set()

    async def drain(self) -> None:
        """Return when the job server has read most of what was sent."""
        await self._writable.wait()

    def flush(self) -> None:
        """Send the protocol's output."""
        if self.protocol.has_output:
            data = self.protocol.take()
            if self._owned is not None and not self._owned.is_ours():
                self._lose_foreign()
            elif self._transport is not None:
                self._transport.write(data)

    def _lose_foreign(self) -> None:
        """Let go of a connection whose descriptor is another file now."""
        self._owned = None
        connection = getattr(self._connection, "_sock", None)
        if isinstance(connection, socket.socket):
            connection.detach()
        self.hang_up(OSError(FOREIGN))

    def post(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Call a method of the protocol and send the result; from any thread."""
        if threading.get_ident() != self._pump.thread:
            return self._post_from_thread(say, assignment, *arguments)
        mine = say(assignment, *arguments)
        self._after(assignment)
        return mine

    def _post_from_thread(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Do it on the event loop; return False if that has ended."""
        posted = self._posted(say, assignment, *arguments)
        try:
            return asyncio.run_coroutine_threadsafe(posted, self._pump.loop).result()
        except (RuntimeError, concurrent.futures.CancelledError):
            posted.close()
            return False

    async def _posted(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Do it on the event loop; the thread waits while too much is unsent."""
        await self.drain()
        return self.post(say, assignment, *arguments)

    def drop(self, assignment: Assignment) -> None:
        """Forget a job without telling the job server; from any thread."""
        if threading.get_ident() != self._pump.thread:
            with contextlib.suppress(RuntimeError):
                self._pump.loop.call_soon_threadsafe(self.drop, assignment)
            return
        self.protocol.drop(assignment)
        self._after(assignment)

    def _after(self, assignment: Assignment) -> None:
        self._pump.flush_soon()
        if assignment.ended and self._pump.session.slots.resting:
            self._pump.changed.set()

    def look(self) -> None:
        """Do nothing: the event loop reads what arrives."""

    def hang_up(self, error: Exception) -> None:
        """Close the connection at once; from any thread."""
        if threading.get_ident() != self._pump.thread:
            with contextlib.suppress(RuntimeError):
                self._pump.loop.call_soon_threadsafe(self.hang_up, error)
            return
        self._why = error
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Send what is unsent, then leave the job server."""
        if self._transport is not None:
            self._transport.close()
