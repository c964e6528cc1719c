"""The same worker over TCP, a unix socket, TLS and in one process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from geartrain.testing import LocalServer
from geartrain.transport.connect import Servers, connectors
from geartrain.transport.tls import Tls
from geartrain.worker import Retry
from tests.support.certificates import Authority
from tests.support.servers import free_port, geartrain_command, run_server
from tests.support.wire import Wire
from tests.support.worker_faces import Script, complete, outcome, running

Way = tuple[Servers, Tls | None]


@contextmanager
def over_tcp(folder: Path) -> Iterator[Way]:
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    with run_server([*command, "--port", str(port)], port) as server:
        yield server.address, None


@contextmanager
def over_unix(folder: Path) -> Iterator[Way]:
    port, path = free_port(), folder / "socket"
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    listen = ["--listen", f"127.0.0.1:{port}", "--listen", f"unix:{path}"]
    with run_server([*command, *listen], port):
        yield f"unix:{path}", None


@contextmanager
def over_tls(folder: Path) -> Iterator[Way]:
    authority = Authority(folder / "authority")
    shown, ours = authority.issue("server"), authority.issue("worker")
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    files = ["--tls-cert", str(shown.cert), "--tls-key", str(shown.key)]
    files += ["--tls-ca", str(authority.ca), "--port", str(port)]
    with run_server([*command, *files], port) as server:
        yield server.address, ours.tls(authority.ca)


@contextmanager
def in_process(folder: Path) -> Iterator[Way]:
    with LocalServer() as server:
        yield server, None


WAYS: dict[str, Any] = {
    "tcp": over_tcp,
    "unix": over_unix,
    "tls": over_tls,
    "process": in_process,
}


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with WAYS[request.param](tmp_path) as found:
        yield found


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_worker_works_whatever_the_way(
    script: Script, way: Way, concurrency: int
) -> None:
    servers, tls = way
    worker = script.make(servers, tls=tls, concurrency=concurrency, prefetch=2)
    worker.register("reverse", script.handler(lambda job: job.workload[::-1]))

    # Plain in both faces: an attempt is asked for by a blocking call.
    def again(job: Any) -> bytes:
        if job.attempt == 1:
            raise Retry(delay=0.01)
        return b"%d" % job.attempt

    worker.register("again", again)
    (connector,) = connectors(servers, tls)
    connection: socket.socket = connector.connect(10)
    connection.settimeout(15)
    with running(script, worker), Wire(connection) as wire:
        assert outcome(wire, b"reverse", b"abc") == complete(b"cba")
        large = bytes(range(256)) * 20_000
        for _ in range(3):
            assert outcome(wire, b"reverse", large) == complete(large[::-1])
        assert outcome(wire, b"again") == complete(b"2")
