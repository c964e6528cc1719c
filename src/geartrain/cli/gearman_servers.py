"""The job servers of ``gearman``, and its complaints when it cannot reach them."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Final

from geartrain.cli.drop_in import libgearman_tls
from geartrain.cli.gearman_flags import GearmanFlags
from geartrain.errors import AddressError
from geartrain.texts import visible
from geartrain.transport.address import DEFAULT_PORT, Address
from geartrain.transport.connect import Connector, SocketConnector, connectors
from geartrain.transport.standard import write_soon

__all__ = ["LookupFailedError", "ServerTracker", "complain", "find_servers"]

# Seconds for connecting, as in libgearman.
_PATIENCE: Final = 4.0
# Seconds to wait for the reader of stderr.
_PATIENCE_WITH_STDERR: Final = 2.0


class LookupFailedError(Exception):
    """The system cannot look up a host's name."""


def complain(where: str, words: str) -> None:
    """Write an error to stderr, in the original's form."""
    sys.stdout.flush()
    line = visible(f"gearman: {where} : {words}") + "\n"
    # A full or closed stderr must not stop the worker.
    data = line.encode(sys.stderr.encoding, "backslashreplace")
    write_soon(2, data, _PATIENCE_WITH_STDERR)


def find_servers(flags: GearmanFlags) -> list[Connector]:
    """Return the job servers: GEARMAN_SERVER, else -h and -p, else GEARMAN_SERVERS.

    Without any of these it is localhost:4730.

    Raises:
        LookupFailedError: a name cannot be looked up.
        AddressError, OptionError: an address, or a file for TLS, is wrong.
    """
    tls = libgearman_tls() if "S" in flags.given else None
    named = os.environ.get("GEARMAN_SERVER", "")
    if not named and not flags.values.keys() & {"h", "p"}:
        named = os.environ.get("GEARMAN_SERVERS", "")
    if named.strip(", \t"):
        found = connectors(named, tls)
    else:
        found = [SocketConnector(_address(flags), tls)]
    for each in found:
        _look_up(each)
    return found


def _address(flags: GearmanFlags) -> Address:
    host = flags.values.get("h", "localhost")
    port = flags.number("p") or DEFAULT_PORT
    if host.startswith("unix:"):
        return Address(path=host.removeprefix("unix:"), port=0)
    if not 0 < port < 65536:
        raise AddressError(f"{port} is no port: use one from 1 to 65535")
    return Address(host=host, port=port)


def _look_up(connector: Connector) -> None:
    address = getattr(connector, "address", None)
    if not isinstance(address, Address) or address.path:
        return
    try:
        socket.getaddrinfo(address.host or "127.0.0.1", address.port)
    except (socket.gaierror, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LookupFailedError(f"{address} getaddrinfo:{reason}") from None


class _TrackedConnector:
    """A connector that reports whether its job server can be reached."""

    def __init__(self, tracker: ServerTracker, connector: Connector) -> None:
        self._tracker = tracker
        self._connector = connector

    def __str__(self) -> str:
        return str(self._connector)

    def connect(self, timeout: float | None) -> socket.socket:
        """Return a new connection, as ``SocketConnector.connect`` does."""
        limit = _PATIENCE if timeout is None else min(timeout, _PATIENCE)
        try:
            connection = self._connector.connect(limit)
        except OSError:
            self._tracker.missed(self)
            raise
        self._tracker.reached()
        return connection


class ServerTracker:
    """Knows which job servers can be reached.

    Attributes:
        connectors: one for each job server.
    """

    def __init__(
        self, found: Iterable[Connector], on_failure: Callable[[str], None]
    ) -> None:
        """Call ``on_failure`` with the last one's name when all have failed."""
        self.connectors = [_TrackedConnector(self, connector) for connector in found]
        self._on_failure = on_failure
        self._missed: set[_TrackedConnector] = set()

    def missed(self, connector: _TrackedConnector) -> None:
        """Note that a job server cannot be reached."""
        self._missed.add(connector)
        if len(self._missed) == len(self.connectors):
            self._missed.clear()
            self._on_failure(str(connector))

    def reached(self) -> None:
        """Note that a job server was reached."""
        self._missed.clear()
