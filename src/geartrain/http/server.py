"""The HTTP server: its listeners and its life, beside the job server's.

It runs on the job server's own event loop, and its requests reach that by connections
within the process (``server.pipes``). The alternative was a thread with a loop of its
own, and a socket pair for each request. Both were measured with 200 requests a second,
half of them submissions and half lists, beside an ECHO every 2 ms; on two cores that
were busy with other things, so only the comparison counts (medians of three runs):

====================================  ========  =========  ======
..                                    no HTTP   this loop  thread
====================================  ========  =========  ======
CPU of a request                      -         0.76 ms    0.98 ms
an answer, median                     -         0.7 ms     1.1 ms
an answer, p99                        -         7 ms       15 ms
ECHO p99, else idle                   5.3 ms    5.9 ms     6.0 ms
ECHO median, with jobs at full load   0.12 ms   0.36 ms    1.3 ms
ECHO p99, with jobs at full load      36 ms     30 ms      46 ms
jobs a second at full load            7,000     5,900      6,400
====================================  ========  =========  ======

A thread shares the interpreter's lock: each time that the job server's loop has waited
for the kernel, it has to get the lock back from whatever Python runs in the thread. On
one loop a request holds it up only by one step at a time, and steps are short: lists
are passed on in pieces, and rows are not parsed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import Server as Uvicorn

from geartrain.errors import ListenError, StartError
from geartrain.http.app import make_app
from geartrain.http.bridge import Bridge
from geartrain.http.gate import Gate
from geartrain.http.protocol import BoundedProtocol
from geartrain.server.handshakes import Handshakes, TlsListener
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.transport.address import Address
from geartrain.transport.listeners import SocketFile, address_of, bind

__all__ = ["HttpServer"]

_log = logging.getLogger("geartrain.http")

# Bytes of a request's line and headers.
_MAX_HEADERS: Final = 64 * 1024
# Seconds that a connection may be idle between two requests.
_IDLE: Final = 60
# Seconds between two readings of the clock for the Date header.
_TICK: Final = 1.0
# Seconds that a stop waits for answers to be sent.
_LAST_ANSWERS: Final = 3.0


class HttpServer:
    """The HTTP face of one job server, on the running event loop.

    Attributes:
        addresses: the URLs of where it listens, once bound.
    """

    def __init__(
        self,
        options: Options,
        server: Server,
        dashboard: Callable[[Bridge, Gate], ASGIApp],
    ) -> None:
        """Serve what a job server knows, which need not have started.

        ``dashboard`` returns the application that has the pages.

        Raises:
            OptionError: a file of TLS or passwords cannot be read, or is not what it
                should be.
            StartError: the file of the token cannot be read, or has none.
        """
        self.addresses: list[str] = []
        self._options = options
        self._bridge = Bridge(server.connect, options.max_packet, server.recovery)
        self._gate = Gate(options, server.rules)
        self._pages = dashboard(self._bridge, self._gate)
        self._sockets: list[socket.socket] = []
        self._files: list[SocketFile] = []
        self._handshakes = Handshakes(options.http_tls) if options.http_tls else None
        self._listeners: list[asyncio.AbstractServer | TlsListener] = []
        self._clock: asyncio.Task[None] | None = None

    def bind(self, handed: Sequence[socket.socket] = ()) -> None:
        """Take the addresses, or else the listening sockets that were handed over.

        Raises:
            ListenError: one cannot be had; none is kept.
            StartError: one can be reached from other machines, and no token is needed.
        """
        options = self._options
        self._sockets += handed
        for listener in handed:
            self._check(address_of(listener))
        try:
            for address in () if handed else options.http_addresses:
                self._sockets += bind(address, options.backlog, options.socket_mode)
                if address.path:
                    self._files.append(SocketFile(address.path))
        except ListenError:
            self.close()
            raise
        scheme = "https" if self._handshakes else "http"
        self.addresses = [_url(listener, scheme) for listener in self._sockets]

    def _check(self, address: Address) -> None:
        """Raise StartError where HTTP would be open to all who reach an address."""
        if not (address.is_local or self._gate.is_closed):
            self.close()
            raise StartError(
                f"HTTP is to be served on {address}, which was handed over and can be"
                " reached from other machines: name a --http-token-file as well, or"
                " another way to say who may ask (docs/access.md)"
            )

    async def start(self) -> None:
        """Serve from now on."""
        config = Config(
            make_app(self._bridge, self._gate, self._pages, self._options.http_prefix),
            http=BoundedProtocol,
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE,
            h11_max_incomplete_event_size=_MAX_HEADERS,
        )
        config.load()
        # Below that it warns of what clients do, without saying which.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._uvicorn = Uvicorn(config)
        self._state = self._uvicorn.server_state

        def connected() -> BoundedProtocol:
            return BoundedProtocol(config, self._state, {})

        for listener in self._sockets:
            self._listeners.append(await self._listen(listener, connected))
        await self._uvicorn.on_tick(0)
        self._clock = asyncio.ensure_future(self._tick())

    async def _listen(
        self, listener: socket.socket, factory: Callable[[], BoundedProtocol]
    ) -> asyncio.AbstractServer | TlsListener:
        is_unix = listener.family == socket.AF_UNIX
        if self._handshakes is not None and not is_unix:
            return TlsListener(listener, self._handshakes, factory)
        loop = asyncio.get_running_loop()
        create: Any = loop.create_unix_server if is_unix else loop.create_server
        server: asyncio.AbstractServer = await create(
            factory, sock=listener, backlog=self._options.backlog
        )
        return server

    def reload(self) -> None:
        """Read its files again; wrong ones are logged and change nothing."""
        self._gate.reload()
        if self._handshakes is not None:
            self._handshakes.reload()

    async def _tick(self) -> None:
        """Keep the Date header right, and end logins that are over."""
        while True:
            await asyncio.sleep(_TICK)
            await self._uvicorn.on_tick(0)
            self._gate.logins.sweep()

    def give_sockets_to(self, uid: int, gid: int) -> None:
        """Make a user the owner of the unix sockets.

        Raises:
            StartError: the system refused.
        """
        for file in self._files:
            try:
                file.give_to(uid, gid)
            except OSError as error:
                raise StartError(
                    f"cannot give {file.path} to the user: {error.strerror}"
                ) from None

    def stop_listening(self) -> None:
        """Accept nobody any more; what was asked is answered."""
        for listener in self._listeners:
            listener.close()
        self.close()
        self._bridge.stop()
        if self._clock is not None:
            for connection in list(self._state.connections):
                connection.shutdown()

    async def wait_closed(self) -> None:
        """Return once all is answered, or nobody has read it for a while."""
        if self._clock is None:
            return
        self._clock.cancel()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LAST_ANSWERS
        while self._state.connections and loop.time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self._state.connections):
            connection.transport.abort()

    def close(self) -> None:
        """Give up the addresses."""
        for listener in self._sockets:
            listener.close()
        for file in self._files:
            try:
                file.remove()
            except OSError as error:
                _log.warning(
                    "%s stays behind: %s",
                    file.path,
                    error.strerror,
                    extra={"action": "socket_left"},
                )
        self._sockets, self._files = [], []


def _url(listener: socket.socket, scheme: str) -> str:
    where = str(address_of(listener))
    return f"http+{where}" if where.startswith("unix:") else f"{scheme}://{where}"
