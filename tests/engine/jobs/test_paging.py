"""Pages that cannot be read, damaged jobs, and counts that are wrong."""

from __future__ import annotations

import pytest

from geartrain.engine.inventory import Inventory
from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.errors import StoreError
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import WALL_START, World, error, no_job, noop
from tests.support.stored_engine import counts, drain, grab, handle, submit, submit_due

WINDOWS = [1, 2, 10]


class WornStore(MemoryStore):
    """A store on a disk that fails, and has bad spots.

    Attributes:
        failure: why nothing can be read now; empty if all can.
        damaged: the numbers of the jobs that cannot be read.
        too_many: how many more jobs it counts than it has.
        asked: how many pages it was asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failure = ""
        self.damaged: set[int] = set()
        self.too_many = 0
        self.asked = 0

    def open(self) -> Inventory:
        inventory = super().open()
        for kept in inventory.queues:
            kept.ready += self.too_many
            kept.delayed += self.too_many
        return inventory

    def page(self, query: Page) -> None:
        """Leave out what is damaged, but answer with something if there is any."""
        self._read()
        following = Page(query.function, query.priority, query.after, query.most)
        while not query.records:
            super().page(following)
            if not following.records:
                return
            following.after = following.records[-1].number
            self._take(query, following)

    def page_due(self, query: DuePage) -> None:
        self._read()
        following = DuePage(
            query.function, query.priority, query.after, query.until, query.most
        )
        while not query.records:
            super().page_due(following)
            query.next_due = following.next_due
            if not following.records:
                return
            last = following.records[-1]
            following.after = (last.due, last.number)
            self._take(query, following)

    def _take(self, query: Page | DuePage, following: Page | DuePage) -> None:
        for record in following.records:
            if record.number in self.damaged:
                query.damaged.append(record.number)
            else:
                query.records.append(record)

    def find_job(self, query: FindJob) -> None:
        self._read()
        super().find_job(query)

    def find_key(self, query: FindKey) -> None:
        self._read()
        super().find_key(query)

    def list_jobs(self, query: ListJobs) -> None:
        self._read()
        super().list_jobs(query)

    def list_dead(self, query: ListDead) -> None:
        self._read()
        super().list_dead(query)

    def find_dead(self, query: FindDead) -> None:
        self._read()
        super().find_dead(query)

    def _read(self) -> None:
        self.asked += 1
        assert self.asked < 1000, "the engine asks without end"
        if self.failure:
            raise StoreError(self.failure)


@pytest.fixture
def store() -> WornStore:
    return WornStore()


def actions(world: World) -> list[str]:
    return [notice.action for notice in world.notices()]


def test_a_page_that_cannot_be_read_is_asked_for_again(store: WornStore) -> None:
    world = World(store=store, window=1)
    submit(world.client(), "w1", "w2", "w3")
    worker = world.worker("f")
    store.failure = "bad sector"
    assert drain(worker) == "w1"
    assert counts(world) == (2, 0)
    worker.pre_sleep()
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("warning", "page_failed")
    assert notice.text == "jobs of 'f' cannot be read: bad sector"
    world.advance(2.5)
    assert actions(world) == ["page_failed"] * 2
    store.failure = ""
    world.advance(0.4)
    assert worker.received == []
    world.advance(0.6)
    assert worker.received == [noop()]
    assert drain(worker) == "w2 w3"


@pytest.mark.parametrize("window", WINDOWS)
def test_due_jobs_that_cannot_be_read_are_asked_for_again(
    store: WornStore, window: int
) -> None:
    world = World(store=store, window=window)
    client = world.client()
    for seconds in range(1, 21):
        submit_due(client, WALL_START + seconds, f"{seconds}")
    store.failure = "bad sector"
    world.advance(10)
    worker = world.worker("f")
    first = drain(worker)
    store.failure = ""
    world.advance(2)
    done = f"{first} {drain(worker)}".split()
    assert sorted(map(int, done)) == list(range(1, 13))
    world.advance(20)
    assert len(drain(worker).split()) == 8


def test_a_worker_that_grabs_meanwhile_does_not_fill_the_log(store: WornStore) -> None:
    world = World(store=store, window=4)
    submit(world.client(), *["w"] * 40)
    worker = world.worker("f")
    store.failure = "bad sector"
    assert drain(worker) == "w w w w"
    assert actions(world) == ["page_failed"]


def test_a_submission_meanwhile_does_not_fill_the_log(store: WornStore) -> None:
    world = World(store=store, window=1)
    client = world.client()
    submit(client, "w1", "w2")
    store.failure = "bad sector"
    assert drain(world.worker("f")) == "w1"
    submit(client, *["w"] * 40)
    assert actions(world) == ["page_failed"]
    store.failure = ""
    world.advance(1)
    assert len(drain(world.worker("f")).split()) == 41


def test_a_delayed_job_that_leaves_meanwhile_does_not_end_the_retries(
    store: WornStore,
) -> None:
    world = World(store=store, window=1)
    client = world.client()
    submit(client, "w1", "w2")
    submit_due(client, WALL_START + 1000, "later")
    worker = world.worker("f")
    store.failure = "bad sector"
    assert drain(worker) == "w1"
    submit_due(client, WALL_START + 2000, "latest")
    store.failure = ""
    worker.pre_sleep()
    world.advance(5)
    assert worker.received == [noop()]
    assert drain(worker) == "w2"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("damaged", [{1}, {12}, {25}, {11, 12, 13, 24, 25}])
def test_damaged_jobs_are_passed_over_and_reported_once(
    store: WornStore, window: int, damaged: set[int]
) -> None:
    before = World(store=store, window=window)
    submit(before.client(), *[f"{number}" for number in range(1, 26)])
    store.damaged = damaged
    world = before.restarted()
    expected = [str(number) for number in range(1, 26) if number not in damaged]
    assert drain(world.worker("f")).split() == expected
    reports = [note.text for note in world.notices() if note.action == "job_damaged"]
    assert sorted(reports) == sorted(
        f"job {number} of 'f' is damaged in the store and is left there: "
        "see geartrain store check"
        for number in damaged
    )
    assert counts(world) == (0, 0)


def test_damaged_jobs_that_are_mended_later_are_counted_once(store: WornStore) -> None:
    before = World(store=store, window=2)
    submit(before.client(), *[f"{number}" for number in range(1, 10)])
    store.damaged = {4, 5}
    world = before.restarted()
    worker = world.worker("f")
    done = [grab(worker) for _ in range(5)]
    assert counts(world) == (7, 5)
    store.damaged = set()
    submit(world.client(), "10")
    assert world.admin().text("cancel job H:test:4") == b"OK\r\n"
    assert counts(world) == (8, 5)
    for job, _ in done:
        worker.work_complete(job, b"")
    drain(worker)
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("damaged", [{1}, {12}, {25}, {11, 12, 13, 24, 25}])
@pytest.mark.parametrize("later", [False, True])
def test_damaged_delayed_jobs_are_passed_over_and_reported_once(
    store: WornStore, window: int, damaged: set[int], later: bool
) -> None:
    before = World(store=store, window=window)
    client = before.client()
    for number in range(1, 26):
        submit_due(client, WALL_START + number, f"{number}")
    if later:
        submit_due(client, WALL_START + 1000, "later")
    store.damaged = damaged
    world = before.restarted()
    world.advance(30)
    expected = [str(number) for number in range(1, 26) if number not in damaged]
    assert sorted(drain(world.worker("f")).split()) == sorted(expected)
    assert actions(world) == ["job_damaged"] * len(damaged)
    assert counts(world) == (int(later), 0)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("running", [False, True])
def test_jobs_that_are_counted_but_not_there_are_reported(
    store: WornStore, window: int, running: bool
) -> None:
    before = World(store=store, window=window)
    client = before.client()
    submit(client, *[f"{number}" for number in range(25)])
    submit_due(client, WALL_START + 10, "later")
    store.too_many = 3
    world = before.restarted()
    assert counts(world) == (32, 0)
    world.advance(10)
    worker = world.worker("f")
    if running:
        grab(worker)
    assert len(drain(worker).split()) == 26 - running
    assert actions(world) == ["jobs_missing"] * 2
    assert counts(world) == (running, running)
    submit(world.client(), "w1", "w2")
    assert drain(worker) == "w1 w2"


def test_a_client_that_asks_what_cannot_be_read_is_told_why(store: WornStore) -> None:
    world = World(store=store, window=1)
    client = world.client()
    submit(client, "w1", "w2")
    store.failure = "bad sector"
    client.submit_job(b"f", b"u", b"w")
    assert client.received[2:] == [error(b"QUEUE_ERROR", b"bad sector")]
    store.failure = ""
    client.submit_job(b"f", b"u", b"w")
    assert client.received[0].arguments == (handle(3),)


def test_a_worker_waits_for_what_cannot_be_read(store: WornStore) -> None:
    before = World(store=store, window=1)
    submit(before.client(), "w1")
    store.failure = "bad sector"
    world = before.restarted()
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [no_job()]
    store.failure = ""
    world.advance(1)
    assert drain(worker) == "w1"


def test_a_status_that_cannot_be_read_is_not_unknown(store: WornStore) -> None:
    world = World(store=store, window=1)
    submit(world.client(), "w1", "w2")
    client = world.client()
    store.failure = "bad sector"
    client.get_status(handle(2))
    client.get_status_unique(b"u")
    assert client.received == [error(b"QUEUE_ERROR", b"bad sector")] * 2


@pytest.mark.parametrize(
    "line",
    ["job H:test:2", "cancel job H:test:2", "jobs after=store-", "jobs unique=u"]
    + [f"dead {what}" for what in ("list", "show H:test:2", "retry H:test:2")],
)
def test_an_operator_is_told_what_cannot_be_read(store: WornStore, line: str) -> None:
    world = World(store=store, window=1)
    submit(world.client(), "w1", "w2")
    store.failure = "bad sector"
    admin = world.admin()
    assert admin.text(line) == b"ERR STORE_ERROR bad+sector\r\n"
    store.failure = ""
    assert admin.text("version") == b"OK 9.8.7\n"
    assert counts(world) == (2, 0)
