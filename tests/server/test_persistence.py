"""The store at work on its thread, beside an engine and a real event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.engine import Engine
from geartrain.engine.model.health import FAILING, OK, REFUSING, Health
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindJob
from geartrain.errors import StoreError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.server import persistence, store_thread
from geartrain.server.persistence import Persistence
from geartrain.stores.base import ServerAwayError
from geartrain.stores.memory import MemoryStore
from geartrain.stores.sqlite.store import SqliteStore

COVERS = ("server/condition", "server/store_thread")

WINDOW = 3


class SlowDisk(SqliteStore):
    """A SQLite file on a disk that can be made to stop, and to fail.

    Attributes:
        may_commit: a commit waits for it.
        failure: why a commit is refused; empty if none is.
        is_full: new jobs alone are refused.
        is_away: a look finds no server.
        looks: how often it was looked at.
        defect: what a question runs into; None for nothing.
        batches: what was committed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), "os")
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.failure = ""
        self.is_full = self.is_away = False
        self.looks = 0
        self.defect: Exception | None = None
        self.batches: list[Batch] = []

    def commit(self, batch: Batch) -> None:
        assert self.may_commit.wait(10)
        if self.failure:
            raise StoreError(self.failure)
        if self.is_full and batch.added:
            raise StoreError("no room")
        super().commit(batch)
        self.batches.append(batch)

    def hang_up(self) -> None:
        self.may_commit.set()

    def probe(self, health: Health) -> None:
        self.looks += 1
        if self.is_away:
            raise ServerAwayError("nobody there")
        if self.failure or self.is_full:
            raise StoreError(self.failure or "no room")
        super().probe(health)

    def find_job(self, query: FindJob) -> None:
        if self.defect is not None:
            raise self.defect
        super().find_job(query)


class Scene:
    """An engine with its persistence, and one peer."""

    def __init__(self, path: Path, durability: str | None = "disk") -> None:
        self.engine = Engine(EngineOptions(handle_prefix=b"H:test", window=WINDOW))
        self.disk = SlowDisk(path)
        self.persistence = Persistence(self.engine, self.disk, durability)
        self.settled = asyncio.Event()
        self.persistence.on_settled = self.settled.set

    async def start(self) -> None:
        await self.persistence.start()
        self.peer = self.engine.connect(1, b"127.0.0.1", True)

    def send(self, data: bytes) -> None:
        self.engine.receive(self.peer, data, monotonic())
        self.persistence.pump()

    def run_job(self, number: int) -> None:
        """Have a job done by the peer itself."""
        handle = b"H:test:%d" % number
        self.send(request(PacketType.CAN_DO, b"f") + request(PacketType.GRAB_JOB))
        self.send(request(PacketType.WORK_COMPLETE, handle, b""))

    @property
    def health(self) -> Health:
        return self.engine.state.health

    def submit(self, workload: bytes) -> None:
        self.send(request(PacketType.SUBMIT_JOB_BG, b"f", b"", workload))

    async def settle(self) -> None:
        """Wait until a batch was committed or refused, and go on with the next."""
        async with asyncio.timeout(10):
            await self.settled.wait()
        self.settled.clear()
        self.persistence.pump()

    def answers(self) -> bytes:
        sent: dict[Peer, list[bytes]] = dict(self.engine.take_unsent())
        return b"".join(sent.get(self.peer, []))

    async def said(self, mark: bytes) -> bytes:
        """Wait for an answer with this in it, and return all answers."""
        found = self.answers()
        while mark not in found:
            await self.settle()
            found += self.answers()
        return found

    async def finish(self) -> None:
        done = asyncio.Event()
        self.persistence.finish(done.set)
        async with asyncio.timeout(10):
            while not done.is_set():
                self.persistence.pump()
                await asyncio.sleep(0.005)
        self.persistence.close()


def play(
    scene: Callable[[Scene], Awaitable[None]],
    path: Path,
    durability: str | None = "disk",
) -> None:
    """Have something happen in an event loop of its own."""

    async def act() -> None:
        acted = Scene(path / "queue.db", durability)
        await acted.start()
        await scene(acted)
        await acted.finish()

    asyncio.run(act())


def handles(batch: Batch) -> list[bytes]:
    return [record.handle for record in batch.added]


def test_what_comes_during_a_commit_goes_into_the_next(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.may_commit.clear()
        for number in range(5):
            scene.submit(b"%d" % number)
        assert scene.answers() == b""
        scene.disk.may_commit.set()
        await scene.settle()
        assert scene.answers().count(b"\0RES") == 1
        await scene.settle()
        assert scene.answers().count(b"\0RES") == 4
        first, second = scene.disk.batches[-2:]
        assert handles(first) == [b"H:test:1"]
        assert len(handles(second)) == 4

    play(scene, tmp_path)


def test_finishing_commits_and_answers_what_was_submitted(tmp_path: Path) -> None:
    async def submit(scene: Scene) -> None:
        for number in range(7):
            scene.submit(b"%d" % number)
        await scene.finish()
        assert scene.answers().count(b"\0RES") == 7

    async def look(scene: Scene) -> None:
        await scene.persistence.wait_paged()
        function = scene.engine.state.functions[b"f"]
        assert function.job_count() == 7
        assert function.ready_count() >= WINDOW

    play(submit, tmp_path)
    play(look, tmp_path)


def test_with_durability_memory_nobody_waits_and_an_orderly_stop_keeps_all(
    tmp_path: Path,
) -> None:
    async def submit(scene: Scene) -> None:
        await scene.settle()
        scene.disk.may_commit.clear()
        for number in range(7):
            scene.submit(b"%d" % number)
        assert scene.answers().count(b"H:test:") == 7
        scene.disk.may_commit.set()

    async def look(scene: Scene) -> None:
        assert scene.engine.state.functions[b"f"].job_count() == 7

    play(submit, tmp_path, "memory")
    play(look, tmp_path, "memory")


@pytest.mark.parametrize("is_full_to_the_end", [False, True])
def test_acknowledged_jobs_that_a_full_disk_refuses_are_counted_at_the_stop(
    is_full_to_the_end: bool, tmp_path: Path
) -> None:
    scenes: list[Scene] = []

    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.is_full = True
        for number in range(7):
            scene.submit(b"%d" % number)
        assert scene.answers().count(b"H:test:") == 7
        scene.run_job(1)
        await scene.settle()
        assert scene.health.state == REFUSING
        scene.disk.is_full = is_full_to_the_end
        scenes.append(scene)

    play(scene, tmp_path, "memory")
    assert scenes[0].persistence.unkept == (6 if is_full_to_the_end else 0)


def test_what_nobody_waits_for_is_committed_soon_all_the_same(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.submit(b"w")
        await scene.said(b"H:test:1")
        scene.send(request(PacketType.CAN_DO, b"f") + request(PacketType.GRAB_JOB))
        scene.send(request(PacketType.WORK_COMPLETE, b"H:test:1", b""))
        await scene.settle()
        assert list(scene.disk.batches[-1].ended) == [1]

    play(scene, tmp_path)


def test_a_question_is_answered_from_the_store(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        for number in range(7):
            scene.submit(b"w%d" % number)
        await scene.said(b"H:test:7")
        scene.send(b"job H:test:6\n")
        assert b'"workload": "w5"' in await scene.said(b".\n")
        scene.send(b"cancel job H:test:6\n")
        assert await scene.said(b"\n") == b"OK\r\n"
        scene.send(b"job H:test:6\n")
        assert b'"status": "cancelled"' in await scene.said(b".\n")

    play(scene, tmp_path)


def test_a_failing_store_refuses_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.failure = "no space left"
        for _ in range(2):
            scene.submit(b"w")
            assert b"QUEUE_ERROR\0no space left" in await scene.said(b"ERROR")
        scene.disk.failure = ""
        scene.submit(b"w")
        assert b"H:test:3" in await scene.said(b"H:test")

    with caplog.at_level(logging.INFO, "geartrain.server"):
        play(scene, tmp_path)
    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions == ["store_opened", "store_fails", "store_recovered"]


def test_ends_do_not_wait_because_new_jobs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "_PAUSE", 3600.0)

    async def scene(scene: Scene) -> None:
        for number in range(3):
            scene.submit(b"w%d" % number)
        await scene.said(b"H:test:3")
        scene.disk.is_full = True
        for number in (1, 2):
            scene.submit(b"new")
            assert b"QUEUE_ERROR\0no room" in await scene.said(b"ERROR")
            scene.run_job(number)
            await scene.settle()
            assert list(scene.disk.batches[-1].ended) == [number]
        scene.disk.is_full = False

    play(scene, tmp_path)


def test_ends_are_saved_where_new_jobs_are_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(scene: Scene) -> None:
        for number in range(3):
            scene.submit(b"w%d" % number)
        await scene.said(b"H:test:3")
        scene.disk.is_full = True
        for number in (1, 2):
            scene.run_job(number)
            scene.submit(b"new")
            assert b"QUEUE_ERROR\0no room" in await scene.said(b"ERROR")
            assert list(scene.disk.batches[-1].ended) == [number]
            assert scene.health.state == REFUSING
            assert scene.engine.state.journal.unsaved() == 0
        # Nobody submits, and all the same it is noticed that there is room.
        scene.disk.is_full = False
        async with asyncio.timeout(10):
            while scene.health.state != OK:
                await asyncio.sleep(0.01)
        scene.submit(b"new")
        assert b"H:test:6" in await scene.said(b"H:test")

    with caplog.at_level(logging.INFO, "geartrain.server"):
        play(scene, tmp_path)
    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions == ["store_opened", "store_fails", "store_recovered"]


@pytest.mark.parametrize("is_well_again", [False, True])
def test_ends_that_are_not_saved_are_told_and_counted_at_the_stop(
    is_well_again: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scenes: list[Scene] = []

    async def scene(scene: Scene) -> None:
        for number in range(3):
            scene.submit(b"w%d" % number)
        await scene.said(b"H:test:3")
        scene.disk.failure = "its disk fails"
        for number in (1, 2):
            scene.run_job(number)
            await scene.settle()
        assert scene.health.state == FAILING
        assert scene.health.reason == "its disk fails"
        if is_well_again:
            scene.disk.failure = ""
        scenes.append(scene)

    with caplog.at_level(logging.INFO, "geartrain.server"):
        play(scene, tmp_path)
    assert scenes[0].persistence.unsaved == (0 if is_well_again else 2)
    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions.count("ends_unsaved") == 1


def test_a_store_that_fails_without_a_submission_is_noticed(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.is_full = True
        async with asyncio.timeout(10):
            while scene.health.state == OK:
                await asyncio.sleep(0.01)
        assert scene.health.reason == "no room"

    play(scene, tmp_path)


def test_a_store_that_does_not_answer_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "_SLOW", 0.0)

    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.may_commit.clear()
        scene.submit(b"w")
        async with asyncio.timeout(10):
            while "store_slow" not in actions():
                await asyncio.sleep(0.01)
        scene.disk.may_commit.set()
        await scene.said(b"H:test:1")

    def actions() -> list[str]:
        return [getattr(record, "action", "") for record in caplog.records]

    play(scene, tmp_path)
    assert (actions().count("store_slow"), actions().count("store_answers")) == (1, 1)


def test_a_store_that_always_has_something_to_commit_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "_PROBE_INTERVAL", 0.01)

    async def scene(scene: Scene) -> None:
        await scene.settle()
        ended = asyncio.Event()

        def submit_another() -> None:
            if ended.is_set():
                scene.settled.set()
            else:
                scene.submit(b"w")

        scene.persistence.on_settled = submit_another
        scene.submit(b"w")
        seen, committed = scene.disk.looks, len(scene.disk.batches)
        async with asyncio.timeout(10):
            while len(scene.disk.batches) < committed + 500:
                await asyncio.sleep(0.01)
        assert scene.disk.looks > seen
        ended.set()
        await scene.settle()

    play(scene, tmp_path)


@pytest.mark.parametrize(("patience", "state"), [(3600.0, OK), (0.0, REFUSING)])
def test_a_server_that_is_restarted_is_told_by_commits_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float, state: str
) -> None:
    monkeypatch.setattr(persistence, "_PROBE_INTERVAL", 0.01)
    monkeypatch.setattr(store_thread, "_RESTART", patience)

    async def scene(scene: Scene) -> None:
        scene.disk.is_away = True
        seen = scene.disk.looks
        async with asyncio.timeout(10):
            while scene.disk.looks < seen + 4:
                await asyncio.sleep(0.01)
        assert scene.health.state == state
        scene.disk.is_away = False
        async with asyncio.timeout(10):
            while scene.health.state != OK:
                await asyncio.sleep(0.01)

    play(scene, tmp_path)


def test_a_server_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "_HANGING", 0.0)

    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.may_commit.clear()
        scene.submit(b"w")
        await scene.said(b"H:test:1")

    play(scene, tmp_path)


def test_a_question_is_answered_though_its_batch_was_refused(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        for number in range(7):
            scene.submit(b"w%d" % number)
        await scene.said(b"H:test:7")
        scene.disk.failure = "no space left"
        scene.submit(b"w")
        scene.send(request(PacketType.GET_STATUS, b"H:test:7"))
        answers = await scene.said(b"H:test:7\0")
        assert b"QUEUE_ERROR\0no space left" in answers
        assert b"H:test:7\x001\x000\x000\x000" in answers
        scene.disk.failure = ""

    play(scene, tmp_path)


def test_a_defect_in_an_answer_harms_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(scene: Scene) -> None:
        for number in range(7):
            scene.submit(b"w%d" % number)
        await scene.said(b"H:test:7")
        scene.disk.defect = KeyError("a bug")
        scene.send(b"job H:test:7\n")
        assert (await scene.said(b"\n")).startswith(b"ERR STORE_ERROR ")
        scene.disk.defect = None
        scene.submit(b"w")
        await scene.said(b"H:test:8")

    play(scene, tmp_path)
    assert "store_defect" in [
        getattr(record, "action", "") for record in caplog.records
    ]


@pytest.mark.parametrize("is_well_again", [False, True])
def test_a_server_stops_though_its_store_fails(
    tmp_path: Path, is_well_again: bool
) -> None:
    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.failure = "no space left"
        scene.submit(b"w")
        await scene.said(b"ERROR")
        if is_well_again:
            scene.disk.failure = ""
        done = asyncio.Event()
        scene.persistence.finish(done.set)
        async with asyncio.timeout(5):
            await done.wait()

    play(scene, tmp_path)


def test_a_commit_that_ends_while_the_store_is_closed_is_settled_once(
    tmp_path: Path,
) -> None:
    told: list[dict[str, object]] = []

    async def act() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: told.append(context)
        )
        scene = Scene(tmp_path / "queue.db")
        await scene.start()
        await scene.settle()
        scene.disk.failure = "taken over"
        scene.disk.may_commit.clear()
        scene.submit(b"w")
        ending = threading.Timer(0.05, scene.disk.may_commit.set)
        ending.start()
        scene.persistence.close()
        ending.join()
        # What the store's thread has reported is due by now.
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(act())
    assert told == []


def test_submitters_are_to_wait_while_much_is_not_written(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        await scene.settle()
        scene.disk.may_commit.clear()
        scene.submit(b"first")
        assert not scene.engine.state.journal.is_behind()
        for _ in range(65):
            scene.submit(bytes(1024 * 1024))
        assert scene.engine.state.journal.is_behind()
        scene.disk.may_commit.set()
        await scene.settle()
        assert not scene.engine.state.journal.is_behind()

    play(scene, tmp_path)


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "queue.db").mkdir()

    async def scene(scene: Scene) -> None:
        pytest.fail("it was opened")

    with pytest.raises(StoreError, match=str(tmp_path)):
        play(scene, tmp_path)


def test_a_store_may_keep_dead_letters_alone() -> None:
    async def scene() -> None:
        engine = Engine(EngineOptions(handle_prefix=b"H:test"))
        persistence = Persistence(engine, MemoryStore(), None)
        await persistence.start()
        peer = engine.connect(1, b"127.0.0.1", True)
        packets = [
            request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w"),
            request(PacketType.CAN_DO, b"f"),
            request(PacketType.GRAB_JOB),
            request(PacketType.WORK_FAIL, b"H:test:1"),
        ]
        engine.receive(peer, b"".join(packets), monotonic())
        assert [each for each, _ in engine.take_unsent()] == [peer]
        done = asyncio.Event()
        persistence.finish(done.set)
        async with asyncio.timeout(10):
            while not done.is_set():
                persistence.pump()
                await asyncio.sleep(0.005)
        assert engine.state.functions[b"f"].dead == 1
        persistence.close()

    asyncio.run(scene())
