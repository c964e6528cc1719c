"""Job servers that speak TLS, and what they say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from geartrain.admin import Admin
from geartrain.errors import AdminError
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector
from geartrain.transport.tls import Tls
from tests.support.certificates import Issued
from tests.support.servers import (
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
)
from tests.support.waiting import PATIENCE
from tests.support.wire import (
    Neighbour,
)


@dataclass(frozen=True, kw_only=True)
class TlsServer(RunningServer):
    """A job server process that speaks TLS; tests connect with ``tls``."""

    tls: Tls

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        return SocketConnector(parse_address(self.address), self.tls).connect(timeout)

    def connect_plainly(self) -> socket.socket:
        return super().connect()


@contextmanager
def tls_server(shown: Issued, tls: Tls, *flags: str) -> Iterator[TlsServer]:
    """Run ``geartrain server`` over TLS; fail if it logged a traceback meanwhile."""
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    command += ["--port", str(port), *flags]
    command += ["--tls-cert", str(shown.cert), "--tls-key", str(shown.key)]
    with run_server(command, port) as server:
        yield TlsServer(**vars(server), tls=tls)
        log = server.log.read_text()
    assert "Traceback" not in log, log


@contextmanager
def unharmed(server: RunningServer) -> Iterator[Neighbour]:
    """Have a client and a worker work before and after the block."""
    with closing(Neighbour(server)) as neighbour:
        assert neighbour.is_unharmed()
        yield neighbour
        assert neighbour.is_unharmed()


def said(server: TlsServer, sentence: str) -> bool:
    return sentence in server.log.read_text()


def complaint(server: TlsServer, tls: Tls | None) -> str:
    """Return why the job server cannot be asked."""
    with pytest.raises(AdminError) as caught, Admin(server.address, 5.0, tls) as admin:
        admin.counters()
    return str(caught.value)


@contextmanager
def gearmand(*flags: str) -> Iterator[RunningServer]:
    port = free_port()
    command = [*geartrain_command("gearmand"), "-L", "127.0.0.1", "-p", str(port)]
    command += ["-l", "stderr", "--verbose", "INFO", *flags]
    with run_server(command, port) as server:
        yield server
