"""The blocking worker: how it waits, locks and calls handlers."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeVar

from geartrain.errors import WorkerError
from geartrain.seconds import Seconds
from geartrain.worker.base import BaseWorker, in_seconds
from geartrain.worker.calls import NOTHING, Passing, perform
from geartrain.worker.functions import WorkerFunction
from geartrain.worker.keeper import Keeper
from geartrain.worker.log import LOG
from geartrain.worker.pump import Pump
from geartrain.worker.returns import ask
from geartrain.worker.session import Given, Session
from geartrain.worker.signals import Signals, is_forking

__all__ = ["Worker"]

_Found = TypeVar("_Found")

_NEVER: Final = float("inf")
# Seconds to wait for threads whose jobs have ended.
_SOON: Final = 1.0


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
    _call: object
    _in_handler: bool
    _unwinds: bool
    _unwinding: bool

    def _set_up(self) -> None:
        super()._set_up()
        self._pump = self._keeper = None
        # The call of work() or run() that is under way.
        self._call = None
        self._in_handler = self._unwinds = self._unwinding = False
        self._signals = Signals()

    def in_child(self) -> None:
        """Begin anew in a process that was forked; called there by itself."""
        self._signals.undo()
        super().in_child()

    def work(self, timeout: Seconds | None = None) -> bool:
        """Wait for one job and do it in this thread; return whether there was one.

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
        return self._occupied(lambda: self._do_one(seconds), False)

    def _do_one(self, timeout: float | None) -> bool:
        pump, session = self._opened(1), self._session
        until = _NEVER if timeout is None else time.monotonic() + timeout
        pump.tell(lambda: session.seek_one(until))
        while self._pump is pump and (wait := session.patience(time.monotonic())) > 0:
            pump.attend(wait)
        given = session.next()
        if given is None:
            return False
        self._do(given, self._passing)
        return True

    def run(self, *, signals: bool = True) -> None:
        """Work until ``stop``, then close the connections.

        With ``signals``, and in the main thread, SIGTERM and SIGINT stop the worker: it
        finishes the jobs at hand and takes no more; the second one gives them back.

        An exception of another signal's handler passes, as ``work`` says.

        Raises:
            WorkerError: it serves no function, or is at work already.
        """
        handles = self._handles(signals)
        self._occupied(lambda: self._run_to_end(handles), handles, forgets_stop=True)

    def _occupied(
        self,
        act: Callable[[], _Found],
        handles_signals: bool,
        *,
        forgets_stop: bool = False,
    ) -> _Found:
        """Do something as the only call that works; leave all if it is interrupted."""
        call = object()
        try:
            self._check_idle(self._call is not None, handles_signals)
            self._call = call
            found = act()
            return found
        except BaseException:
            if self._call is call:
                self._abandon(forgets_stop)
            raise
        finally:
            # Nothing is called here: no signal handler can come before it.
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
            LOG.info(
                "left a handler whose job was given back",
                extra={"action": "handler_left"},
            )
            self.close()
        finally:
            self._signals.undo()

    def close(self) -> None:
        """Leave all job servers; jobs at hand go to other workers.

        The worker can be used again.
        """
        self._leave()
        self._session = Session(self._end)

    def _leave(self) -> None:
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
            self._abandon(forgets_stop=True)
            raise
        self._lose_jobs()

    def _abandon(self, forgets_stop: bool) -> None:
        """Leave all job servers, whatever an exception has interrupted.

        Between which two steps is not known: a lock may be held, half a packet sent, or
        a job read that nobody knows of. So nothing is waited for, and nothing of this
        is used again: the job servers see the connections end.
        """
        pump, keeper = self._pump, self._keeper
        self._session.abandon()
        if keeper is not None:
            keeper.leave()
        if pump is not None:
            pump.abandon()
        self._pump = self._keeper = None
        self._signals.undo()
        self._in_handler = self._unwinding = False
        self._lose_jobs()
        session = self._session
        self._session = Session(self._end) if forgets_stop else session.successor()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add(self, function: WorkerFunction) -> None:
        if function.is_async:
            raise WorkerError(
                f"the handler of {function.name!r} is asynchronous: use AsyncWorker"
            )
        super()._add(function)

    def _tell(self, change: Callable[[], None]) -> None:
        pump = self._pump
        if pump is not None:
            pump.tell(change)

    def _wake(self) -> None:
        pump, keeper = self._pump, self._keeper
        if pump is not None:
            pump.wake()
        if keeper is not None:
            keeper.ring()

    def _opened(self, total: int) -> Pump:
        """Return what moves the bytes; begin to connect the first time."""
        session = self._session
        if self._pump is not None:
            if session.slots.total == total:
                return self._pump
            self._leave()
        found = self._job_servers()
        session.open(total)
        pump = Pump(session, self.observer, (self.heartbeat, self.connect_timeout))
        for connector in found:
            pump.open(connector, self._protocol())
        keeper = Keeper(
            lambda: self._look_round(pump, session),
            lambda: session.wait(time.monotonic()),
        )
        self._pump, self._keeper = pump, keeper
        pump.tell(self._register_all)
        keeper.start()
        return pump

    def _look_round(self, pump: Pump, session: Session) -> None:
        """Do in the keeper's thread what must not wait for a handler."""
        pump.attend_if_nobody_does()
        if self._unwinds and self._signals.is_doubtful:
            # A handler has run, and only the main thread may look at its signals.
            self._signals.is_to_be_checked = True
            pump.wake()
        pump.tell(session.doubt)
        has_given_back = ask(session.look_round(time.monotonic()))
        if session.is_stopping:
            # To see whether it is over: a job server that is silent wakes nobody.
            pump.wake()
        if has_given_back or self._unwinding:
            self._unwind()

    def _unwind(self) -> None:
        """End the handler in the main thread, whose job was given back."""
        if self._unwinds and self._in_handler:
            self._unwinding = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._unwinding:
            if is_forking():
                # What is raised here is lost; the keeper tells it again.
                return
            self._unwinding = False
            if self._in_handler:
                raise _Unwind
            return
        self._stop_by_signal()

    def _run_here(self, pump: Pump) -> None:
        session, ready = self._session, self._session.ready
        passing: Passing = (_Unwind, *self._passing)
        pump.tell(session.resume)
        # Python makes a loop that it stays in quick only where it ends in a plain jump.
        # One with a condition here does not: 2,900 instructions a job more.
        while True:
            if self._pump is not pump:
                return
            if self._signals.is_to_be_checked:
                self._signals.check()
            given = None if ready.empty() else session.next()
            if given is not None:
                self._do(given, passing)
            elif session.is_stopping and session.is_over(time.monotonic()):
                return
            else:
                pump.attend(_NEVER)

    def _run_in_threads(self, pump: Pump) -> None:
        session = self._session
        pump.is_shared = True
        threads = self._start_threads(pump, session)
        pump.tell(session.resume)
        while self._pump is pump:
            if session.is_stopping and session.is_over(time.monotonic()):
                break
            pump.attend(_NEVER)
        session.ready.put(None)
        if not session.has_given_back:
            for thread in threads:
                thread.join(_SOON)

    def _start_threads(self, pump: Pump, session: Session) -> list[threading.Thread]:
        """Start as many threads as there may be jobs, or as the system has room for."""
        threads: list[threading.Thread] = []
        try:
            for number in range(self.concurrency):
                thread = threading.Thread(
                    target=self._serve,
                    args=(pump, session),
                    name=f"geartrain job {number}",
                    daemon=True,
                )
                thread.start()
                threads.append(thread)
        except RuntimeError as error:
            LOG.warning(
                "%d threads instead of %d: %s",
                number,
                self.concurrency,
                error,
                extra={"action": "threads_short"},
            )
            if not threads:
                raise
        return threads

    def _serve(self, pump: Pump, session: Session) -> None:
        """Do jobs in a thread until there are no more."""
        # No condition here, as in _run_here.
        while True:
            given = session.ready.get()
            if given is None:
                break
            self._do(given, NOTHING)
            if session.is_stopping:
                pump.wake()
        # For the next thread.
        session.ready.put(None)

    def _do(self, given: Given, passing: Passing) -> None:
        job: Any = self._begin(given)
        if job is None:
            return
        self._in_handler = self._signals.is_doubtful = True
        try:
            perform(job.definition, job, passing)
        finally:
            self._in_handler = False
            self._finish(job)
