"""An engine with a store, driven step by step, that can be stopped at any of them."""

from __future__ import annotations

import json
from collections.abc import Callable

from geartrain.engine.batches import Batch
from geartrain.engine.engine import Engine
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.policies import Policy
from geartrain.engine.queries import Query
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request as packet
from tests.support.simulation.answers import check_answer
from tests.support.simulation.connections import Connection, Request
from tests.support.simulation.ledger import Ledger
from tests.support.simulation.unreliable_store import UnreliableStore

__all__ = ["ServerUnderTest"]

_WALL_START = 1_750_000_000.0
# The connections by the id that each has as a worker.
CLIENT_IDS = (b"", b"one", b"two")
FUNCTIONS = (b"f", b"g")

# Where the batch taken is: nowhere, with the store, or written and answered.
IDLE, TAKEN, WRITTEN = range(3)


def every_minute(cron: str, timezone: str, after: float) -> float:
    """Return the next full minute, whatever the fields say."""
    return (after // 60 + 1) * 60


class ServerUnderTest:
    """A job server, its store, its clock, and a few connections.

    Attributes:
        store: the store, which outlives the engine.
        ledger: what it ought to know.
        engine: the engine of this life.
        connections: there are always as many.
        now: the steady clock.
        stage: where the batch taken is.
        is_unreadable: the store has failed to answer in this life.
    """

    def __init__(self, level: str, window: int, **limits: int | str) -> None:
        """Start for the first time, with an empty store."""
        self.level = level
        self.store = UnreliableStore(syncs=level == "disk")
        self.ledger = Ledger()
        self.now = 1000.0
        self._offset = _WALL_START - self.now
        self._window = window
        self._limits = limits
        self.start()

    def start(self) -> None:
        """Start with the store as it is."""
        policy = Policy()
        policy.max_crashes = 3
        policy.options_in_names = True
        for name, value in self._limits.items():
            setattr(policy, name, value)
        self.engine = Engine(
            EngineOptions(policy=policy, window=self._window), every_minute
        )
        self.engine.set_clock(self._offset)
        inventory = self.store.open()
        self._check_schedules({each.handle for each in inventory.schedules})
        self.engine.resume(
            inventory, self.now, keeps_jobs=True, holds=self.level != "memory"
        )
        self.is_unreadable = False
        self.stage = IDLE
        self._batch = Batch(0)
        self.connections: list[Connection] = []
        self.connections = [self.connect(each, *FUNCTIONS) for each in CLIENT_IDS]
        self.commit()

    def _check_schedules(self, kept: set[bytes]) -> None:
        assert self.ledger.schedules <= kept
        assert not self.ledger.unscheduled & kept
        self.ledger.schedules = set(kept)

    def connect(self, client_id: bytes, *functions: bytes) -> Connection:
        """Open a connection with an id, if it is not empty, that can do functions."""
        peer = self.engine.connect(9, b"127.0.0.1", True)
        connection = Connection(peer)
        self.connections.append(connection)
        if client_id:
            self.send(connection, packet(PacketType.SET_CLIENT_ID, client_id))
        for function in functions:
            self.send(connection, packet(PacketType.CAN_DO, function))
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Close a connection."""
        self.connections.remove(connection)
        peer = connection.peer
        self._react("disconnect", lambda: self.engine.disconnect(peer, self.now))

    def send(
        self,
        connection: Connection,
        data: bytes,
        request: Request | None = None,
        during: str = "receive",
    ) -> None:
        """Send a packet or a line, which is answered if it is a request."""
        if request is not None:
            connection.pending.append(request)
        peer = connection.peer
        self._react(during, lambda: self.engine.receive(peer, data, self.now))

    def report(self, worker: Connection, handle: bytes, code: PacketType) -> None:
        """Send a result, which is refused if the job was given to another."""
        del worker.assigned[handle]
        job = self.engine.state.jobs.get(handle)
        runs = job is not None and job.worker is worker.peer
        is_second = code is PacketType.WORK_FAIL and worker.peer.excepted == handle
        request = None
        if runs and code is PacketType.WORK_COMPLETE:
            self.ledger.ending = handle
        elif not runs and not is_second:
            request = Request("result", self.ledger.step)
        arguments = [handle] if code is PacketType.WORK_FAIL else [handle, b"r"]
        self.send(worker, packet(code, *arguments), request)
        job = self.engine.state.jobs.get(handle)
        if runs and job is not None and job.failures is not None:
            assert job.failures.attempts < job.function.policy.max_attempts

    def _react(self, during: str, react: Callable[[], object]) -> None:
        asked = [each for one in self.connections for each in one.pending]
        self.ledger.is_steered = any(each.kind == "place" for each in asked)
        self.ledger.look(self.engine.state)
        react()
        self.ledger.learn(self.engine.state, during)
        self._deliver()

    def _deliver(self) -> None:
        peers = {connection.peer: connection for connection in self.connections}
        for peer, pieces in self.engine.take_unsent():
            if peer in peers:
                connection = peers[peer]
                for request, answer in connection.hear(b"".join(pieces)):
                    check_answer(self, connection, request, answer)
        assert not self.engine.take_closing()
        for notice in self.engine.take_notices():
            assert notice.action not in ("jobs_missing", "job_damaged"), notice.text

    @property
    def wall_time(self) -> float:
        """The time in seconds since 1970."""
        return self.now + self._offset

    def step_clock(self, seconds: float) -> None:
        """Set the calendar's clock forth or back."""
        self._offset += seconds
        self.engine.set_clock(self._offset)

    def advance(self, seconds: float) -> None:
        """Let time pass, ticking at each deadline."""
        end = self.now + seconds
        for _ in range(1000):
            deadline = self.engine.deadline()
            if deadline is None or deadline > end:
                break
            # A microsecond later no rounding of sums of times matters.
            self.now = max(self.now, deadline + 1e-6)
            self._react("tick", lambda: self.engine.tick(self.now))
        else:
            raise AssertionError("a tick leaves what is due")
        self.now = max(self.now, end)

    def fence(self, is_fenced: bool) -> None:
        """Fence what the store keeps, or lift the fence."""
        self._react(
            "fence", lambda: self.engine.sharing.fence(self.now, is_fenced=is_fenced)
        )

    def hear_of_policy(self, pattern: bytes, setting: str) -> None:
        """Have another job server of the store set what it sets for a pattern."""
        if self.stage == WRITTEN:
            # Nobody looks at what others have put before that is settled.
            self.commit()
        name, _, value = setting.partition("=")
        values = {"order": 1, "settings": {name: value}}
        batch = Batch(0)
        batch.entries[b"policy", pattern] = (
            json.dumps(values).encode() if value else None
        )
        self.store.commit(batch)
        self._react(
            "policy", lambda: self.engine.sharing.follow(batch.entries, self.now)
        )

    def take(self) -> bool:
        """Take the next batch, if none is taken; tell whether one is."""
        if self.stage == IDLE:
            batch = self.engine.take_batch()
            if batch is not None:
                self._batch = batch
                self.stage = TAKEN
                self.ledger.taken(batch)
        return self.stage != IDLE

    def write(self, unreadable: tuple[type[Query], ...] = ()) -> None:
        """Have the store commit the batch taken and answer its queries."""
        if not self._batch.changes_nothing():
            self.store.commit(self._batch)
        self._answer(unreadable)
        self.stage = WRITTEN

    def _answer(self, unreadable: tuple[type[Query], ...]) -> None:
        self.store.unreadable = unreadable
        for query in self._batch.queries:
            self.store.answer(query)
            self.is_unreadable |= bool(query.error)
        self.store.unreadable = ()

    def commit(self, unreadable: tuple[type[Query], ...] = ()) -> None:
        """Bring the batch taken, or the next, to its end."""
        if not self.take():
            return
        if self.stage == TAKEN:
            self.write(unreadable)
        self.stage = IDLE
        self._react("committed", lambda: self.engine.committed(self.now))

    def refuse(
        self, unreadable: tuple[type[Query], ...] = (), *, is_rest_saved: bool = False
    ) -> None:
        """Have the store refuse the batch taken, or the next, or what is new in it."""
        if not self.take() or self.stage == WRITTEN:
            return
        if is_rest_saved:
            self.store.commit(self._batch.parted()[1])
        self._answer(unreadable)
        if self.level != "memory":
            self.ledger.refused(self._batch)
        self.stage = IDLE
        self._react(
            "refused",
            lambda: self.engine.refused(
                "disk full", self.now, is_rest_saved=is_rest_saved
            ),
        )

    def settle(self) -> None:
        """Commit until there is nothing to commit."""
        for _ in range(1000):
            if not self.take():
                return
            self.commit()
        raise AssertionError("the engine does not come to rest")

    def is_settled(self) -> bool:
        """Tell whether there is nothing to commit."""
        return self.stage == IDLE and self.engine.state.journal.is_empty()

    def kill(self) -> None:
        """End the process as it is, and start it again."""
        self.store.close()
        self._restart(keeps_promises=self.level != "memory")

    def cut_power(self, *, is_synced: bool) -> None:
        """Lose what was not synced, and start again.

        ``is_synced`` brings about that the batch taken is on the disk, or not.
        """
        if self.stage == TAKEN and self.level == "disk":
            self.store.write(self._batch)
            if is_synced:
                self.store.sync()
        self.store.lose_power()
        self._restart(keeps_promises=self.level == "disk")

    def stop(self) -> None:
        """Stop in order, and start again."""
        self.settle()
        self.store.sync()
        self.store.close()
        self._restart(keeps_promises=True)

    def _restart(self, *, keeps_promises: bool) -> None:
        self.store.open()
        jobs, dead = self.store.jobs(), self.store.dead()
        for record in (*jobs.values(), *dead.values()):
            record.workload = self.store.workload(record.number)
        self.store.close()
        if keeps_promises:
            self.ledger.restart(jobs, dead)
        else:
            self.ledger.forget(jobs, dead)
        self.start()
