"""Which job servers ``gearman`` speaks to, and when it gives up."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from geartrain.cli.gearman_flags import GearmanFlags
from geartrain.cli.gearman_servers import LookupFailedError, ServerTracker, find_servers
from geartrain.errors import AddressError, OptionError
from geartrain.transport.connect import connectors
from tests.support.servers import free_port


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEARMAN_SERVER", "GEARMAN_SERVERS"):
        monkeypatch.delenv(name, raising=False)


def found(*words: str) -> list[str]:
    """Return the job servers of a command line."""
    return [str(each) for each in find_servers(GearmanFlags(["-f", "a", *words]))]


@pytest.mark.parametrize(
    ("words", "server"),
    [
        ([], "localhost:4730"),
        (["-p", "4731"], "localhost:4731"),
        (["-h", "127.0.0.2"], "127.0.0.2:4730"),
        (["-h", "::1", "-p", "1"], "[::1]:1"),
        (["-h", "unix:/run/gearmand"], "unix:/run/gearmand"),
    ],
)
def test_host_and_port(words: list[str], server: str) -> None:
    assert found(*words) == [server]


def test_the_environment_names_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEARMAN_SERVERS", "127.0.0.1:1,127.0.0.2")
    assert found() == ["127.0.0.1:1", "127.0.0.2:4730"]
    assert found("-p", "7") == ["localhost:7"]
    monkeypatch.setenv("GEARMAN_SERVER", "127.0.0.3:3")
    assert found("-p", "7") == ["127.0.0.3:3"]


def test_what_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupFailedError, match=r"nowhere\.invalid:4730 getaddrinfo:"):
        found("-h", "nowhere.invalid")
    with pytest.raises(AddressError, match="70000 is no port"):
        found("-p", "70000")
    monkeypatch.setenv("GEARMAND_CA_CERTIFICATE", "/no/ca.pem")
    with pytest.raises(OptionError, match=r"/no/ca\.pem"):
        found("-S")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_it_gives_up_once_all_have_failed(listener: socket.socket) -> None:
    told: list[str] = []
    dead = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    alive = f"127.0.0.1:{listener.getsockname()[1]}"
    tracker = ServerTracker(connectors([*dead, alive]), told.append)
    first, second, third = tracker.connectors
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            first.connect(5)
    third.connect(5).close()
    with pytest.raises(ConnectionRefusedError):
        second.connect(5)
    assert told == []
    listener.close()
    for way in (first, third):
        with pytest.raises(ConnectionRefusedError):
            way.connect(None)
    assert told == [alive]
