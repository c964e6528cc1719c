"""Stores that several job servers share, each with lanes of its own."""

from __future__ import annotations

from geartrain.engine.inventory import LANES, Inventory, QueueInventory
from geartrain.engine.queries import DuePage, Page
from geartrain.engine.records import Entry, JobRecord, ScheduleRecord
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import World

# Where the numbers of all lanes begin, in microseconds.
BEGINNING = 1_000_000


class LaneStore(MemoryStore):
    """What one of several job servers sees of a shared store in memory.

    Attributes:
        lanes: the lanes that are its own, the first of them since it was opened.
        left: the entries of a job server that has left its lane.
    """

    def __init__(self, lane: int, shared: LaneStore | None = None) -> None:
        super().__init__()
        self.lanes = {lane}
        self.left: list[Entry] = []
        self._lane = lane
        if shared is not None:
            self._jobs = shared._jobs
            self._dead = shared._dead

    def open(self) -> Inventory:
        super().open()
        inventory = self.inventory({self._lane})
        inventory.reserved = BEGINNING * LANES + self._lane
        inventory.stride = LANES
        return inventory

    def inventory(self, lanes: set[int]) -> Inventory:
        """Return what is kept of some lanes."""
        inventory = Inventory(0)
        queues: dict[tuple[bytes, int, bytes], QueueInventory] = {}
        for record in self._jobs.by_number.values():
            if record.number % LANES in lanes:
                name = (record.function, record.priority, record.queue_key)
                kept = queues.setdefault(name, QueueInventory(*name))
                _count(kept, record)
        inventory.queues = list(queues.values())
        inventory.entries = self.left
        return inventory

    def leave(self) -> list[Entry]:
        """Return the entries that whoever goes on with its lane is to have."""
        return [Entry(*name, value) for name, value in self._entries.items()]

    def leave_schedules(self) -> list[ScheduleRecord]:
        """Return the schedules of clients that go with its lane."""
        return list(self._schedules.values())

    def page(self, query: Page) -> None:
        wide = Page(query.function, query.priority, query.after, 2**30)
        wide.queue_key = query.queue_key
        super().page(wide)
        query.records = self._own(wide.records)[: query.most]

    def page_due(self, query: DuePage) -> None:
        super().page_due(query)
        query.records = self._own(query.records)

    def _own(self, records: list[JobRecord]) -> list[JobRecord]:
        return [each for each in records if each.number % LANES in self.lanes]


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
