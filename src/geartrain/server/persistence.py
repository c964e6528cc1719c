"""Persistence: the engine's batches go to a store on a thread of its own.

The event loop never waits for the disk. While one batch is being committed the next
one gathers, so that one commit carries all that arrived meanwhile.

A store that refuses a batch is given the batch without what is new in it: ends of jobs
need hardly any room, and a full disk must not have jobs run twice. Once a second the
store is asked whether it is well, so that an operator learns of a disk that fills up,
or of a file that has gone, without a submission, and that it is well again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from time import monotonic

from geartrain.engine.batches import Batch
from geartrain.engine.engine import Engine
from geartrain.engine.model.health import FAILING, OK, Health
from geartrain.server.condition import Condition, Outcome
from geartrain.server.lease import LeaseKeeper
from geartrain.server.store_thread import StoreThread
from geartrain.stores.base import Recovery, Store
from geartrain.texts import counted

__all__ = ["Persistence"]

# Bytes of workloads that wait for the commit before theirs.
_MOST_WAITING = 64 * 1024 * 1024
# Of a limit of memory it is this part at most: it is copied on its way to the disk.
_SHARE = 16

# Seconds until the next try after the store has refused everything.
_PAUSE = 0.1

# The longest wait for the first jobs at the start, in seconds.
_FIRST_PAGES = 0.5

# Seconds for which changes that nobody waits for, such as ends of jobs, are collected:
# four busy workers then make commits of hundreds of jobs instead of four.
_PATIENCE = 0.01

# Seconds from one look at the store to the next.
_PROBE_INTERVAL = 1.0

# A commit that takes longer, in seconds, is logged.
_SLOW = 10.0

# Seconds after which a server that does not answer is given up, over and over.
_HANGING = 30.0

# The longest wait for a store that does not answer when the server stops, in seconds.
# systemd kills the server after 90.
_LAST_COMMIT = 30.0

_log = logging.getLogger("geartrain.server")


class Persistence:
    """One engine's store, at work on a thread.

    Await ``start`` before the first connection, ``pump`` at the end of each turn of the
    event loop, and ``finish`` to stop.

    Attributes:
        on_settled: called on the event loop when a batch was committed or refused.
        lease: keeps the engine to the lease of a store that several servers share.
        unsaved: how many jobs have an end that was not saved when the store was closed.
        unkept: how many jobs were acknowledged and not in the store then.
        astray: how many jobs were in a file that its name no longer leads to then.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        durability: str | None,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        """Persist ``engine`` on the running event loop.

        ``durability`` is what JOB_CREATED waits for, as in ``Options``; None is for a
        store that is to keep dead letters only. ``monotonic`` is the engine's clock.
        """
        self.on_settled: Callable[[], None] = lambda: None
        self.unsaved = 0
        self.unkept = 0
        self.astray = 0
        self._engine = engine
        self._health = Health()
        engine.show_health(self._health)
        self._condition = Condition(self._health, engine.wall_time)
        self._store = store
        self.lease = LeaseKeeper(engine, store, monotonic)
        self._durability = durability
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._thread = StoreThread(
            store,
            self._health,
            keeps_jobs=durability is not None,
            when_done=self._settle,
            when_looked=self._settle_probe,
        )
        self._is_open = self._is_closed = False
        self._settled = asyncio.Event()
        self._is_busy = False
        # The store was busy when it was to be looked at: it is after that commit.
        self._is_look_due = False
        self._busy_since = 0.0
        self._is_slow = False
        self._patience = _HANGING
        self._timer: asyncio.TimerHandle | None = None
        self._probe_timer: asyncio.TimerHandle | None = None
        self._when_idle: Callable[[], None] | None = None

    @property
    def recovery(self) -> Recovery | None:
        """Return how far the opening of the store has come; None once it is open."""
        return None if self._is_open else self._store.recovery

    async def start(self) -> None:
        """Open the store, on its thread, and have the engine know what it keeps.

        A damaged store is rebuilt, which may take minutes.

        Raises:
            StoreError: it cannot be opened.
        """
        inventory, refusal = await self._thread.open()
        self._is_open = True
        if self._durability is not None:
            self._condition.learn(refusal)
        self._engine.sharing.lead(is_leading=self._store.is_leading)
        self._engine.resume(
            inventory,
            self._monotonic(),
            keeps_jobs=self._durability is not None,
            holds=self._durability != "memory",
            most_waiting=self._most_waiting(),
        )
        self.lease.look()
        self.pump()
        durability = self._health.durability
        if self._durability is not None:
            _log.info(
                "%s and %s were kept%s",
                counted(
                    sum(each.ready + each.delayed for each in inventory.queues), "job"
                ),
                counted(sum(each.dead for each in inventory.queues), "dead letter"),
                f"; the store's server: {durability}" if durability else "",
                extra={"action": "store_opened"},
            )
            self._watch()

    def _most_waiting(self) -> int:
        limit = self._engine.memory.limit
        return min(_MOST_WAITING, limit // _SHARE) if limit else _MOST_WAITING

    async def wait_paged(self) -> None:
        """Return when the first jobs are in memory, or that takes long.

        Who grabs a job as soon as the server listens then finds it.
        """
        if self._is_busy:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _FIRST_PAGES)

    def pump(self) -> None:
        """Have what the engine collected committed, unless a commit is under way."""
        if self._is_busy or (self._health.state != OK and self._timer is not None):
            return
        if not self._engine.has_batch():
            self._tell_idle()
        elif self._engine.is_batch_awaited() or self._when_idle is not None:
            self._begin()
        elif self._timer is None:
            self._timer = self._loop.call_later(_PATIENCE, self._begin)

    def _begin(self) -> None:
        """Hand what was collected to the store's thread."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_busy:
            return
        batch = self._engine.take_batch()
        if batch is not None:
            self._give(batch)
        else:
            self._tell_idle()

    def _give(self, item: Batch | Health) -> None:
        """Give the store's thread something to do."""
        self._is_busy = True
        self._busy_since = self._loop.time()
        self._patience = _HANGING
        self._thread.give(item)

    def _tell_idle(self) -> None:
        if self._when_idle is not None:
            when_idle, self._when_idle = self._when_idle, None
            when_idle()

    def finish(self, when_idle: Callable[[], None]) -> None:
        """Call back once everything collected so far has been committed, or refused.

        A store that does not answer is not waited for longer than half a minute.
        """
        self._when_idle = when_idle
        self._loop.call_later(_LAST_COMMIT, self._tell_idle)
        self.pump()

    def close(self) -> None:
        """Close the store, after the commit that is under way.

        ``unsaved``, ``unkept`` and ``astray`` are then known.
        """
        self._is_closed = True
        for timer in (self._timer, self._probe_timer):
            if timer is not None:
                timer.cancel()
        self.lease.stop()
        if not self._is_open:
            # It closes what it may still open: that is not worth waiting for.
            self._thread.give_up()
            return
        is_answering = self._thread.end(_LAST_COMMIT)
        self._count_unsaved(is_answering)
        if is_answering:
            self._store.close()
            self._thread.tell_problems()
            self.astray = self._store.astray

    def _count_unsaved(self, is_answering: bool) -> None:
        """Count the ends that were not saved, and the jobs that are not kept."""
        if self._is_busy:
            # The event loop no longer learns what became of the batch.
            outcome = self._thread.outcome
            if not is_answering:
                outcome = Outcome("the store does not answer", False, True, True)
            if outcome is not None and outcome.reason:
                self._condition.note(outcome)
                self._engine.give_up_batch(is_rest_saved=outcome.is_rest_saved)
        if self._durability is not None and self._health.state == FAILING:
            self.unsaved = self._engine.unsaved()
        # A full disk is reason enough: the state is then only ``refusing``.
        self.unkept = self._engine.unkept()

    def _watch(self) -> None:
        """Have the store looked at, now and from time to time."""
        self._probe_timer = self._loop.call_later(_PROBE_INTERVAL, self._watch)
        if not self._is_busy:
            self._look()
            return
        self._is_look_due = True
        busy = self._loop.time() - self._busy_since
        if busy > _SLOW and not self._is_slow:
            self._is_slow = self._health.is_slow = True
            _log.warning(
                "the store has not answered for %.0f s: submitters of background jobs"
                " wait",
                busy,
                extra={"action": "store_slow"},
            )
        if busy > self._patience:
            self._patience += _HANGING
            self._store.hang_up()

    def _look(self) -> None:
        """Have the store's thread, idle now, see how the store is."""
        self._is_look_due = False
        self._give(self._health)

    def _settle(self, outcome: Outcome) -> None:
        """React to what became of the batch given."""
        if self._is_closed:
            # ``close`` has done so, and the engine knows of no batch any more.
            return
        self._end_work()
        self._settled.set()
        self._condition.note(outcome)
        if outcome.reason:
            # Ends go on being saved, so that few of them run again after a kill.
            pause = _PATIENCE if outcome.is_rest_saved else _PAUSE
            self._timer = self._loop.call_later(pause, self._begin)
            self._engine.refused(
                outcome.reason, self._monotonic(), is_rest_saved=outcome.is_rest_saved
            )
            if self._when_idle is not None:
                self._stop_trying(outcome)
        else:
            self._engine.committed(self._monotonic())
        self.lease.look()
        if self._is_look_due and not outcome.reason and self._when_idle is None:
            # Ahead of the next batch: a store that always has one would never be looked
            # at, and a look is what tells of the other job servers and of the lease.
            self._look()
        self.on_settled()
        # Nothing more to commit: call what waits for that.
        self.pump()

    def _stop_trying(self, outcome: Outcome) -> None:
        """Stop waiting for the store, unless there are ends that it can still save."""
        if outcome.is_rest_saved and self._engine.unsaved():
            self._begin()
        else:
            self._tell_idle()

    def _settle_probe(self, reason: str) -> None:
        """React to what a look at the store showed."""
        if self._is_closed:
            return
        self._end_work()
        self._condition.learn(reason)
        if self.lease.look():
            self.on_settled()
        self.pump()

    def _end_work(self) -> None:
        self._is_busy = False
        if self._is_slow:
            self._is_slow = self._health.is_slow = False
            _log.warning("the store answers again", extra={"action": "store_answers"})
