"""The job servers and faces that these tests use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from geartrain.testing import LocalServer
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector
from geartrain.transport.tls import Tls
from tests.support.certificates import Authority
from tests.support.client_faces import Face, Place
from tests.support.servers import (
    free_port,
    geartrain_command,
    run_server,
    running_gearmand,
    running_geartrain,
)


@pytest.fixture(scope="package")
def geartrain() -> Iterator[Place]:
    with running_geartrain() as server:
        yield Place("geartrain", server.address, server.connect)


@pytest.fixture(scope="package")
def gearmand() -> Iterator[Place]:
    with running_gearmand() as server:
        yield Place("gearmand", server.address, server.connect)


@pytest.fixture(scope="package")
def unix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    where = f"unix:{tmp_path_factory.mktemp('unix') / 'socket'}"
    port = free_port()
    command = [*geartrain_command("geartrain"), "server", "--store", "memory:"]
    command += ["--listen", f"127.0.0.1:{port}", "--listen", where]
    with run_server(command, port):
        connect = partial(SocketConnector(parse_address(where)).connect, 10.0)
        yield Place("unix", where, connect)


@pytest.fixture(scope="package")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    shown = authority.issue("server")
    flags = ("--tls-cert", str(shown.cert), "--tls-key", str(shown.key))
    with running_geartrain(*flags) as server:
        trusting = Tls(ca=str(authority.ca))
        connector = SocketConnector(parse_address(server.address), trusting)
        connect = partial(connector.connect, 10.0)
        yield Place("tls", server.address, connect, trusting)


@pytest.fixture(scope="package")
def local() -> Iterator[Place]:
    with LocalServer() as server:
        yield Place("local", server, partial(server.connect, 10.0))


@pytest.fixture(params=["geartrain", "gearmand", "unix", "tls", "local"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["blocking", "asyncio"])
def face(request: pytest.FixtureRequest, place: Place) -> Face:
    return Face(request.param, place)


@pytest.fixture(params=["blocking", "asyncio", "uvloop"])
def plain_face(request: pytest.FixtureRequest, geartrain: Place) -> Face:
    """Give both faces at a Geartrain on TCP alone, and one on the other loop."""
    return Face(request.param, geartrain)


@pytest.fixture
def function(place: Place) -> str:
    return next(place.functions)
