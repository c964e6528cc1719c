"""A process tells whoever watches it that it is well."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import ParamSpec

import pytest

from geartrain.errors import ListenError, StartError
from geartrain.supervisor import liveness
from geartrain.supervisor.liveness import LivenessFile, LivenessPort

_Given = ParamSpec("_Given")


def in_a_loop(test: Callable[_Given, Awaitable[None]]) -> Callable[_Given, None]:
    """Run a test in an event loop of its own."""

    @functools.wraps(test)
    def run(*given: _Given.args, **named: _Given.kwargs) -> None:
        async def tested() -> None:
            await test(*given, **named)

        asyncio.run(tested())

    return run


@contextlib.asynccontextmanager
async def connected(
    port: LivenessPort, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port.port)
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def answer(port: LivenessPort, path: str = "/", host: str = "127.0.0.1") -> bytes:
    """Ask for a path, and return the whole answer."""
    async with connected(port, host) as (reader, writer):
        writer.write(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
        with contextlib.suppress(ConnectionError):
            return await reader.read()
    return b""


@contextlib.asynccontextmanager
async def served(host: str = "") -> AsyncIterator[LivenessPort]:
    port = LivenessPort(0, host)
    await port.start()
    try:
        yield port
    finally:
        port.stop()


@in_a_loop
async def test_http_says_how_it_is() -> None:
    async with served() as port:
        url = f"http://127.0.0.1:{port.port}/"
        with pytest.raises(urllib.error.HTTPError) as failure:
            await asyncio.to_thread(urllib.request.urlopen, url, timeout=5)
        assert failure.value.code == 503
        failure.value.close()
        port.is_healthy = True
        with await asyncio.to_thread(urllib.request.urlopen, url, timeout=5) as found:
            assert (found.status, found.read()) == (200, b"ok\n")


@in_a_loop
async def test_who_connects_and_asks_nothing_does_not_block_others() -> None:
    async with served() as port, connected(port):
        assert (await answer(port)).startswith(b"HTTP/1.1 503 ")


@in_a_loop
async def test_who_asks_nothing_is_disconnected() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(liveness, "_PATIENCE", 0.05)
        async with served() as port, connected(port) as (reader, _):
            assert await reader.read() == b""


@in_a_loop
async def test_too_many_connections_are_closed_until_others_end() -> None:
    async with served() as port:
        async with contextlib.AsyncExitStack() as silent:
            for _ in range(32):
                await silent.enter_async_context(connected(port))
            assert await answer(port) == b""
        async with asyncio.timeout(5):
            while not await answer(port):
                await asyncio.sleep(0.01)


def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"liveness port {port} cannot"):
            LivenessPort(port)


def test_the_file_is_touched_while_all_is_well_and_gone_at_the_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "alive"
    file = LivenessFile(str(path))
    file.tell(False)
    assert not path.exists()
    file.tell(True)
    os.utime(path, (1, 1))
    file.tell(False)
    assert path.stat().st_mtime == 1
    file.tell(True)
    assert path.stat().st_mtime > 1
    file.close()
    assert not path.exists()


def test_a_file_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "alive")
    with pytest.raises(StartError, match=f"liveness file {path} cannot be written"):
        LivenessFile(path)


@pytest.mark.parametrize("host", ["", "::", "::1"])
@in_a_loop
async def test_it_is_told_on_ipv6_too(host: str) -> None:
    try:
        async with served(host) as port:
            port.is_healthy = True
            assert (await answer(port, host="::1")).startswith(b"HTTP/1.1 200 ")
    except ListenError:
        pytest.skip("this machine has no IPv6")


@in_a_loop
async def test_it_may_be_told_to_this_machine_alone() -> None:
    async with served("localhost") as port:
        port.is_healthy = True
        assert (await answer(port, host="localhost")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["/ready", "/ready?now=1"])
@in_a_loop
async def test_whether_work_is_done_is_told_apart_from_life(path: str) -> None:
    async with served() as port:
        port.is_healthy = True
        assert (await answer(port, path)).startswith(b"HTTP/1.1 503 ")
        assert (await answer(port, "/readiness")).startswith(b"HTTP/1.1 200 ")
        port.is_ready = True
        assert (await answer(port, path)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_what_is_no_liveness_file_is_left_alone(what: str, tmp_path: Path) -> None:
    path, target = tmp_path / "alive", tmp_path / "precious"
    target.write_text("data")
    if what == "file":
        target.rename(path)
        target = path
    elif what == "link":
        path.symlink_to(target)
    else:
        path.mkdir()
    with pytest.raises(StartError, match="is no liveness file"):
        LivenessFile(str(path))
    assert target.read_text() == "data"


def test_what_a_run_before_has_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    path.touch()
    file = LivenessFile(str(path))
    assert not path.exists()
    file.tell(healthy=True)
    assert path.exists()
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    file.tell(healthy=True)
    assert not (tmp_path / "elsewhere").exists()
    file.close()
