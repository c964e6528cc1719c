"""Listening sockets: those of the options, and those that were handed over."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from functools import partial

from geartrain.errors import StartError
from geartrain.server.connection import Connection
from geartrain.server.driver import Driver
from geartrain.server.handshakes import Handshakes, TlsListener
from geartrain.server.options import Options
from geartrain.server.web import WebConnection
from geartrain.transport.address import Address
from geartrain.transport.listeners import SocketFile, address_of, bind

__all__ = ["Sockets"]

_log = logging.getLogger("geartrain.server")

_ConnectionFactory = Callable[[], Connection]


class Sockets:
    """What a job server listens on, and what serves the connections of each.

    Attributes:
        job_addresses: where jobs are taken, as it was said, with the ports that the
            system chose.
    """

    def __init__(
        self,
        options: Options,
        handed_over: Sequence[socket.socket],
        admin_handed_over: Sequence[socket.socket],
    ) -> None:
        """Prepare to listen on what was handed over, or else where ``options`` say.

        Where there is something for administration, connections to anything else may
        only look.
        """
        self.job_addresses: list[Address] = []
        self._options = options
        self._handed_over = handed_over
        self._admin_handed_over = admin_handed_over
        self._sockets: list[socket.socket] = []
        self._factories: list[_ConnectionFactory] = []
        self._files: list[SocketFile] = []
        self._listeners: list[asyncio.AbstractServer | TlsListener] = []

    def open(self, driver: Driver) -> None:
        """Bind all sockets; ``listen`` then takes connections.

        Raises:
            ListenError: it cannot listen on one of the addresses.
        """
        self._take_over(driver)
        admin = self._admin_handed_over or self._options.admin_addresses
        for address in () if self._handed_over else self._options.addresses:
            factory = driver.accept(address.is_local)
            self._bind(address, _confined(factory) if admin else factory)
            port = address_of(self._sockets[-1]).port
            self.job_addresses.append(address._replace(port=port))
        for address in () if self._admin_handed_over else self._options.admin_addresses:
            self._bind(address, driver.accept(address.is_local))
        for address in self._options.web_addresses:
            is_newer = self._options.compat == "2.0"
            self._bind(address, partial(WebConnection, driver, is_newer))

    def _take_over(self, driver: Driver) -> None:
        """Take what was handed over; the files of unix sockets are not ours then."""
        admin = self._admin_handed_over or self._options.admin_addresses
        for listener in (*self._handed_over, *self._admin_handed_over):
            address = address_of(listener)
            factory = driver.accept(address.is_local)
            is_open = not admin or listener in self._admin_handed_over
            self._sockets.append(listener)
            self._factories.append(factory if is_open else _confined(factory))
            if listener in self._handed_over:
                self.job_addresses.append(address)

    def _bind(self, address: Address, factory: _ConnectionFactory) -> None:
        """Bind the sockets of an address."""
        bound = bind(address, self._options.backlog, self._options.socket_mode)
        self._sockets.extend(bound)
        self._factories.extend([factory] * len(bound))
        if address.path:
            self._files.append(SocketFile(address.path))

    def addresses(self) -> list[str]:
        """Return where it listens."""
        return [str(address_of(listener)) for listener in self._sockets]

    async def listen(self, handshakes: Handshakes | None) -> None:
        """Take connections from now on; by TLS where there are ``handshakes``."""
        for listener, factory in zip(self._sockets, self._factories, strict=True):
            self._listeners.append(await self._listen(listener, factory, handshakes))

    async def _listen(
        self,
        listener: socket.socket,
        factory: _ConnectionFactory,
        handshakes: Handshakes | None,
    ) -> asyncio.AbstractServer | TlsListener:
        loop = asyncio.get_running_loop()
        backlog = self._options.backlog
        if listener.family == socket.AF_UNIX:
            return await loop.create_unix_server(
                factory, sock=listener, backlog=backlog
            )
        if handshakes is not None:
            return TlsListener(listener, handshakes, factory)
        return await loop.create_server(factory, sock=listener, backlog=backlog)

    def close(self) -> None:
        """Take no more connections."""
        for listener in self._listeners:
            listener.close()
        self._remove_files()

    def give_up(self) -> None:
        """Undo what a start that has failed has opened; it may be opened again."""
        for listener in self._sockets:
            listener.close()
        self._remove_files()
        self._sockets, self._factories, self._files = [], [], []
        self.job_addresses = []

    def _remove_files(self) -> None:
        """Remove the files of unix sockets; a folder may forbid it."""
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

    def give_to(self, uid: int, gid: int) -> None:
        """Make the user that the process will run as the owner of its unix sockets.

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


def _confined(factory: _ConnectionFactory) -> _ConnectionFactory:
    """Return what makes connections that may only look."""

    def make() -> Connection:
        connection = factory()
        connection.is_confined = True
        return connection

    return make
