"""Accept connections that speak TLS: a peer is known once its handshake is done."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from geartrain.errors import OptionError
from geartrain.server.slices import SlicedTransport
from geartrain.transport.connect import reason
from geartrain.transport.tls import Tls, server_context

if TYPE_CHECKING:
    import ssl

__all__ = ["Handshakes", "TlsListener"]

_log = logging.getLogger("geartrain.server")

# How long a handshake may take, in seconds.
_PATIENCE = 10.0
# How long a peer may take to say that it has read all, in seconds.
_LAST_READ = 5.0

# The most handshakes that go on at a time on a listener. The oldest makes room, but
# not before this many seconds: when all workers come back at once, each gets its turn.
_MOST = 1000
_SOME_TIME = 1.0

# Seconds to accept no connection after the system ran out of descriptors.
_RELIEF = 1.0

# Failures that came sooner after the last that was logged are only counted.
_QUIET = 1.0


class Handshakes:
    """What all listeners with one certificate have in common.

    Attributes:
        context: what the next handshake shows and demands.
    """

    def __init__(self, tls: Tls) -> None:
        """Read the files; raises OptionError as ``server_context`` does."""
        self._tls = tls
        self._logged_at = float("-inf")
        self._unsaid = 0
        self.context: ssl.SSLContext = server_context(tls)

    def reload(self) -> None:
        """Read the files again, for the connections to come.

        Wrong ones are logged, and those that were read before stay in use.
        """
        try:
            self.context = server_context(self._tls)
        except OptionError as error:
            _log.error(
                "the TLS files are as they were: %s",
                error,
                extra={"action": "tls_not_reloaded"},
            )
        else:
            _log.info("the TLS files were read again", extra={"action": "tls_reloaded"})

    def report(self, host: str, error: Exception) -> None:
        """Log that a handshake failed; of many at a time only one."""
        if isinstance(error, ConnectionResetError):
            # It only looked whether the port is open.
            _log.debug(
                "%s left before its TLS handshake",
                host,
                extra={"action": "handshake_failed"},
            )
            return
        now = asyncio.get_running_loop().time()
        if now - self._logged_at < _QUIET:
            self._unsaid += 1
            return
        others = f" (and {self._unsaid} others before)" if self._unsaid else ""
        _log.info(
            "the TLS handshake with %s failed: %s%s",
            host,
            _cause(error),
            others,
            extra={"action": "handshake_failed"},
        )
        self._logged_at = now
        self._unsaid = 0


class TlsListener:
    """Accepts connections on one listening socket until it is closed."""

    def __init__(
        self,
        listener: socket.socket,
        handshakes: Handshakes,
        factory: Callable[[], asyncio.Protocol],
    ) -> None:
        """Accept on the running event loop; ``listener`` is closed at the end."""
        self._listener = listener
        self._handshakes = handshakes
        self._factory = factory
        self._loop = asyncio.get_running_loop()
        # The oldest first.
        self._unfinished: dict[asyncio.Task[None], float] = {}
        self._has_room = asyncio.Event()
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accept no more connections, and end the handshakes under way."""
        self._accepting.cancel()
        for task in self._unfinished:
            task.cancel()

    async def _accept(self) -> None:
        try:
            while True:
                await self._make_room()
                try:
                    accepted = await self._loop.sock_accept(self._listener)
                except OSError as error:
                    _log.error(
                        "cannot accept connections: %s",
                        error.strerror,
                        extra={"action": "accept_failed"},
                    )
                    await asyncio.sleep(_RELIEF)
                else:
                    self._begin(*accepted)
        finally:
            self._listener.close()

    async def _make_room(self) -> None:
        """Wait until another handshake may begin."""
        while len(self._unfinished) >= _MOST:
            oldest, began = next(iter(self._unfinished.items()))
            self._has_room.clear()
            patience = began + _SOME_TIME - self._loop.time()
            try:
                await asyncio.wait_for(self._has_room.wait(), max(0.0, patience))
            except TimeoutError:
                oldest.cancel()
                self._forget(oldest)

    def _begin(self, connection: socket.socket, address: tuple[str, int]) -> None:
        task = self._loop.create_task(self._shake_hands(connection, address[0]))
        self._unfinished[task] = self._loop.time()
        task.add_done_callback(partial(self._end, connection))

    def _end(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            # The event loop may not even have begun with it.
            connection.close()
        self._forget(task)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._unfinished.pop(task, None)
        self._has_room.set()

    async def _shake_hands(self, connection: socket.socket, host: str) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: SlicedTransport(self._factory()),
                connection,
                ssl=self._handshakes.context,
                ssl_handshake_timeout=_PATIENCE,
                ssl_shutdown_timeout=_LAST_READ,
            )
        except OSError as error:
            self._handshakes.report(host, error)


def _cause(error: Exception) -> str:
    if isinstance(error, ConnectionAbortedError):
        return f"it was not done after {_PATIENCE:.0f} seconds"
    return reason(error)
