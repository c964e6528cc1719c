"""Stores that several job servers share, each with lanes of its own."""

from __future__ import annotations

from collections.abc import Iterable

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import LANES, Inventory, QueueInventory
from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.records import (
    COMMON_KINDS,
    LEADERS_KINDS,
    Entry,
    JobRecord,
    ScheduleRecord,
)
from geartrain.stores.memory import MemoryStore
from geartrain.stores.memory_records import Records, copy_of
from tests.support.dialogue import World

# Where the numbers of all lanes begin, in microseconds.
BEGINNING = 1_000_000

_Name = tuple[bytes, bytes]


class Database:
    """What all job servers of a shared store have in common.

    Attributes:
        jobs: the jobs of all lanes.
        dead: their dead letters.
        joined: the numbers of jobs that another job server was asked for, too.
        common: the entries of ``COMMON_KINDS``.
        progress: the entries of ``LEADERS_KINDS``.
        highest: the highest number of a job that each lane has given.
    """

    def __init__(self) -> None:
        self.jobs = Records()
        self.dead = Records()
        self.joined: set[int] = set()
        self.common: dict[_Name, bytes] = {}
        self.progress: dict[_Name, bytes] = {}
        self.highest: dict[int, int] = {}


class LaneStore(MemoryStore):
    """What one of several job servers sees of a shared store in memory.

    What becomes of uniques, lanes and entries is what PostgreSQL makes of them.

    Attributes:
        lanes: the lanes that are its own, the first of them since it was opened.
        left: the entries of a job server that has left its lane.
        database: what it shares with others.
    """

    def __init__(
        self, lane: int, shared: LaneStore | None = None, beginning: int = BEGINNING
    ) -> None:
        super().__init__()
        self.lanes = {lane}
        self.left: list[Entry] = []
        self.database: Database = Database() if shared is None else shared.database
        self._lane = lane
        self._beginning = beginning
        self._jobs = self.database.jobs
        self._dead = self.database.dead
        self._known: dict[_Name, bytes] = {}

    def open(self) -> Inventory:
        super().open()
        inventory = self.inventory(self.lanes)
        # Where it has had the lane before, its numbers go on after those.
        highest = max(self._reserved, self.database.highest.get(self._lane, 0))
        ticks = max(self._beginning, highest // LANES)
        inventory.reserved = ticks * LANES + self._lane
        inventory.stride = LANES
        return inventory

    def join(self) -> Inventory:
        """Open the store as one of several that live, with what all have in common."""
        inventory = self.open()
        entries = self.leave_own()
        self._known = dict(self.database.common)
        entries += _entries(self._known)
        if self.is_leading:
            entries += _entries(self.database.progress)
        inventory.entries = sorted(entries, key=lambda each: (each.kind, each.key))
        inventory.schedules = self.leave_schedules()
        return inventory

    def inventory(self, lanes: set[int]) -> Inventory:
        """Return what is kept of some lanes."""
        inventory = Inventory(0)
        queues: dict[tuple[bytes, int, bytes], QueueInventory] = {}
        for record in self._jobs.by_number.values():
            if record.number % LANES in lanes:
                _count(_queue(queues, record), record)
        for record in self._dead.by_number.values():
            if record.number % LANES in lanes:
                _queue(queues, record).dead += 1
        inventory.queues = list(queues.values())
        inventory.entries = self.left
        return inventory

    def leave(self) -> list[Entry]:
        """Return the entries that whoever goes on with its lane is to have."""
        return _entries(self._entries)

    def leave_own(self) -> list[Entry]:
        """Return the entries that are its own alone."""
        shared = COMMON_KINDS + LEADERS_KINDS
        return [each for each in self.leave() if each.kind not in shared]

    def leave_schedules(self) -> list[ScheduleRecord]:
        """Return the schedules of clients that go with its lane."""
        return list(self._schedules.values())

    def claim(self, former: LaneStore) -> None:
        """Be the next life of a job server that has ended, in its lanes."""
        self._lane = min(former.lanes)
        self.lanes, former.lanes = former.lanes, set()
        self._reserved = former._reserved
        self._take_over(former, self.lanes)

    def inherit(self, former: LaneStore) -> None:
        """Go on with what a job server has that is given up."""
        lanes, former.lanes = former.lanes, set()
        self.lanes |= lanes
        was_leading = self.is_leading
        entries, schedules = former.leave_own(), former.leave_schedules()
        self._take_over(former, lanes)
        inventory = self.inventory(lanes)
        inventory.entries, inventory.schedules = entries, schedules
        if self.is_leading and not was_leading:
            inventory.entries = entries + _entries(self.database.progress)
        self.adopted += (inventory,)

    def _take_over(self, former: LaneStore, lanes: set[int]) -> None:
        former.is_lost = True
        self.is_leading = self.is_leading or former.is_leading
        former.is_leading = False
        # None of these jobs has run in this life, so none need run once more.
        joined = self.database.joined
        joined -= {each for each in joined if each % LANES in lanes}
        self._entries = {**former._entries, **self._entries}
        self._schedules = {**former._schedules, **self._schedules}
        former._entries, former._schedules = {}, {}

    def look_around(self) -> None:
        """See what others have put for everybody."""
        found, known = dict(self.database.common), self._known
        changes: dict[_Name, bytes | None] = {
            name: value for name, value in found.items() if known.get(name) != value
        }
        changes.update(dict.fromkeys(name for name in known if name not in found))
        self._known = found
        self.common = {**self.common, **changes}

    def commit(self, batch: Batch) -> None:
        """Apply a batch, but for the ends of jobs that others were asked for."""
        ended = batch.ended
        self.database.joined -= batch.cancelled
        again = [each for each in ended if self._runs_again(each)]
        if again:
            self._run_again(again)
            batch.ended = {each: None for each in ended if each not in again}
        super().commit(batch)
        batch.ended = ended
        highest = self.database.highest
        for record in batch.added:
            lane = record.number % LANES
            highest[lane] = max(highest.get(lane, 0), record.number)
            if record.twin and record.twin % LANES not in self.lanes:
                self.database.joined.add(record.twin)
        for name, value in batch.entries.items():
            self._share(name, value)

    def _runs_again(self, number: int) -> bool:
        is_own = number % LANES in self.lanes
        is_joined = number in self.database.joined
        return is_own and is_joined and number in self._jobs.by_number

    def _run_again(self, numbers: list[int]) -> None:
        inventory = Inventory(0)
        queues: dict[tuple[bytes, int, bytes], QueueInventory] = {}
        for number in numbers:
            record = self._jobs.remove(number)
            assert record is not None
            record.due, record.is_steady, record.failures = 0.0, False, None
            self._jobs.add(record)
            self.database.joined.discard(number)
            _count(_queue(queues, record), record)
            inventory.again.append(copy_of(record, with_workload=False))
        inventory.queues = list(queues.values())
        self.again += (inventory,)

    def _share(self, name: _Name, value: bytes | None) -> None:
        """Have others see an entry, if they are to."""
        places: list[dict[_Name, bytes]] = []
        if name[0] in COMMON_KINDS:
            places = [self.database.common, self._known]
        elif name[0] in LEADERS_KINDS:
            places = [self.database.progress]
        for entries in places:
            if value is None:
                entries.pop(name, None)
            else:
                entries[name] = value

    def page(self, query: Page) -> None:
        wide = Page(query.function, query.priority, query.after, 2**30)
        wide.queue_key = query.queue_key
        super().page(wide)
        query.records = self._own(wide.records)[: query.most]

    def page_due(self, query: DuePage) -> None:
        wide = DuePage(
            query.function,
            query.priority,
            query.after,
            query.until,
            2**30,
            query.is_steady,
        )
        wide.queue_key = query.queue_key
        super().page_due(wide)
        query.records = self._own(wide.records)[: query.most]
        later = [
            record.due
            for record in self._jobs.by_number.values()
            if record.due > query.until
            and record.is_steady == query.is_steady
            and _name(record) == (query.function, query.priority, query.queue_key)
            and self._is_own(record)
        ]
        query.next_due = min(later, default=0.0)

    def find_job(self, query: FindJob) -> None:
        super().find_job(query)
        if not self._is_told(query):
            query.record = None

    def find_dead(self, query: FindDead) -> None:
        super().find_dead(query)
        if not self._is_told(query):
            query.record = None

    def find_key(self, query: FindKey) -> None:
        self._check()
        for number in self._jobs.with_key(query.key, query.function):
            record = self._jobs.by_number[number]
            if number != query.other and self._is_own(record):
                query.record = copy_of(record, with_workload=False)
                return

    def list_jobs(self, query: ListJobs) -> None:
        super().list_jobs(query)
        query.records = self._own(query.records)

    def list_dead(self, query: ListDead) -> None:
        super().list_dead(query)
        query.records = self._own(query.records)

    def _own(self, records: Iterable[JobRecord]) -> list[JobRecord]:
        return [each for each in records if self._is_own(each)]

    def _is_told(self, query: FindJob | FindDead) -> bool:
        record = query.record
        return record is not None and (query.is_anywhere or self._is_own(record))

    def _is_own(self, record: JobRecord) -> bool:
        return record.number % LANES in self.lanes


def _entries(found: dict[_Name, bytes]) -> list[Entry]:
    return [Entry(*name, value) for name, value in found.items()]


def _name(record: JobRecord) -> tuple[bytes, int, bytes]:
    return record.function, record.priority, record.queue_key


def _queue(
    queues: dict[tuple[bytes, int, bytes], QueueInventory], record: JobRecord
) -> QueueInventory:
    name = _name(record)
    return queues.setdefault(name, QueueInventory(*name))


def _count(kept: QueueInventory, record: JobRecord) -> None:
    if not record.due:
        kept.ready += 1
        return
    kept.delayed += 1
    if record.is_steady:
        kept.next_steady = min(kept.next_steady or record.due, record.due)
    else:
        kept.next_due = min(kept.next_due or record.due, record.due)


def adopt(world: World, store: LaneStore, lane: int) -> None:
    """Have a job server go on with a lane that another has left."""
    store.lanes.add(lane)
    world.engine.sharing.adopt(store.inventory({lane}), world.now)
    world.deliver()
