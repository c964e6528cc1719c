"""One of several job servers on one store: an engine, driven as its process would."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import LANES
from geartrain.engine.model.jobs import Job
from geartrain.engine.state.state import State
from tests.support.dialogue import Answer, DialoguePeer, World
from tests.support.lanes import LaneStore
from tests.support.simulation.server_under_test import FUNCTIONS, every_minute

__all__ = ["IDLE", "LOOKED", "TAKEN", "WRITTEN", "Asked", "Member", "Worker"]

# What its store's thread does: nothing; a batch was given to it; that is committed, and
# the engine does not know; it has looked around, and the engine does not know.
IDLE, TAKEN, WRITTEN, LOOKED = range(4)


@dataclass(frozen=True)
class Asked:
    """A submission, or a text command (``line``), that is not answered yet.

    Attributes:
        options: what follows the function's name.
    """

    function: bytes = b""
    unique: bytes = b""
    line: bytes = b""
    options: bytes = b""


class Worker:
    """A worker, and the handles of what it was given."""

    def __init__(self, peer: DialoguePeer) -> None:
        self.peer = peer
        self.handles: dict[bytes, None] = {}


class Member:
    """A job server, its face of the store, and who is connected to it.

    Attributes:
        store: what it sees of the store.
        world: the engine and its peers.
        stage: what its store's thread does.
        is_alive: it has not been killed.
        is_cut_off: its lease has ended, as far as it knows.
        may_end: numbers of the jobs that have a reason to end since they began.
        workers: there are always as many.
        last: the batch that was taken last.
    """

    def __init__(self, store: LaneStore, window: int, now: float) -> None:
        """Open the store."""
        self.store = store
        self.stage = IDLE
        self.is_alive = True
        self.is_cut_off = False
        self.may_end: set[int] = set()
        self.last = Batch(0)
        self.world = World(every_minute, window=window, now=now)
        self.world.is_committing = False
        self.world.engine.sharing.lead(is_leading=store.is_leading)
        self.world.engine.resume(store.join(), now, keeps_jobs=True, holds=True)
        self.world.store = store
        self.world.deliver()
        self._client = self.world.client()
        self._pending: deque[Asked] = deque()
        self._texts: list[tuple[Asked, DialoguePeer]] = []
        self.workers = [self._worker() for _ in range(2)]

    def _worker(self) -> Worker:
        return Worker(self.world.worker(*(each.decode() for each in FUNCTIONS)))

    @property
    def state(self) -> State:
        """What the engine knows."""
        return self.world.engine.state

    def is_serving(self) -> bool:
        """Tell whether nobody has given it up, and it has not ended."""
        return self.is_alive and not self.store.is_lost

    def is_at_rest(self) -> bool:
        """Tell whether it has nothing to tell its store, and it nothing to tell."""
        store = self.store
        is_told = not (store.adopted or store.again or store.common)
        is_idle = self.stage == IDLE and self.state.journal.is_empty()
        return is_told and is_idle and not self.world.engine.has_more()

    def owns(self, number: int) -> bool:
        """Tell whether a job is of one of its lanes."""
        return number % LANES in self.store.lanes

    def submit(self, asked: Asked, due: bytes = b"") -> None:
        """Submit a job in the background."""
        self._pending.append(asked)
        name = asked.function + (b"?" + asked.options if asked.options else b"")
        if due:
            self._client.submit_job_epoch(name, asked.unique, due, b"w")
        else:
            self._client.submit_job_bg(name, asked.unique, b"w")

    def order(self, line: bytes) -> None:
        """Send a text command."""
        admin = self.world.admin()
        self._texts.append((Asked(line=line), admin))
        admin.send(line + b"\n")

    def answers(self) -> list[tuple[Asked, Answer]]:
        """Return what was answered since this was last looked at."""
        found = [(self._pending.popleft(), each) for each in self._client.received]
        waiting, self._texts = self._texts, []
        for asked, admin in waiting:
            answered = admin.received
            if answered:
                (answer,) = answered
                found.append((asked, answer))
                admin.leave()
            else:
                self._texts.append((asked, admin))
        return found

    def grab(self, worker: Worker) -> Job | None:
        """Return the job that a worker is given."""
        worker.peer.grab_job()
        *_, answer = worker.peer.received
        if answer.name == "no_job":
            return None
        assert answer.name == "job_assign", answer
        handle = answer.arguments[0]
        worker.handles[handle] = None
        return self.state.jobs[handle]

    def report(self, worker: Worker, handle: bytes, *, is_done: bool) -> None:
        """Send the result of a job."""
        del worker.handles[handle]
        if is_done:
            worker.peer.work_complete(handle, b"r")
        else:
            worker.peer.work_fail(handle)

    def lose_worker(self, place: int) -> None:
        """Lose a worker, and have another one come."""
        self.workers[place].peer.leave()
        self.workers[place] = self._worker()

    def take(self) -> bool:
        """Give the next batch to the store's thread, if there is one."""
        if self.stage != IDLE:
            return self.stage == TAKEN
        batch = self.world.engine.take_batch()
        if batch is None:
            return False
        self.last, self.stage = batch, TAKEN
        return True

    def write(self, look: Callable[[], None]) -> None:
        """Have the batch committed; ``look`` at others comes before its queries."""
        assert self.stage == TAKEN
        self.store.commit(self.last)
        self.is_cut_off = False
        look()
        self._answer()
        self.stage = WRITTEN

    def _answer(self) -> None:
        for query in self.last.queries:
            self.store.answer(query)

    def settle(self) -> None:
        """Have the engine know what its store's thread has done."""
        engine, now = self.world.engine, self.world.now
        if self.stage == WRITTEN:
            engine.committed(now)
        self.stage = IDLE
        self._follow()
        self.world.deliver()

    def refuse(self, reason: str, *, is_rest_saved: bool = False) -> None:
        """Have the batch, or what is new in it, refused."""
        assert self.stage == TAKEN
        if is_rest_saved:
            self.store.commit(self.last.parted()[1])
            self.is_cut_off = False
        self._answer()
        self.world.engine.refused(reason, self.world.now, is_rest_saved=is_rest_saved)
        self.stage = IDLE
        self._follow()
        self.world.deliver()

    def look(self, look: Callable[[], None]) -> None:
        """Have the store's thread ``look`` at what others do."""
        assert self.stage == IDLE
        self.is_cut_off = False
        look()
        self.stage = LOOKED

    def cut_off(self) -> None:
        """Have the lease end, as far as it knows."""
        self.is_cut_off = True
        self._fence()
        self.world.deliver()

    def _fence(self) -> None:
        sharing, now = self.world.engine.sharing, self.world.now
        sharing.fence(now, is_fenced=self.is_cut_off or self.store.is_lost)

    def _follow(self) -> None:
        """Do as ``server.lease`` does, in its order."""
        store, sharing, now = self.store, self.world.engine.sharing, self.world.now
        self._fence()
        if store.is_lost:
            return
        sharing.lead(is_leading=store.is_leading)
        adopted, store.adopted = store.adopted, ()
        again, store.again = store.again, ()
        for inventory in (*adopted, *again):
            sharing.adopt(inventory, now)
        common, store.common = store.common, {}
        if common:
            sharing.follow(common, now)
