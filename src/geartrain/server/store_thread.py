"""The store's thread: it opens the store, commits, answers, and looks how it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic, perf_counter
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.health import OK, Health
from geartrain.engine.queries import Query
from geartrain.server.condition import Outcome, defect, refusal
from geartrain.stores.base import ServerAwayError, Store

__all__ = ["StoreThread"]

_log = logging.getLogger("geartrain.server")

# Seconds for which a look at a store says nothing of its server that has just gone:
# commits wait for one that is restarted, and refuse new jobs themselves after that.
_RESTART: Final = 10.0

# What a store keeps, and why it would refuse new jobs, if so.
_Opened = tuple[Inventory, str]


class StoreThread:
    """One store at work beside the event loop, which is told what came of it.

    Attributes:
        outcome: what became of the last batch, for who does not wait for the loop.
    """

    def __init__(
        self,
        store: Store,
        health: Health,
        *,
        keeps_jobs: bool,
        when_done: Callable[[Outcome], None],
        when_looked: Callable[[str], None],
    ) -> None:
        """Prepare to work for the running event loop.

        Args:
            store: the store, not yet open.
            health: where it is noted how the store is.
            keeps_jobs: it keeps more than dead letters, so that it is looked at.
            when_done: called on the loop with what became of a batch.
            when_looked: called on the loop after a look at the store with why it would
                refuse new jobs; empty if it would not.
        """
        self.outcome: Outcome | None = None
        self._store = store
        self._health = health
        self._keeps_jobs = keeps_jobs
        self._when_done = when_done
        self._when_looked = when_looked
        self._loop = asyncio.get_running_loop()
        # None ends the thread.
        self._work_items: queue.SimpleQueue[Batch | Health | None] = queue.SimpleQueue()
        self._opened: asyncio.Future[_Opened] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._is_given_up = False
        self._away_since: float | None = None

    async def open(self) -> _Opened:
        """Start, and open the store.

        Raises:
            StoreError: it cannot be opened.
        """
        self._thread.start()
        return await self._opened

    def give(self, item: Batch | Health) -> None:
        """Have a batch committed, or the store looked at."""
        self._work_items.put(item)

    def give_up(self) -> None:
        """End once the store is open, and close it."""
        self._is_given_up = True
        self._work_items.put(None)

    def end(self, patience: float) -> bool:
        """End after what was given; return whether that took less than ``patience``."""
        if self._thread.is_alive():
            self._work_items.put(None)
            self._thread.join(patience)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Open the store, and work until told to end; runs on the thread."""
        try:
            opened = self._store.start(), self._looked_at()
        except Exception as error:
            self._report(partial(_settle, self._opened, error))
            return
        self.tell_problems()
        self._report(partial(_settle, self._opened, opened))
        self._work()
        if self._is_given_up:
            self._store.close()

    def _looked_at(self) -> str:
        """Look at a store that has just been opened, if it keeps jobs."""
        return self._probed(self._health) if self._keeps_jobs else ""

    def _report(self, report: Callable[[], None]) -> None:
        """Have something called on the event loop."""
        # One that has ended has nobody left to report to.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(report)

    def _work(self) -> None:
        """Carry out what is queued until told to end."""
        while (item := self._work_items.get()) is not None:
            report: Callable[[], None]
            if isinstance(item, Health):
                report = partial(self._when_looked, self._probed(item))
            else:
                self.outcome = self._carry_out(item)
                report = partial(self._when_done, self.outcome)
            self._back_up()
            self.tell_problems()
            self._report(report)

    def _back_up(self) -> None:
        """Begin the backup that an operator asked for."""
        if not self._health.wants_backup:
            return
        self._health.wants_backup = False
        try:
            self._store.back_up(self._health)
        except Exception as error:
            self._health.tell_backup("failed", "", str(error))

    def tell_problems(self) -> None:
        """Log what the store has to say."""
        problems, self._store.problems = self._store.problems, ()
        for problem in problems:
            _log.error("%s", problem, extra={"action": "store_damaged"})

    def _carry_out(self, batch: Batch) -> Outcome:
        """Commit a batch, or else what is not new in it, and answer its queries."""
        has_new, has_rest = batch.has_new(), batch.has_rest()
        is_rest_saved, records = False, batch.record_count()
        began = perf_counter()
        reason = self._commit(batch)
        if reason and has_new:
            rest = batch.parted()[1]
            is_rest_saved, has_rest = not self._commit(rest), rest.has_rest()
        seconds = perf_counter() - began
        for query in batch.queries:
            self._answer(query)
        return Outcome(reason, is_rest_saved, has_new, has_rest, seconds, records)

    def _commit(self, batch: Batch) -> str:
        """Commit a batch; return why it was refused, if so."""
        if batch.changes_nothing():
            return ""
        return refusal(partial(self._store.commit, batch))

    def _probed(self, health: Health) -> str:
        """Look at the store; return why it would refuse new jobs, if so."""
        return refusal(partial(self._probe, health))

    def _probe(self, health: Health) -> None:
        """Look at the store; raises StoreError if it would refuse new jobs."""
        try:
            self._store.probe(health)
        except ServerAwayError:
            now = monotonic()
            since = self._away_since or now
            if health.state != OK or now >= since + _RESTART:
                raise
            self._away_since = since
        else:
            self._away_since = None

    def _answer(self, query: Query) -> None:
        try:
            self._store.answer(query)
        except Exception as error:
            query.error = defect(error)


def _settle(opened: asyncio.Future[_Opened], outcome: _Opened | Exception) -> None:
    """Tell who opens a store what came of it, if anybody still waits."""
    if opened.done():
        return
    if isinstance(outcome, Exception):
        opened.set_exception(outcome)
    else:
        opened.set_result(outcome)
