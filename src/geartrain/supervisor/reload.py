"""Replace all processes, one after another, with ones that load the new code."""

from __future__ import annotations

import logging

from geartrain.supervisor.pool import ProcessPool
from geartrain.supervisor.process import Process

__all__ = ["Reload"]

# Seconds after which a process that has loaded its worker counts as working even if it
# has reached no job server: then the old one reaches none either.
_PATIENCE = 5.0
_log = logging.getLogger("geartrain.supervisor")


class Reload:
    """A rolling reload: the old process works until the fresh one can.

    Attributes:
        is_over: whether all are replaced, or the new code cannot be loaded.
    """

    def __init__(self, pool: ProcessPool, grace: float) -> None:
        """Start with the first slot."""
        self.is_over = False
        self._pool = pool
        self._grace = grace
        self._left = list(pool.slots)
        self._fresh: Process | None = None
        self._old: Process | None = None

    def start_over(self) -> None:
        """Kill a fresh process that has not loaded yet: the code has changed again.

        Its import may never end.
        """
        fresh = self._fresh
        if fresh is not None and not fresh.is_loaded:
            self._fresh = None
            fresh.leaves = "reload"
            fresh.kill()

    def step(self, now: float) -> None:
        """Take the next step, if it can be taken now."""
        if self._fresh is not None:
            self._watch_fresh(self._fresh, now)
        elif self._old is not None and not self._old.is_over:
            return
        elif self._left:
            self._begin(now)
        else:
            self.is_over = True
            _log.info("reloaded", extra={"action": "reloaded"})

    def _begin(self, now: float) -> None:
        """Start the next slot's fresh process."""
        slot = self._left[0]
        if slot.process is None:
            # It waits after a crash, perhaps for this very reload.
            slot.due = now
            self._left.pop(0)
            return
        try:
            self._fresh = self._pool.start(slot.target)
        except OSError as error:
            self._give_up(str(error.strerror))

    def _watch_fresh(self, fresh: Process, now: float) -> None:
        """Put the fresh process in the old one's place once it works."""
        if fresh.is_over:
            self._give_up("the fresh process has ended")
        elif fresh.has_connected or (
            fresh.is_loaded and now - fresh.started > _PATIENCE
        ):
            slot = self._left.pop(0)
            self._old = slot.process
            slot.take(fresh)
            slot.last_end = "reload"
            self._fresh = None
            if self._old is not None:
                self._old.stop(self._grace, "reload")

    def _give_up(self, reason: str) -> None:
        self.is_over = True
        _log.error(
            "not reloaded, the processes go on with the old code: %s",
            reason,
            extra={"action": "reload_failed"},
        )
