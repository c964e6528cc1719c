"""A light thread beside the handlers of a blocking worker."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from geartrain.protocol.worker import Assignment
from geartrain.transport import forks
from geartrain.worker.calls import ask_release, release_ahead, take_back
from geartrain.worker.jobs import BaseJob
from geartrain.worker.links import Link
from geartrain.worker.log import LOG
from geartrain.worker.pump import Pump

__all__ = ["GRACE", "TICK", "Given", "Keeper"]

# Seconds between two looks at what nobody else looks at.
TICK: Final = 1.0
# Seconds after a job's timeout in which the job server is to end the attempt itself.
GRACE: Final = 2.0

Given = tuple[Link, Assignment]


class Keeper:
    """Looks after connections, the deadline and jobs taken ahead.

    Handlers may take all the time they want: once a second this thread reads what has
    come, if nobody else does.

    Attributes:
        deadline: when jobs are given back, as ``time.monotonic`` counts.
        ahead: returns the next job that no handler has; None for none.
        held: jobs that were given back, whose slots are kept until a handler is free:
            otherwise others would be taken in their place.
    """

    def __init__(
        self,
        pump: Pump,
        jobs: Callable[[], list[BaseJob]],
        end: Callable[[BaseJob], None],
        given_back: Callable[[], None],
        tick: Callable[[], None],
    ) -> None:
        self.deadline: float | None = None
        self.ahead: Callable[[], Given | None] = lambda: None
        self.held: list[Given] = []
        self._pump = pump
        self._jobs = jobs
        self._end = end
        self._given_back = given_back
        self._tick = tick
        self._is_over = False
        self._rung, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        forks.own(self._rung)
        forks.own(self._bell)
        self._thread = threading.Thread(
            target=self._keep, name="geartrain worker", daemon=True
        )

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def ring(self) -> None:
        """Have it look at the deadline; for signal handlers, too."""
        with suppress(OSError):
            self._bell.send(b"\0")

    def close(self) -> None:
        """End the thread."""
        self._bell.close()
        self._thread.join()

    def leave(self) -> None:
        """Have the thread end; wait a second at most: it may not have begun."""
        self._is_over = True
        self._bell.close()
        if self._thread.is_alive():
            self._thread.join(TICK)

    def let_go(self) -> None:
        """Free the slots of jobs that were given back: a handler is free."""
        while self.held:
            link, assignment = self.held.pop()
            link.drop(assignment)

    def _keep(self) -> None:
        # A poll: select() takes no descriptors above 1,023.
        poll = select.poll()
        poll.register(self._rung, select.POLLIN)
        while True:
            if poll.poll(self._wait() * 1000) and not self._rung.recv(4096):
                break
            try:
                self._look_round()
            except Exception as error:
                # Nobody else would look after the connections.
                LOG.error("the worker's thread goes on after an error", exc_info=error)
        self._rung.close()

    def _look_round(self) -> None:
        self._pump.attend_if_nobody_does()
        self._tick()
        self._end_overdue()
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._give_back()
        else:
            self._give_back_ahead()

    def _end_overdue(self) -> None:
        """End attempts beyond their timeout that the job server has not ended.

        gearmand forgets the timeouts of jobs at hand when the worker goes to sleep.
        """
        now = time.monotonic()
        for job in self._jobs():
            limit = job.timeout
            if limit is None or now - job.started < limit + GRACE:
                continue
            if job.outcome is None:
                LOG.warning("%r took longer than %g seconds: failed", job, limit)
                job.overdue()

    def _wait(self) -> float:
        if self.deadline is None or self._is_over:
            return TICK
        return min(TICK, max(0.0, self.deadline - time.monotonic()))

    def _give_back(self) -> None:
        """Give the jobs back that have not ended."""
        if self._is_over:
            return
        self._is_over = True
        self._return_all_ahead()
        for job in self._jobs():
            if job.outcome is None:
                if not take_back(job, ask_release(job)):
                    job.abandon("release")
                    job.hang_up("a job was not finished in time")
                self._end(job)
        self.let_go()
        self._pump.wake()
        self._given_back()

    def _give_back_ahead(self) -> None:
        """Give jobs back that wait behind handlers that take their time."""
        jobs = self._jobs()
        latest = max((job.started for job in jobs), default=float("inf"))
        if time.monotonic() - latest >= TICK:
            self._return_all_ahead()

    def _return_all_ahead(self) -> None:
        refused: list[Given] = []
        while (given := self.ahead()) is not None:
            link, assignment = given
            answer = release_ahead(link, assignment)
            if answer == "refused":
                refused.append(given)
            else:
                self.held.append(given)
        self._pump.ready.extend(refused)
