"""What a worker does next: which job starts, what is given back, when it stops.

Both workers drive a session: they tell it what has happened and what time it is, and do
what it decides. It has no sockets, threads or clock, and never waits.

    connections ──▶ ready ──next()──▶ at hand ──▶ ended
                      │                  │
       behind a slow handler, or at the deadline: given back

A job occupies a slot from the grab to its end. A job that was prefetched and given back
keeps its slot until a handler ends: a free slot would grab another job, to wait behind
the same slow handler.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from geartrain.protocol.worker import Assignment, JobSlots, WorkerProtocol
from geartrain.worker import asking
from geartrain.worker.jobs import BaseJob, Line
from geartrain.worker.log import LOG
from geartrain.worker.returns import Questions, release

__all__ = ["GRACE", "TICK", "Given", "Session"]

# Seconds between two calls of look_round().
TICK: Final = 1.0
# Seconds after a job's timeout in which the job server is to end the attempt itself.
GRACE: Final = 2.0
# Seconds to wait for the answers to grabs when no job is wanted any more.
LATE: Final = 1.0
# Seconds that a worker that stops leaves a job server to answer its grabs. Ten are all
# that Docker gives it. One that hangs would be found out by probes after a minute, and
# gives a job that it assigns meanwhile to another worker.
UNANSWERED: Final = 5.0
_NEVER: Final = float("inf")

# A job that has come, and its connection.
Given = tuple[Line, Assignment]


class Session:
    """The jobs that a worker has grabbed, and whether it should stop.

    ``stop`` may be called in signal handlers and any thread, ``next`` in any thread.
    Methods that write to connections (``register``, ``unregister``, ``resume`` and
    ``seek_one``) are called through ``tell`` of a pump, which holds the lock. The
    others belong to the thread that works, ``look_round`` to the one that keeps it.

    Attributes:
        slots: how many jobs there may be at once, over all connections.
        ready: jobs that have arrived and that no handler has started. Threads may wait
            in its ``get``; None tells them to end.
        at_hand: jobs whose handlers are running.
        held: prefetched jobs that were given back and keep their slots.
        is_stopping: whether no more jobs are grabbed.
        give_back_at: when to give jobs at hand back, by the clock ``now`` is from.
        has_given_back: whether that has been done.
    """

    def __init__(self, ended: Callable[[BaseJob], None]) -> None:
        """``ended`` is called with each job at hand that was given back."""
        self.is_stopping = False
        self.give_back_at: float | None = None
        self._ended = ended
        self.at_hand: dict[BaseJob, BaseJob] = {}
        self.open(1)

    def open(self, total: int) -> None:
        """Start without connections, for ``total`` jobs at once; a stop still holds."""
        self.slots = JobSlots(total)
        self.slots.resting = True
        self.ready: SimpleQueue[Given | None] = SimpleQueue()
        self.held: list[Given] = []
        self.has_given_back = False
        self._gives_back = False
        self._protocols: list[WorkerProtocol] = []
        self._until = 0.0
        self._late: float | None = None

    def successor(self) -> Session:
        """Return an empty session with the same stop."""
        session = Session(self._ended)
        session.give_back_at = self.give_back_at
        session.is_stopping = self.is_stopping
        return session

    def protocol(self, client_id: bytes) -> WorkerProtocol:
        """Return the protocol of a new connection."""
        protocol = WorkerProtocol(self.slots, client_id, wants_options=True)
        self._protocols.append(protocol)
        return protocol

    def register(self, function: bytes, milliseconds: int) -> None:
        """Announce an ability on all connections."""
        for protocol in self._protocols:
            protocol.register(function, milliseconds)

    def unregister(self, function: bytes) -> None:
        """Withdraw an ability on all connections."""
        for protocol in self._protocols:
            protocol.unregister(function)

    def resume(self) -> None:
        """Grab jobs on all connections, unless stopping."""
        self.slots.resting = False
        if self.is_stopping:
            # Checked last, because a signal handler may call stop() in between.
            self.slots.resting = True
        for protocol in self._protocols:
            protocol.seek()

    def stop(self, at: float | None) -> None:
        """Grab no more jobs; give those at hand back at this time, or earlier."""
        if at is not None and (self.give_back_at is None or at < self.give_back_at):
            self.give_back_at = at
        self.is_stopping = True
        self.slots.resting = True

    def abandon(self) -> None:
        """Decide nothing more: the worker was interrupted at an unknown step."""
        self._gives_back = True
        self.ready.put(None)

    def next(self) -> Given | None:
        """Return the next job to start; None if there is none."""
        ready = self.ready
        try:
            given = ready.get_nowait()
        except Empty:
            return None
        if given is None:
            # Not a job, but for the threads that wait: it tells them to end.
            ready.put(None)
        return given

    def seek_one(self, until: float) -> None:
        """Grab one job; wait for it as ``patience`` says, until a time at most."""
        self._until = until
        self._late = None
        if self.ready.empty() and not self.is_stopping:
            self.resume()

    def patience(self, now: float) -> float:
        """Return how many seconds to wait for the job that ``seek_one`` grabs.

        0 means that ``next`` returns the job, or that there is none. After the end of
        the search, an unanswered grab is waited for, a second at most: a job assigned
        between two calls of ``work`` would have to wait for the second one.
        """
        if not self.ready.empty():
            self.slots.resting = True
            return 0.0
        if self._late is None and (self.is_stopping or now >= self._until):
            self.slots.resting = True
            self._late = now + LATE
        if self._late is None:
            return self._until - now
        return 0.0 if self.slots.unused else max(0.0, self._late - now)

    def is_over(self, now: float) -> bool:
        """Return whether a worker that stops has nothing left to wait for."""
        if not self.has_given_back:
            return self._has_left_off(now)
        # After the deadline, a silent job server must not keep the worker from ending.
        at = self.give_back_at
        return self.slots.unused or at is None or now > at + LATE

    def _has_left_off(self, now: float) -> bool:
        """Return whether no job is at hand, and none can come of what was grabbed."""
        if self.at_hand or not self.ready.empty():
            self._late = None
            return False
        if self._late is None:
            self._late = now + UNANSWERED
        return self.slots.unused or now > self._late

    def free_held(self) -> None:
        """Free the slots of jobs that were given back, because a handler has ended."""
        while self.held:
            line, assignment = self.held.pop()
            line.drop(assignment)

    def wait(self, now: float) -> float:
        """Return after how many seconds to call ``look_round``."""
        if self.give_back_at is None or self._gives_back:
            return TICK
        return min(TICK, max(0.0, self.give_back_at - now))

    def doubt(self) -> None:
        """Let no job server that does not answer keep slots from the others."""
        if len(self._protocols) > 1:
            for protocol in self._protocols:
                protocol.doubt()

    def look_round(self, now: float) -> Questions[bool]:
        """Do what is due; return whether all jobs were given back."""
        self._end_overdue(now)
        if self.give_back_at is not None and now >= self.give_back_at:
            if self._gives_back:
                return False
            self._gives_back = True
            yield from self._give_back()
            self.has_given_back = True
            return True
        latest = max((job.started for job in list(self.at_hand)), default=_NEVER)
        if now - latest >= TICK:
            yield from self._give_back_ahead()
        return False

    def _end_overdue(self, now: float) -> None:
        """End attempts after their timeout that the job server has not ended.

        gearmand forgets the timeouts of running jobs when their worker goes to sleep.
        """
        for job in list(self.at_hand):
            limit = job.timeout
            if limit is None or now - job.started < limit + GRACE or job.has_timer:
                continue
            if job.outcome is None:
                LOG.warning(
                    "%s: took longer than %g seconds, failed",
                    job,
                    limit,
                    extra={"action": "job_timed_out"},
                )
                job.overdue()

    def _give_back(self) -> Questions[None]:
        """Give all jobs back, also those of running handlers."""
        yield from self._give_back_ahead()
        for job in list(self.at_hand):
            if job.outcome is None:
                yield from release(job, "a job was not finished in time")
            self._ended(job)
        self.free_held()

    def _give_back_ahead(self) -> Questions[None]:
        """Give back the jobs that no handler has started."""
        refused: list[Given] = []
        while (given := self.next()) is not None:
            answer = yield partial(asking.release_ahead, *given)
            (refused if answer == "refused" else self.held).append(given)
        for given in refused:
            self.ready.put(given)
