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
from geartrain.worker import asking
from geartrain.worker.calls import take_back
from geartrain.worker.functions import text
from geartrain.worker.jobs import BaseJob
from geartrain.worker.links import Link
from geartrain.worker.pump import Pump

__all__ = ["TICK", "Given", "Keeper"]

# Seconds between two looks at what nobody else looks at.
TICK: Final = 1.0

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
    ) -> None:
        self.deadline: float | None = None
        self.ahead: Callable[[], Given | None] = lambda: None
        self.held: list[Given] = []
        self._pump = pump
        self._jobs = jobs
        self._end = end
        self._given_back = given_back
        self._is_over = False
        self._rung, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        self._thread = threading.Thread(
            target=self._keep, name="geartrain worker", daemon=True
        )
        self._thread.start()

    def ring(self) -> None:
        """Have it look at the deadline; for signal handlers, too."""
        with suppress(OSError):
            self._bell.send(b"\0")

    def close(self) -> None:
        """End the thread."""
        self._bell.close()
        self._thread.join()

    def let_go(self) -> None:
        """Free the slots of jobs that were given back: a handler is free."""
        while self.held:
            link, assignment = self.held.pop()
            link.drop(assignment)

    def _keep(self) -> None:
        while True:
            readable, _, _ = select.select([self._rung], [], [], self._wait())
            if readable and not self._rung.recv(4096):
                break
            self._pump.attend_if_nobody_does()
            if self.deadline is not None and time.monotonic() >= self.deadline:
                self._give_back()
            else:
                self._give_back_ahead()
        self._rung.close()

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
                answer = asking.release(job.connector, job.handle)
                if not take_back(job, answer):
                    job.abandon("release")
                    self._hang_up(job)
                self._end(job)
        self.let_go()
        self._pump.wake()
        self._given_back()

    def _hang_up(self, job: BaseJob) -> None:
        """Leave a job server that takes a job back in no other way."""
        for link in self._pump.links:
            if link.connector is job.connector:
                link.hang_up("a job was not finished in time")

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
            answer = asking.release(link.connector, text(assignment.handle))
            if answer == "refused":
                refused.append(given)
            else:
                self.held.append(given)
        self._pump.ready.extend(refused)
