"""Reads of kept jobs with their workloads: only where needed, and where there is room.

The store counts the bytes of workloads that it gives.
"""

from __future__ import annotations

import pytest

from geartrain.engine.queries import FindDead, FindJob, FindKey, Query
from geartrain.engine.records import JobRecord
from geartrain.protocol.room import FULL
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import DialoguePeer, World, error
from tests.support.stored_engine import handle, read_rows

SIZE = 100_000
LIMIT = 10 * SIZE
JOBS = 12


class CountingStore(MemoryStore):
    """Counts the bytes of workloads in its answers to questions about one job."""

    read = 0

    def answer(self, query: Query) -> None:
        super().answer(query)
        if isinstance(query, FindJob | FindKey | FindDead) and query.record:
            self.read += _size(query.record)


def _size(record: JobRecord) -> int:
    return len(record.workload) + sum(map(len, record.more))


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def world(store: CountingStore) -> World:
    """Return a world with jobs of which the first alone is in memory."""
    world = World(store=store, window=1)
    client = world.client()
    for number in range(1, JOBS + 1):
        client.submit_job_bg(b"f", b"u%d" % number, bytes(SIZE))
    assert len(world.engine.state.jobs) == 1
    return world


def limit(world: World, size: int) -> None:
    """Leave room for jobs of so many bytes in all, and a quarter more for results."""
    state = world.engine.state
    counted = state.memory.counted(len(state.peers), len(state.functions))
    state.memory.limit_to((counted + size) * 4 // 3)


def test_status_and_lists_read_no_workload(world: World, store: CountingStore) -> None:
    client, admin = world.client(), world.admin()
    client.get_status(handle(3))
    client.get_status_unique(b"u3")
    assert [each.arguments[1] for each in client.received] == [b"1", b"1"]
    (row,) = read_rows(admin.text("jobs unique=u3"))
    assert (row["handle"], row["size"]) == ("H:test:3", SIZE)
    assert admin.text(f"cancel job {handle(3).decode()}") == b"OK\r\n"
    assert store.read == 0


def test_a_job_is_read_whole_once(world: World, store: CountingStore) -> None:
    admin = world.admin()
    for name in ("H:test:3", "u4"):
        (row,) = read_rows(admin.text(f"job {name}"))
        assert len(row["workload"]) == SIZE
    assert store.read == 2 * SIZE
    assert world.engine.state.memory.reads == {}


def ask_all(world: World, line: str) -> tuple[list[DialoguePeer], list[DialoguePeer]]:
    """Have an operator each ask for a job at once; return who is told and who not."""
    world.is_committing = False
    admins = [world.admin() for _ in range(2, JOBS)]
    for number, admin in enumerate(admins, 2):
        admin.send(b"%s H:test:%d\n" % (line.encode(), number))
    world.commit_all()
    told: list[DialoguePeer] = []
    refused: list[DialoguePeer] = []
    for admin in admins:
        said = b"".join(each.arguments[0] for each in admin.received)
        is_refused = said.startswith(b"ERR STORE_ERROR memory")
        (refused if is_refused else told).append(admin)
    return told, refused


def test_what_is_asked_for_at_once_has_to_fit(
    world: World, store: CountingStore
) -> None:
    limit(world, 4 * SIZE)
    told, refused = ask_all(world, "job")
    assert 2 <= len(told) <= 5
    assert len(told) + len(refused) == JOBS - 2
    assert store.read == len(told) * SIZE
    before = world.engine.state.memory.jobs
    assert ask_all(world, "job")[0]
    assert world.engine.state.memory.jobs == before


def test_dead_letters_are_read_as_far_as_they_fit(
    world: World, store: CountingStore
) -> None:
    worker = world.worker("f")
    for _ in range(JOBS):
        worker.grab_job()
        worker.work_fail(worker.received[0].arguments[0])
    limit(world, 4 * SIZE)
    told, refused = ask_all(world, "dead show")
    assert 2 <= len(told) <= 5
    assert len(refused) == JOBS - 2 - len(told)
    assert store.read == len(told) * SIZE


def test_who_leaves_while_its_job_is_read_counts_no_more(world: World) -> None:
    limit(world, 4 * SIZE)
    world.is_committing = False
    before = world.engine.state.memory.jobs
    admin = world.admin()
    admin.send(b"job H:test:3\n")
    world.commit()
    assert world.engine.state.memory.jobs == before + SIZE
    admin.leave()
    assert world.engine.state.memory.jobs == before
    world.commit_all()


def test_a_foreground_job_reads_only_what_it_joins(
    world: World, store: CountingStore
) -> None:
    client = world.client()
    client.submit_job(b"f", b"new", b"")
    assert store.read == 0
    client.submit_job(b"f", b"u5", b"")
    assert store.read == SIZE
    assert [each.arguments[0] for each in client.received] == [b"H:test:13", handle(5)]
    limit(world, SIZE // 2)
    client.submit_job(b"f", b"u6", b"")
    assert client.received == [error(b"QUEUE_ERROR", FULL)]
    assert store.read == SIZE
