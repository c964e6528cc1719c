"""Persistence: the engine's batches go to a store on a thread of its own.

The event loop never waits for the disk. While one batch is being committed the next
one gathers, so that one commit carries all that arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from time import monotonic

from geartrain.engine.engine import Engine
from geartrain.engine.queries import Query
from geartrain.engine.records import Batch
from geartrain.errors import StoreError
from geartrain.stores.base import Store

__all__ = ["Persistence"]

# Bytes of workloads that wait for the commit before theirs.
_MOST_WAITING = 64 * 1024 * 1024
# Of a limit of memory it is this part at most: it is copied on its way to the disk.
_SHARE = 16

# After a refusal the store is left alone for so many seconds.
_PAUSE = 0.1

# A server that starts waits so many seconds for the first jobs.
_FIRST_PAGES = 0.5

# What nobody waits for, such as the end of a job, gathers for so many seconds: with
# four busy workers that is hundreds of jobs a commit instead of four.
_PATIENCE = 0.01

_log = logging.getLogger("geartrain.server")


class Persistence:
    """One engine's store, at work on a thread.

    Call ``start`` before the first connection, ``pump`` at the end of each turn of the
    event loop, and ``finish`` to stop.

    Attributes:
        on_settled: called on the event loop when a batch was committed or refused.
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
        self._engine = engine
        self._store = store
        self._durability = durability
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._settled = asyncio.Event()
        self._is_busy = False
        self._is_failing = False
        self._timer: asyncio.TimerHandle | None = None
        self._when_idle: Callable[[], None] | None = None

    def start(self) -> None:
        """Open the store and have the engine know what it keeps.

        Raises:
            StoreError: it cannot be opened.
        """
        inventory = self._store.open()
        self._engine.resume(
            inventory,
            self._monotonic(),
            keeps_jobs=self._durability is not None,
            holds=self._durability != "memory",
        )
        self._thread.start()
        self.pump()
        if self._durability is not None:
            _log.info(
                "%d jobs and %d dead letters were kept",
                sum(each.ready + each.delayed for each in inventory.queues),
                sum(each.dead for each in inventory.queues),
                extra={"action": "store_opened"},
            )

    async def wait_paged(self) -> None:
        """Return when the first jobs are in memory, or that takes long.

        Who grabs a job as soon as the server listens then finds it.
        """
        if self._is_busy:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _FIRST_PAGES)

    def pump(self) -> None:
        """Have what the engine collected committed, unless a commit is under way."""
        if self._is_busy or (self._is_failing and self._timer is not None):
            return
        journal = self._engine.state.journal
        if journal.is_empty():
            self._tell_idle()
        elif journal.is_awaited() or self._when_idle is not None:
            self._begin()
        elif self._timer is None:
            self._timer = self._loop.call_later(_PATIENCE, self._begin)

    def _begin(self) -> None:
        """Have the store's thread carry out what was collected."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_busy:
            return
        batch = self._engine.take_batch()
        if batch is not None:
            self._is_busy = True
            self._batches.put(batch)
        else:
            self._tell_idle()

    def _tell_idle(self) -> None:
        if self._when_idle is not None:
            when_idle, self._when_idle = self._when_idle, None
            when_idle()

    def is_behind(self) -> bool:
        """Tell whether so much waits to be committed that submitters should wait."""
        state = self._engine.state
        most = _MOST_WAITING
        if state.memory.limit:
            most = min(most, state.memory.limit // _SHARE)
        return state.journal.size() > most

    def finish(self, when_idle: Callable[[], None]) -> None:
        """Call back once everything collected so far has been committed, or refused."""
        self._when_idle = when_idle
        self.pump()

    def close(self) -> None:
        """Close the store, after the commit that is under way."""
        if self._timer is not None:
            self._timer.cancel()
        if self._thread.is_alive():
            self._batches.put(None)
            self._thread.join()
        self._store.close()

    def _work(self) -> None:
        """Commit batches until told to end; runs on the store's thread."""
        while True:
            batch = self._batches.get()
            if batch is None:
                return
            reason = self._carry_out(batch)
            try:
                self._loop.call_soon_threadsafe(self._settle, reason)
            except RuntimeError:
                # The event loop has ended: nobody is left to be told.
                return

    def _carry_out(self, batch: Batch) -> str:
        """Commit a batch and answer its queries; return why it was refused, if so."""
        reason = ""
        try:
            if not batch.changes_nothing():
                self._store.commit(batch)
        except StoreError as error:
            reason = str(error)
        except Exception as error:
            # A defect must not leave everybody waiting for this thread.
            _log.exception("the store failed", extra={"action": "store_defect"})
            reason = f"the store failed: {error!r}"
        for query in batch.queries:
            self._answer(query)
        return reason

    def _answer(self, query: Query) -> None:
        try:
            self._store.answer(query)
        except Exception as error:
            _log.exception("the store failed", extra={"action": "store_defect"})
            query.error = f"the store failed: {error!r}"

    def _settle(self, reason: str) -> None:
        self._is_busy = False
        self._settled.set()
        self._note(reason)
        if reason:
            self._timer = self._loop.call_later(_PAUSE, self._begin)
            self._engine.refused(reason, self._monotonic())
            # One that stops does not wait for the store to get well.
            self._tell_idle()
        else:
            self._engine.committed(self._monotonic())
        self.on_settled()

    def _note(self, reason: str) -> None:
        """Log when the store begins to fail and when it is well again."""
        if reason and not self._is_failing:
            _log.error(
                "background jobs are refused: %s",
                reason,
                extra={"action": "store_fails"},
            )
        elif self._is_failing and not reason:
            _log.warning("the store is well again", extra={"action": "store_recovered"})
        self._is_failing = bool(reason)
