"""The blocking worker."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Final, Self

from geartrain.errors import WorkerError
from geartrain.protocol.worker import Assignment, Slots
from geartrain.seconds import Seconds
from geartrain.transport.connect import connectors
from geartrain.worker.base import BaseWorker, in_seconds
from geartrain.worker.calls import LOG, NOTHING, Passing, perform
from geartrain.worker.functions import Function, key
from geartrain.worker.jobs import WorkerJob
from geartrain.worker.keeper import Given, Keeper
from geartrain.worker.links import Link
from geartrain.worker.pump import Pump
from geartrain.worker.signals import Signals

__all__ = ["Worker"]

_LONG: Final = 3600.0
# Seconds a grab may stay unanswered when its answer is not wanted any more.
_LATE: Final = 1.0
# Seconds between two looks at a deadline that may be set.
_SHORT: Final = 0.1


class _Unwind(BaseException):
    """Ends a handler whose job was given back."""


class Worker(BaseWorker):
    """A blocking worker: handlers run in the thread that calls ``work`` or ``run``.

    With a ``concurrency`` above 1, ``run`` has as many threads call them. A thread
    cannot be killed: a handler that runs beyond its timeout runs on, and what it
    returns is not taken. A light thread of its own keeps the connections alive,
    whatever the handlers do.

    Whatever a handler raises ends its attempt, and the worker goes on. Only the
    KeyboardInterrupt of a Ctrl-C passes, where ``run`` does not handle signals.
    """

    _pump: Pump | None
    _keeper: Keeper | None
    _stopping: bool
    _call: object
    _in_handler: bool
    _unwinds: bool
    _unwinding: bool
    _passing: Passing

    def _set_up(self) -> None:
        self._pump = self._keeper = self._give_back_at = None
        self._stopping = False
        # The call of work() or run() that is under way.
        self._call = None
        self._in_handler = self._unwinds = self._unwinding = False
        self._passing = NOTHING
        # The jobs that threads are to do; None has them end.
        self._waiting: SimpleQueue[Given | None] | None = None
        self._signals = Signals()

    def in_child(self) -> None:
        """Begin anew in a process that was forked; called there by itself."""
        self._signals.undo()
        super().in_child()

    def work(self, timeout: Seconds | None = None) -> bool:
        """Wait for one job and do it in this thread; tell whether there was one.

        False means that none came within ``timeout`` seconds, or ``stop`` was called.
        A job that fails is a job done. None is taken between two calls.

        An exception of a signal handler, as that of a Ctrl-C, passes. The worker leaves
        its job servers then, which give a job at hand to another worker, and can be
        used again.

        Raises:
            WorkerError: it serves no function, or is at work already, or the timeout
                is no number.
        """
        seconds = in_seconds("timeout", timeout)
        call = object()
        try:
            self._occupy(call, handles_signals=False)
            found = self._work(seconds)
            return found
        except BaseException:
            if self._call is call:
                self._abandon()
            raise
        finally:
            # Nothing is called here: no signal handler can come before it.
            if self._call is call:
                self._call = None

    def _work(self, timeout: float | None) -> bool:
        pump = self._opened(1)
        until = time.monotonic() + (_LONG if timeout is None else timeout)
        if not pump.ready and not self._stopping:
            pump.resume()
        while not pump.ready and not self._stopping and self._pump is pump:
            left = until - time.monotonic()
            if left <= 0 and timeout is not None:
                break
            pump.attend(max(left, 0.0) if timeout is not None else _LONG)
        pump.slots.rest()
        late = time.monotonic() + _LATE
        while not pump.ready and not pump.slots.unused and time.monotonic() < late:
            pump.attend(_LATE)
        if not pump.ready:
            return False
        link, assignment = pump.ready.popleft()
        self._do(link, assignment, self._passing)
        return True

    def run(self, *, signals: bool = True) -> None:
        """Work until ``stop``, then close the connections.

        With ``signals``, and in the main thread, SIGTERM and SIGINT stop the worker: it
        finishes the jobs at hand and takes no more; the second one gives them back.

        An exception of another signal's handler passes, as ``work`` says.

        Raises:
            WorkerError: it serves no function, or is at work already.
        """
        handles = signals and threading.current_thread() is threading.main_thread()
        call = object()
        try:
            self._occupy(call, handles)
            self._run_to_end(handles)
        except BaseException:
            if self._call is call:
                self._abandon()
                self._resume()
            raise
        finally:
            if self._call is call:
                self._call = None

    def _run_to_end(self, handles_signals: bool) -> None:
        try:
            if handles_signals:
                self._signals.handle(self._on_signal)
            pump = self._opened(self.concurrency + self.prefetch)
            self._unwinds = handles_signals and self.concurrency == 1
            if self.concurrency == 1:
                self._run_here(pump)
            else:
                self._run_in_threads(pump)
            self.close()
        except _Unwind:
            LOG.info("left a handler whose job was given back")
            self.close()
        finally:
            self._signals.undo()

    def _occupy(self, call: object, handles_signals: bool) -> None:
        """Begin to work in this thread, unless it or another one does so already."""
        if self._call is not None:
            raise WorkerError(
                "this worker is at work already: neither a handler nor another thread"
                " can have it work meanwhile"
            )
        if not self._stopping:
            self._check_work()
        self._call = call
        self._passing = (_Unwind, *self._ending(handles_signals))

    def stop(self, deadline: Seconds | None = None) -> None:
        """Finish the jobs at hand and take no more; return at once.

        For any thread, signal handler, or handler of a job. Jobs that have not ended
        after ``deadline`` seconds are given back: to Geartrain without costing an
        attempt; to other job servers by closing the connection. Their handlers are
        left: in threads they run on; in the main thread one ends only if ``run``
        handles signals, else when it returns. A second call can bring the deadline
        forward. Before ``run``, it has ``run`` return at once.

        Raises:
            WorkerError: the deadline is no number.
        """
        self._by(deadline)
        self._stopping = True
        pump, keeper = self._pump, self._keeper
        if pump is not None:
            pump.slots.resting = True
            pump.wake()
        if keeper is not None:
            keeper.deadline = self._give_back_at
            keeper.ring()

    def close(self) -> None:
        """Leave all job servers; jobs at hand go to other workers.

        The worker can be used again.
        """
        pump, keeper = self._pump, self._keeper
        try:
            self._pump = self._keeper = None
            if keeper is not None:
                keeper.close()
            if pump is not None:
                pump.close()
        except BaseException:
            # Interrupted, as when it was to work.
            self._pump, self._keeper = pump, keeper
            self._abandon()
            self._resume()
            raise
        self._lose_jobs()
        self._resume()

    def _abandon(self) -> None:
        """Leave all job servers, whatever an exception has interrupted.

        Between which two steps is not known: a lock may be held, half a packet sent, or
        a job read that nobody knows of. So nothing is waited for, and nothing of this
        is used again: the job servers see the connections end.
        """
        pump, keeper = self._pump, self._keeper
        if keeper is not None:
            keeper.leave()
        if pump is not None:
            pump.abandon()
        if self._waiting is not None:
            self._waiting.put(None)
        self._pump = self._keeper = None
        self._signals.undo()
        self._in_handler = self._unwinding = False
        self._lose_jobs()

    def _resume(self) -> None:
        """Forget that it was to stop."""
        self._stopping = False
        self._give_back_at = None

    def _lose_jobs(self) -> None:
        for job in self.jobs_at_hand:
            job.outcome = job.outcome or "lost"
            self._end(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add(self, function: Function) -> None:
        if function.is_async:
            raise WorkerError(
                f"the handler of {function.name!r} is asynchronous: use AsyncWorker"
            )
        super()._add(function)

    def _announce(self, function: Function) -> None:
        pump = self._pump
        if pump is not None:
            with pump.lock:
                for link in pump.links:
                    link.protocol.register(key(function.name), function.milliseconds)
            pump.flush()

    def _withdraw(self, name: bytes) -> None:
        pump = self._pump
        if pump is not None:
            with pump.lock:
                for link in pump.links:
                    link.protocol.unregister(name)
            pump.flush()

    def _opened(self, concurrency: int) -> Pump:
        """Return what moves the bytes; begin to connect the first time."""
        if self._pump is not None:
            if self._pump.slots.total == concurrency:
                return self._pump
            stopping = self._stopping
            self.close()
            self._stopping = stopping
        self._refuse()
        found = connectors(self.servers, self.tls)
        pump = Pump(
            Slots(concurrency),
            self.observer,
            (self.heartbeat, self.connect_timeout),
        )
        pump.open(found, key(self.id))
        pump.slots.resting = True
        for name, timeout in self._each_function():
            for link in pump.links:
                link.protocol.register(name, timeout)
        keeper = Keeper(
            pump, lambda: self.jobs_at_hand, self._end, self._unwind, self._look_round
        )
        keeper.deadline = self._give_back_at
        self._pump, self._keeper = pump, keeper
        keeper.start()
        return pump

    def _unwind(self) -> None:
        """End the handler in the main thread, whose job was given back."""
        if self._unwinds and self._in_handler:
            self._unwinding = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def _look_round(self) -> None:
        """Have the main thread look at its signals, once a handler has run."""
        if self._unwinds and self._signals.is_doubtful and self._pump is not None:
            self._signals.is_to_be_checked = True
            self._pump.wake()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._unwinding:
            self._unwinding = False
            if self._in_handler:
                raise _Unwind
            return
        self.stop(0.0 if self._stopping else None)

    def _run_here(self, pump: Pump) -> None:
        ready = pump.ready
        if self._keeper is not None:
            self._keeper.ahead = lambda: _first(ready)
        if not self._stopping:
            pump.resume()
        # Python makes a loop that it stays in quick only where it ends in a plain jump.
        # One with a condition here does not: 2,900 instructions a job more.
        while True:
            if self._pump is not pump:
                return
            if self._signals.is_to_be_checked:
                self._signals.check()
            given = _first(ready) if ready else None
            if given is not None:
                link, assignment = given
                self._do(link, assignment, self._passing)
            elif self._stopping and self._is_over(pump):
                return
            else:
                pump.attend(_LONG)

    def _is_over(self, pump: Pump) -> bool:
        """Tell whether no job is at hand, and none can come or is worth waiting for."""
        at = self._give_back_at
        late = at is not None and time.monotonic() > at + _LATE
        return pump.slots.unused or (late and not self._at_hand)

    def _run_in_threads(self, pump: Pump) -> None:
        pump.is_shared = True
        waiting: SimpleQueue[Given | None] = SimpleQueue()
        self._waiting = waiting
        threads = self._start_threads(pump, waiting)
        if self._keeper is not None:
            self._keeper.ahead = lambda: _next(waiting)
        if not self._stopping:
            pump.resume()
        while self._pump is pump and not (self._stopping and self._is_over(pump)):
            pump.attend(_LONG)
            while pump.ready:
                waiting.put(pump.ready.popleft())
        waiting.put(None)
        for thread in threads:
            # A handler that has ended its job may go on; a deadline may yet be set.
            while thread.is_alive() and self._give_back_at is None:
                thread.join(_SHORT)

    def _start_threads(
        self, pump: Pump, waiting: SimpleQueue[Given | None]
    ) -> list[threading.Thread]:
        """Start as many threads as there may be jobs, or as the system has room for."""
        threads: list[threading.Thread] = []
        try:
            for number in range(self.concurrency):
                thread = threading.Thread(
                    target=self._serve,
                    args=(pump, waiting),
                    name=f"geartrain job {number}",
                    daemon=True,
                )
                thread.start()
                threads.append(thread)
        except RuntimeError as error:
            LOG.warning("%d threads instead of %d: %s", number, self.concurrency, error)
            if not threads:
                raise
        return threads

    def _serve(self, pump: Pump, waiting: SimpleQueue[Given | None]) -> None:
        """Do jobs in a thread until there are no more."""
        # No condition here, as in _run_here.
        while True:
            given = waiting.get()
            if given is None:
                break
            link, assignment = given
            self._do(link, assignment, NOTHING)
            if self._stopping:
                pump.wake()
        # For the next thread.
        waiting.put(None)

    def _do(self, link: Link, assignment: Assignment, passing: Passing) -> None:
        function = self._functions.get(assignment.function)
        if function is None or not link.protocol.owns(assignment):
            # It was withdrawn, or the connection lost: the job is another worker's.
            link.drop(assignment)
            return
        job = WorkerJob(link, assignment, function, self.context)
        self._begin(job)
        self._in_handler = self._signals.is_doubtful = True
        try:
            perform(function, job, passing)
        except BaseException:
            # It ends the process, perhaps here.
            self._end(job)
            if job.outcome is None:
                job.give_up(OSError("its handler was interrupted"))
            raise
        finally:
            self._in_handler = False
            self._end(job)
            if not assignment.ended:
                if link.protocol.owns(assignment):
                    # Nothing was said of it: the connection's end is its end.
                    link.hang_up(OSError("the end of a job could not be told"))
                link.drop(assignment)
            if self._keeper is not None and self._keeper.held:
                self._keeper.let_go()


def _first(ready: deque[Given]) -> Given | None:
    """Take the first job of those that nobody has begun; another may be quicker."""
    try:
        return ready.popleft() if ready else None
    except IndexError:
        return None


def _next(waiting: SimpleQueue[Given | None]) -> Given | None:
    try:
        given = waiting.get_nowait()
    except Empty:
        return None
    if given is None:
        # Not a job: the threads are to find it, and end.
        waiting.put(None)
    return given
