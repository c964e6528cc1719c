"""The store at work on its thread, beside an engine and a real event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.engine.engine import Engine
from geartrain.engine.journal import Batch, JobRecord
from geartrain.engine.options import EngineOptions
from geartrain.engine.peers import Peer
from geartrain.errors import StoreError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.server.persistence import Persistence
from geartrain.stores.base import Store
from geartrain.stores.sqlite import SqliteStore


class SlowDisk(Store):
    """A SQLite file on a disk that can be made to stop, and to fail."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteStore(str(path), "os")
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.batches: list[Batch] = []
        self.failure = ""

    def open(self) -> int:
        return self._file.open()

    def load(self) -> Iterator[JobRecord]:
        return self._file.load()

    def commit(self, batch: Batch) -> None:
        assert self.may_commit.wait(10)
        if self.failure:
            raise StoreError(self.failure)
        self._file.commit(batch)
        self.batches.append(batch)

    def close(self) -> None:
        self._file.close()


class Scene:
    """An engine with its persistence, and one client."""

    def __init__(self, path: Path) -> None:
        self.engine = Engine(EngineOptions(handle_prefix=b"H:test"))
        self.disk = SlowDisk(path)
        self.persistence = Persistence(self.engine, self.disk)
        self.settled = asyncio.Event()
        self.persistence.on_settled = self.settled.set
        self.persistence.start()
        self.client = self.engine.connect(1, b"127.0.0.1", True)

    def submit(self, workload: bytes) -> None:
        data = request(PacketType.SUBMIT_JOB_BG, b"f", b"", workload)
        self.engine.receive(self.client, data, 1.0)
        self.persistence.pump()

    async def settle(self) -> None:
        """Wait until a batch was committed or refused, and go on with the next."""
        async with asyncio.timeout(10):
            await self.settled.wait()
        self.settled.clear()
        self.persistence.pump()

    def answers(self) -> bytes:
        sent: dict[Peer, list[bytes]] = dict(self.engine.take_unsent())
        return b"".join(sent.get(self.client, []))

    async def finish(self) -> None:
        done = asyncio.Event()
        self.persistence.finish(done.set)
        while not done.is_set():
            await self.settle()
        self.persistence.close()


def handles(batch: Batch) -> list[bytes]:
    return [record.handle for record in batch.added]


def test_what_comes_during_a_commit_goes_into_the_next(tmp_path: Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path / "queue.db")
        scene.disk.may_commit.clear()
        for number in range(5):
            scene.submit(b"%d" % number)
        assert scene.answers() == b""
        scene.disk.may_commit.set()
        await scene.settle()
        assert scene.answers().count(b"\0RES") == 1
        await scene.settle()
        assert scene.answers().count(b"\0RES") == 4
        _, first, second = scene.disk.batches
        assert handles(first) == [b"H:test:1"]
        assert len(handles(second)) == 4
        await scene.finish()

    asyncio.run(play())


def test_finishing_commits_and_answers_what_was_submitted(tmp_path: Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path / "queue.db")
        for number in range(3):
            scene.submit(b"%d" % number)
        await scene.finish()
        assert scene.answers().count(b"\0RES") == 3
        again = Scene(tmp_path / "queue.db")
        assert len(again.engine.state.jobs) == 3
        await again.finish()

    asyncio.run(play())


def test_a_failing_store_refuses_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        scene = Scene(tmp_path / "queue.db")
        scene.disk.failure = "no space left"
        for _ in range(2):
            scene.submit(b"w")
            await scene.settle()
            assert b"QUEUE_ERROR\0no space left" in scene.answers()
        scene.disk.failure = ""
        scene.submit(b"w")
        await scene.settle()
        assert b"H:test:3" in scene.answers()
        await scene.finish()

    with caplog.at_level(logging.INFO, "geartrain.server"):
        asyncio.run(play())
    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions == ["jobs_restored", "store_fails", "store_recovered"]


def test_submitters_are_to_wait_while_much_is_not_written(tmp_path: Path) -> None:
    async def play() -> None:
        scene = Scene(tmp_path / "queue.db")
        scene.disk.may_commit.clear()
        scene.submit(b"first")
        assert not scene.persistence.is_behind()
        for _ in range(65):
            scene.submit(bytes(1024 * 1024))
        assert scene.persistence.is_behind()
        scene.disk.may_commit.set()
        await scene.settle()
        assert not scene.persistence.is_behind()
        await scene.finish()

    asyncio.run(play())


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    async def play() -> None:
        Scene(tmp_path)

    with pytest.raises(StoreError, match=str(tmp_path)):
        asyncio.run(play())
