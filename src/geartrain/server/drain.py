"""The drain: jobs that run at a stop may end, and their results reach who waits.

A connection that no running job concerns is closed at once, so that its peer finds
another job server, or the next life of this one: a sleeping worker, a client between
two jobs, and one whose job has not begun and will not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from geartrain.server.driver import Driver
from geartrain.texts import counted

__all__ = ["Drain"]

_log = logging.getLogger("geartrain.server")

# Seconds from one look at who may go to the next. It passes over the connections that
# are left and the jobs that run: 3 ms for 10,000 of them.
_LOOK = 0.05


class Drain:
    """The time between the order to stop and the end of the last running job.

    Attributes:
        is_on: jobs may still end.
    """

    def __init__(
        self, driver: Driver, seconds: float, when_over: Callable[[], None]
    ) -> None:
        """Prepare to drain for at most ``seconds``, and to call back then."""
        self.is_on = False
        self._driver = driver
        self._seconds = seconds
        self._when_over = when_over
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0

    def begin(self) -> None:
        """Give out no more jobs; call back when that takes too long.

        Whoever notices that the last connection has gone calls ``end`` before.
        """
        self.is_on = True
        self._until = self._loop.time() + self._seconds
        running = self._driver.begin_stop()
        if running and self._seconds > 0:
            _log.info(
                "waiting up to %g s for %s to end (--drain)",
                self._seconds,
                counted(running, "running job"),
                extra={"action": "drain"},
            )
        self._look()

    def _look(self) -> None:
        """Let go of those who need not stay, and end when all have gone."""
        if self._loop.time() >= self._until or not len(self._driver):
            self.end()
            return
        self._driver.close_disengaged()
        self._timer = self._loop.call_later(_LOOK, self._look)

    def end(self) -> None:
        """Wait for jobs no longer."""
        if not self.is_on:
            return
        self.is_on = False
        if self._timer is not None:
            self._timer.cancel()
        running = self._driver.engine.count_running()
        if running:
            _log.warning(
                "stopping while %d jobs run: those in a store run again after the next"
                " start",
                running,
                extra={"action": "drain_ended"},
            )
        self._when_over()

    def stop(self) -> None:
        """Call nobody back: the server has stopped otherwise."""
        self.is_on = False
        if self._timer is not None:
            self._timer.cancel()
