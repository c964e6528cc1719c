"""Connect to a job server, and find out which one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from geartrain.errors import OptionError
from geartrain.transport.address import Address, parse_address
from geartrain.transport.keepalive import set_keepalive

if TYPE_CHECKING:
    from geartrain.transport.tls import RenewedContext, Tls

__all__ = [
    "DEFAULT_SERVER",
    "Connector",
    "Servers",
    "SocketConnector",
    "connectors",
    "default_servers",
    "probe",
    "reason",
]

DEFAULT_SERVER: Final = "127.0.0.1:4730"

# Seconds of silence before the first probe, seconds between probes, and how many
# stay unanswered before the job server is given up.
_IDLE, _INTERVAL, _COUNT = 60, 15, 4


class Connector(Protocol):
    """A way to a job server; ``str()`` of it is what errors call it."""

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection, as ``SocketConnector.connect`` does.

        Raises:
            OSError: there is no way now.
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
    """

    def __init__(self, address: Address, tls: Tls | None = None) -> None:
        """Prepare to connect; raises OptionError where a file of ``tls`` is wrong."""
        self.address = address
        self.host = address.host or "127.0.0.1"
        self.context: RenewedContext | None = None
        self.name = ""
        if tls is not None and not address.path:
            from geartrain.transport.tls import RenewedContext

            self.context = RenewedContext(tls)
            self.name = tls.name or self.host.partition("%")[0]

    def __str__(self) -> str:
        return str(self.address)

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a connection that is ready to be written to.

        The name is looked up each time, and all its addresses are tried in turn.
        ``timeout`` is the most seconds that each address, and the TLS handshake, may
        take, None without limit; it stays the timeout of the socket.

        Raises:
            OSError: nobody answers; ``reason`` puts it in words.
        """
        try:
            if self.address.path:
                return _connect_unix(self.address.path, timeout)
            return self._connect_tcp(timeout)
        except OSError:
            raise
        except ValueError as error:
            # A name that cannot be looked up, or a path that no file can have.
            raise OSError(str(error)) from None

    def _connect_tcp(self, timeout: float | None) -> socket.socket:
        connection = socket.create_connection((self.host, self.address.port), timeout)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            probe(connection)
            if self.context is None:
                return connection
            return self.context.get().wrap_socket(connection, server_hostname=self.name)
        except BaseException:
            connection.close()
            raise


def _connect_unix(path: str, timeout: float | None) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def probe(connection: socket.socket) -> None:
    """Have the system find out within two minutes that a job server is gone."""
    set_keepalive(connection, _IDLE, _INTERVAL, _COUNT)


def default_servers() -> list[str]:
    """Return the job servers to use where none are named.

    The environment's GEARMAN_SERVERS has them, as libgearman takes it: parted by
    commas or white space. Without it there is one, 127.0.0.1:4730.
    """
    return _parted(os.environ.get("GEARMAN_SERVERS", "")) or [DEFAULT_SERVER]


def connectors(servers: Servers, tls: Tls | None = None) -> list[Connector]:
    """Return a way to each job server, in the order given, each once.

    ``servers`` is one or several; a text may hold several, parted by commas or white
    space. None is ``default_servers``. ``tls`` is for all that are named by a text.

    Raises:
        AddressError: a text names no address.
        OptionError: there is no job server in ``servers``, or a file of ``tls`` is
            wrong.
    """
    if servers is None:
        servers = default_servers()
    elif isinstance(servers, str) or not isinstance(servers, Iterable):
        servers = [servers]
    found: dict[Address | Connector, Connector] = {}
    for server in servers:
        if not isinstance(server, str):
            found[server] = server
            continue
        for text in _parted(server):
            address = parse_address(text)
            if address not in found:
                found[address] = SocketConnector(address, tls)
    if not found:
        raise OptionError("no job server is named: give host:port or unix:/path")
    return list(found.values())


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
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
