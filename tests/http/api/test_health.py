"""Whether the job server is alive, and whether it takes jobs."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from geartrain.dashboard.mount import Dashboard
from geartrain.engine.inventory import Inventory
from geartrain.http.api.health import reasons
from geartrain.http.server import HttpServer as HttpFace
from geartrain.server import server as server_module
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.stores.base import Recovery
from geartrain.stores.memory import MemoryStore
from geartrain.stores.sqlite.store import SqliteStore
from geartrain.transport.address import Address
from tests.support.http_client import HttpServer, Reply, running_http
from tests.support.servers import (
    Log,
    free_port,
    geartrain_command,
    stop,
    wait_until_listening,
)
from tests.support.store_records import batch, record


def test_a_server_is_alive_and_ready(server: HttpServer) -> None:
    assert server.get("/livez").json == {"status": "live"}
    assert server.get("/readyz").json == {"status": "ready", "reasons": []}


def test_a_server_whose_store_refuses_is_not_ready(tmp_path: Path) -> None:
    store = tmp_path / "jobs.db"
    with running_http("--store", f"sqlite://{store}") as server:
        assert server.get("/readyz").status == 200
        # Its file goes away, which it notices within a second or two.
        store.unlink()
        for _ in range(100):
            reply = server.get("/readyz")
            if reply.status != 200:
                break
            time.sleep(0.1)
        assert (reply.status, reply.json["status"]) == (503, "not ready")
        assert reply.json["reasons"] == ["store refusing"]
        assert str(tmp_path) not in reply.body.decode()
        assert server.get("/livez").status == 200


class SlowStore(MemoryStore):
    """A store that opens when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_open = threading.Event()

    def open(self) -> Inventory:
        self.may_open.wait(30)
        return super().open()


def test_a_server_that_opens_its_store_is_alive_and_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = SlowStore()
    monkeypatch.setattr(server_module, "make_store", lambda *_: store)
    options = Options(
        listen=(), store="memory:", http=(Address(host="127.0.0.1", port=0),)
    )

    async def run() -> None:
        server = Server(options)
        http = HttpFace(options, server, Dashboard)
        http.bind()
        await http.start()
        port = int(http.addresses[0].rpartition(":")[2])
        asker = HttpServer(None, port)  # type: ignore[arg-type]

        async def get(path: str) -> Reply:
            return await asyncio.to_thread(asker.get, path)

        starting = asyncio.ensure_future(server.start())
        assert (await get("/livez")).status == 200
        reply = await get("/readyz")
        assert (reply.status, reply.json["status"]) == (503, "recovering")
        assert reply.json["reasons"] == ["store opening"]
        store.recovery = Recovery("rebuilding", 2000, 30000)
        reply = await get("/readyz")
        assert reply.json["reasons"] == ["store rebuilding"]
        expected = {"step": "rebuilding", "done": 2000, "total": 30000}
        assert reply.json["progress"] == expected
        assert server.summary() == "rebuilding the store: 2,000 of 30,000 jobs read"
        reply = await get("/v1/functions")
        assert (reply.status, reply.kind) == (503, "unavailable")
        store.may_open.set()
        await starting
        assert (await get("/readyz")).json["status"] == "ready"
        assert (await get("/v1/functions")).status == 200
        server.when_stopping.append(http.stop_listening)
        server.abort()
        await server.wait_stopped()
        await http.wait_closed()

    asyncio.run(run())


@contextmanager
def opening(store: Path) -> Iterator[tuple[subprocess.Popen[bytes], HttpServer]]:
    """Run a server from the moment when HTTP answers."""
    port, log = free_port(), store.with_name("log")
    command = [*geartrain_command("geartrain"), "server", "--port", "0"]
    command += ["--store", f"sqlite://{store}", "--http", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until_listening(process, port, Log(log))
        yield process, HttpServer(None, port)  # type: ignore[arg-type]
    finally:
        stop(process)


def test_a_store_that_is_rebuilt_tells_how_far_it_is(tmp_path: Path) -> None:
    store = tmp_path / "jobs.db"
    with closing(SqliteStore(str(store), "memory")) as filled:
        filled.open()
        for start in range(1, 30_000, 1000):
            jobs = [record(number, b"w" * 50) for number in range(start, start + 1000)]
            filled.commit(batch(*jobs))
    with store.open("r+b") as file:
        # The kind of the first page, which lists the tables.
        file.seek(100)
        file.write(b"\xff")
    with opening(store) as (process, asker):
        while asker.get("/readyz").json["reasons"] != ["store rebuilding"]:
            time.sleep(0.01)
        # Nobody has to wait for the end of that.
        process.terminate()
        assert process.wait(2) == 0
    told = []
    with opening(store) as (_, asker):
        while (reply := asker.get("/readyz")).status != 200:
            assert asker.get("/livez").status == 200
            told.append(reply.json["progress"])
            time.sleep(0.02)
    rebuilt = [each["done"] for each in told if each["step"] == "rebuilding"]
    assert rebuilt == sorted(rebuilt)
    assert len(set(rebuilt)) > 3
    assert "has been made anew: 30000 jobs" in store.with_name("log").read_text()


@pytest.mark.parametrize(
    ("state", "store", "is_full", "told"),
    [
        ("running", "ok", False, []),
        ("stopping", "ok", False, ["stopping"]),
        ("running", "failing", True, ["store failing", "memory full"]),
    ],
)
def test_each_reason_is_told(
    state: str, store: str, is_full: bool, told: list[str]
) -> None:
    server = {"state": state, "memory": {"is_full": is_full}}
    assert reasons(server, {"state": store}) == told
