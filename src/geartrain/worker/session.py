"""What a worker does next: which job begins, what is given back, when it is over.

Both workers are pumps around a session. They tell it what has happened and what time it
is, and do what it decides; it has no socket, thread, clock or waiting of its own.

    connections ──jobs──▶ ready ──next()──▶ begin() ──▶ at hand ──▶ end()
                            │                             │
                            └── a slow handler before ────┴── the deadline: given back

A job occupies a slot from the grab until its end. A job that was taken ahead and given
back keeps its slot until a handler ends: a free slot would fetch another job, which
would wait behind the same slow handler.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from geartrain.protocol.worker import Assignment, Slots, WorkerProtocol
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
_NEVER: Final = float("inf")

# A job that has come, and its connection.
Given = tuple[Line, Assignment]


class Session:
    """What a worker has taken, and what it is told to do.

    ``stop`` may be called by signal handlers and other threads at any moment. The other
    methods belong to whoever holds the face's lock or event loop, except ``next``,
    ``begin`` and ``end``, which all threads of handlers call.

    Attributes:
        slots: how many jobs there may be at once, over all connections.
        ready: jobs that have come and that no handler has begun. Threads may wait in
            its ``get``; None has them end.
        at_hand: jobs whose handlers run.
        held: jobs taken ahead that were given back and keep their slots.
        is_stopping: take no more jobs.
        give_back_at: when jobs at hand are given back, by the clock that ``now`` is of.
        has_given_back: that has been done.
    """

    def __init__(self, ended: Callable[[BaseJob], None]) -> None:
        """``ended`` is called with each job at hand that was given back."""
        self.is_stopping = False
        self.give_back_at: float | None = None
        self._ended = ended
        self.at_hand: dict[BaseJob, BaseJob] = {}
        self.open(1)

    def open(self, total: int) -> None:
        """Begin without connections, for so many jobs at once; a stop still holds."""
        self.slots = Slots(total)
        self.slots.resting = True
        self.ready: SimpleQueue[Given | None] = SimpleQueue()
        self.held: list[Given] = []
        self.has_given_back = False
        self._gives_back = False
        self._protocols: list[WorkerProtocol] = []
        self._until = 0.0
        self._late: float | None = None

    def successor(self) -> Session:
        """Return a session without jobs that is to stop if this one is."""
        session = Session(self._ended)
        session.give_back_at = self.give_back_at
        session.is_stopping = self.is_stopping
        return session

    def protocol(self, client_id: bytes) -> WorkerProtocol:
        """Return what is said on a new connection."""
        protocol = WorkerProtocol(self.slots, client_id, wants_handles=True)
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
        """Grab jobs on all connections, unless it is to stop."""
        self.slots.resting = False
        if self.is_stopping:
            # Asked afterwards: a signal handler may have called stop() just before.
            self.slots.resting = True
        for protocol in self._protocols:
            protocol.seek()

    def stop(self, at: float | None) -> None:
        """Take no more jobs; give those at hand back at this time, or earlier."""
        if at is not None and (self.give_back_at is None or at < self.give_back_at):
            self.give_back_at = at
        self.is_stopping = True
        self.slots.resting = True

    def abandon(self) -> None:
        """Decide nothing more: the worker was interrupted at an unknown step."""
        self._gives_back = True
        self.ready.put(None)

    def next(self) -> Given | None:
        """Take the job that is to begin next; None if none has come."""
        ready = self.ready
        # Asked first: to catch an exception takes ten times as long.
        if ready.empty():
            return None
        try:
            given = ready.get_nowait()
        except Empty:
            # Another thread was quicker.
            return None
        if given is None:
            # Not a job: the threads are to find it, and end.
            ready.put(None)
        return given

    def seek_one(self, until: float) -> None:
        """Grab one job; wait for it as ``patience`` says, until a time at most."""
        self._until = until
        self._late = None
        if self.ready.empty() and not self.is_stopping:
            self.resume()

    def patience(self, now: float) -> float:
        """Return the seconds to wait for the job that is sought, or 0.

        0 means that ``next`` has the job, or that there is none. No grab is left
        unanswered then if the job server answers within a second: a job that came
        between two calls of ``work`` would wait for the second of them.
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
        """Return whether a worker that is to stop has nothing left to wait for."""
        if not self.has_given_back:
            return self.slots.unused and not self.at_hand
        # A job server that is silent must not keep a worker whose deadline has passed.
        at = self.give_back_at
        return self.slots.unused or at is None or now > at + LATE

    def free_held(self) -> None:
        """Free the slots of jobs that were given back: a handler has ended."""
        while self.held:
            line, assignment = self.held.pop()
            line.drop(assignment)

    def wait(self, now: float) -> float:
        """Return the seconds until ``look_round`` is to be called."""
        if self.give_back_at is None or self._gives_back:
            return TICK
        return min(TICK, max(0.0, self.give_back_at - now))

    def look_round(self, now: float) -> Questions[bool]:
        """Do what has become due; return whether that was to give all jobs back."""
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
        """End attempts beyond their timeout that the job server has not ended.

        gearmand forgets the timeouts of jobs at hand when the worker goes to sleep.
        """
        for job in list(self.at_hand):
            limit = job.timeout
            if limit is None or now - job.started < limit + GRACE or job.has_timer:
                continue
            if job.outcome is None:
                LOG.warning("%r took longer than %g seconds: failed", job, limit)
                job.overdue()

    def _give_back(self) -> Questions[None]:
        """Give all jobs back, those of running handlers, too."""
        yield from self._give_back_ahead()
        for job in list(self.at_hand):
            if job.outcome is None:
                yield from release(job, "a job was not finished in time")
            self._ended(job)
        self.free_held()

    def _give_back_ahead(self) -> Questions[None]:
        """Give the jobs back that no handler has begun."""
        refused: list[Given] = []
        while (given := self.next()) is not None:
            answer = yield partial(asking.release_ahead, *given)
            (refused if answer == "refused" else self.held).append(given)
        for given in refused:
            self.ready.put(given)
