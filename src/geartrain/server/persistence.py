"""Persistence: the engine's batches go to a store on a thread of its own.

The event loop never waits for the disk. While one batch is being committed the next
one gathers, so that one commit carries all that arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from time import monotonic

from geartrain.engine.engine import Engine
from geartrain.engine.journal import Batch
from geartrain.errors import StoreError
from geartrain.stores.base import Store

__all__ = ["Persistence"]

# Bytes of workloads that wait for the commit before theirs.
_MOST_WAITING = 64 * 1024 * 1024

_log = logging.getLogger("geartrain.server")


class Persistence:
    """One engine's store, at work on a thread.

    Call ``start`` before the first connection, ``pump`` at the end of each turn of the
    event loop, and ``finish`` to stop.

    Attributes:
        on_settled: called on the event loop when a batch was committed or refused.
    """

    def __init__(self, engine: Engine, store: Store) -> None:
        """Persist ``engine`` on the running event loop."""
        self.on_settled: Callable[[], None] = lambda: None
        self._engine = engine
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._is_busy = False
        self._is_failing = False
        self._when_idle: Callable[[], None] | None = None

    def start(self) -> None:
        """Open the store and take back the jobs it kept.

        Raises:
            StoreError: it cannot be opened, read or written.
        """
        self._engine.resume(self._store.open())
        now = monotonic()
        count = 0
        for record in self._store.load():
            self._engine.restore(record, now)
            count += 1
        batch = self._engine.take_batch()
        if batch is not None:
            self._store.commit(batch)
            self._engine.committed(now)
        self._thread.start()
        _log.info("%d jobs were kept", count, extra={"action": "jobs_restored"})

    def pump(self) -> None:
        """Have what the engine collected committed, unless a commit is under way."""
        if self._is_busy:
            return
        batch = self._engine.take_batch()
        if batch is not None:
            self._is_busy = True
            self._batches.put(batch)
        elif self._when_idle is not None:
            when_idle, self._when_idle = self._when_idle, None
            when_idle()

    def is_behind(self) -> bool:
        """Tell whether so much waits to be committed that submitters should wait."""
        return self._engine.state.journal.size() > _MOST_WAITING

    def finish(self, when_idle: Callable[[], None]) -> None:
        """Call back once everything collected so far has been committed or refused."""
        self._when_idle = when_idle
        self.pump()

    def close(self) -> None:
        """Close the store, after the commit that is under way."""
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
            reason = ""
            try:
                self._store.commit(batch)
            except StoreError as error:
                reason = str(error)
            try:
                self._loop.call_soon_threadsafe(self._settle, reason)
            except RuntimeError:
                # The event loop has ended: nobody is left to be told.
                return

    def _settle(self, reason: str) -> None:
        self._is_busy = False
        if reason:
            self._engine.refused(reason, monotonic())
        else:
            self._engine.committed(monotonic())
        self._note(reason)
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
