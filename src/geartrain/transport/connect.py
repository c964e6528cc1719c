"""Connect to a job server, and find out which one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from geartrain.errors import AddressError, OptionError
from geartrain.transport.address import Address, parse_address
from geartrain.transport.dialling import TimeLimit, dial, dial_unix, greet
from geartrain.transport.keepalive import set_keepalive
from geartrain.transport.lookup import look_up
from geartrain.transport.tokens import GivenToken, introduce, token_of

if TYPE_CHECKING:
    from geartrain.transport.tls import RenewedContext, Tls

__all__ = [
    "DEFAULT_SERVER",
    "SERVERS",
    "Connector",
    "Servers",
    "SocketConnector",
    "connectors",
    "default_servers",
    "probe",
    "reason",
    "server_address",
]

DEFAULT_SERVER: Final = "127.0.0.1:4730"

SERVERS: Final = "GEARMAN_SERVERS"
"""The environment variable that names job servers, as libgearman takes it."""

# What the system has room for, less the NUL at the end (unix(7)).
_MAX_PATH: Final = 107

# Seconds of silence before the first probe, seconds between probes, and how many
# stay unanswered before the job server is given up.
_IDLE, _INTERVAL, _COUNT = 60, 15, 4


class Connector(Protocol):
    """A way to a job server; ``str()`` of it is what errors call it."""

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection, as ``SocketConnector.connect`` does.

        Raises:
            OSError: it cannot be reached now.
        """


Servers: TypeAlias = str | Connector | Iterable[str | Connector] | None


class SocketConnector:
    """Connects to an address, by TLS if it is told so.

    A unix socket is spoken to plainly, with or without ``tls``: what is said there
    does not leave the machine.

    Attributes:
        address: where the job server listens; no host is this machine.
        context: what makes the TLS; None for none.
        name: what the job server's certificate must be for.
        token: what is shown the job server first; None for nothing.
    """

    def __init__(
        self, address: Address, tls: Tls | None = None, token: GivenToken = None
    ) -> None:
        """Prepare to connect, by TLS if it is given, and showing a token if one is.

        Raises:
            OptionError: ``tls`` or its files are wrong, the token is none, or its file
                cannot be read.
        """
        self.token = token_of(token)
        if self.token is not None:
            self.token.check()
        self.address = address
        self.host = address.host or "127.0.0.1"
        self.context: RenewedContext | None = None
        self.name = ""
        if tls is not None and not address.path:
            from geartrain.transport.tls import RenewedContext, Tls

            if not isinstance(tls, Tls):
                raise OptionError(
                    f"tls={tls!r}: give a Tls, as Tls(ca='ca.pem'), or None"
                )
            self.context = RenewedContext(tls)
            self.name = _certified(tls.name or self.host)

    def __str__(self) -> str:
        return str(self.address)

    def connect(
        self, timeout: float | None, is_wanted: Callable[[], bool] | None = None
    ) -> socket.socket:
        """Return a connection that is ready to be written to.

        The name is looked up each time, and all its addresses are tried: the next one
        as soon as the one before refuses, or is silent for a moment. ``timeout`` is the
        most seconds that all of it may take, the look-up and the TLS handshake
        included, None without limit; it stays the timeout of the socket.

        ``is_wanted`` is asked now and then; it gives up where that says no.

        Raises:
            OSError: nobody answers; ``reason`` puts it in words.
        """
        limit = TimeLimit(timeout, is_wanted)
        try:
            if self.address.path:
                connection = dial_unix(self.address.path, limit)
            else:
                connection = self._connect_tcp(limit)
        except OSError:
            raise
        except ValueError as error:
            # A name that cannot be looked up, or a path that no file can have.
            raise OSError(str(error)) from None
        try:
            if self.token is not None:
                introduce(connection, self.token, limit)
            connection.settimeout(timeout)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_tcp(self, limit: TimeLimit) -> socket.socket:
        addresses = look_up(self.host, self.address.port, limit.left(), limit.is_wanted)
        connection = dial(addresses, limit)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            probe(connection)
            if self.context is None:
                return connection
            return greet(connection, self.context.get(), self.name, limit)
        except BaseException:
            connection.close()
            raise


def _certified(host: str) -> str:
    """Return the name that a host's certificate has to be for.

    No certificate holds the dot at the end of a whole name, nor a zone, which means
    something on this machine alone.
    """
    return host.partition("%")[0].removesuffix(".")


def probe(connection: socket.socket) -> None:
    """Have the system find out within two minutes that a job server is gone."""
    set_keepalive(connection, _IDLE, _INTERVAL, _COUNT)


def default_servers() -> list[str]:
    """Return the job servers to use where none are named.

    The environment's GEARMAN_SERVERS has them, as libgearman takes it: parted by
    commas or white space. Without it there is one, 127.0.0.1:4730.

    Raises:
        AddressError: one of them is no address; it names the variable.
    """
    found = _parted(os.environ.get(SERVERS, ""))
    for text in found:
        try:
            server_address(text)
        except AddressError as error:
            raise AddressError(f"the environment's GEARMAN_SERVERS: {error}") from None
    return found or [DEFAULT_SERVER]


def connectors(
    servers: Servers, tls: Tls | None = None, token: GivenToken = None
) -> list[Connector]:
    """Return a connector for each job server, in the order given, without repeats.

    ``servers`` is one or several; a text may hold several, parted by commas or white
    space. None is ``default_servers``. ``tls`` and ``token`` are for all that are named
    by a text.

    Raises:
        AddressError: a text names no address; it says so if that is in the environment.
        OptionError: there is no job server in ``servers``, a file of ``tls`` is wrong,
            or ``token`` is none.
    """
    if servers is None:
        servers = default_servers()
    elif isinstance(servers, str | bytes) or not isinstance(servers, Iterable):
        servers = [servers]
    found: dict[Address | Connector, Connector] = {}
    for server in servers:
        if not isinstance(server, str):
            if not callable(getattr(server, "connect", None)):
                raise OptionError(
                    f"{server!r} is no job server: give a text such as host:port"
                )
            found[server] = server
            continue
        for text in _parted(server):
            address = server_address(text)
            if address not in found:
                found[address] = SocketConnector(address, tls, token)
    if not found:
        raise OptionError("no job server is named: give host:port or unix:/path")
    return list(found.values())


def server_address(text: str) -> Address:
    """Read the address of a job server, as ``parse_address`` does.

    Raises:
        AddressError: the text is no address, or not one to connect to.
    """
    address = parse_address(text)
    if not address.path and not address.port:
        raise AddressError(f"{text!r}: no job server listens on port 0")
    if len(os.fsencode(address.path)) > _MAX_PATH:
        raise AddressError(
            f"{text!r}: the path of a unix socket has at most {_MAX_PATH} bytes"
        )
    return address


def _parted(text: str) -> list[str]:
    return text.replace(",", " ").split()


def reason(error: Exception) -> str:
    """Return why a connection could not be made, or was lost, in words."""
    said = getattr(error, "verify_message", None)
    if said:
        return f"its certificate is not to be trusted: {str(said).rstrip('.')}"
    said = getattr(error, "reason", None)
    if isinstance(said, str):
        return f"TLS: {said.replace('_', ' ').lower()}"
    said = getattr(error, "strerror", None) or str(error)
    number = getattr(error, "errno", None)
    if number and said.startswith("Connect call failed"):
        # So asyncio says it, whatever the system's reason was.
        said = os.strerror(number)
    return said or type(error).__name__
