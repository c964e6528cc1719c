"""What both workers share: options, stopping, and the jobs at hand."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from geartrain.errors import WorkerError
from geartrain.seconds import FOREVER, Seconds, number
from geartrain.transport import forks
from geartrain.transport.connect import connectors
from geartrain.worker.functions import key
from geartrain.worker.jobs import AsyncWorkerJob, BaseJob, WorkerJob
from geartrain.worker.registration import Registration
from geartrain.worker.session import Session
from geartrain.worker.signatures import check_id

if TYPE_CHECKING:
    from geartrain.codecs import Codec
    from geartrain.protocol.worker import WorkerProtocol
    from geartrain.transport.connect import Connector, Servers
    from geartrain.transport.tls import Tls
    from geartrain.transport.tokens import GivenToken
    from geartrain.worker.observer import Observer
    from geartrain.worker.session import Given

__all__ = ["BaseWorker", "in_seconds"]


class BaseWorker(Registration):
    """A worker: functions, and the job servers whose jobs it runs.

    Attributes:
        servers: the job servers, as ``connectors`` takes them. It works for all of them
            at once.
        tls: TLS options for the servers that are given as text.
        token: what these know the worker by: a text, or the ``Path`` of a file, which
            is read anew for each connection. None is the file that
            GEARTRAIN_TOKEN_FILE names, if it does.
        id: the name that the job server's ``workers`` shows: text without spaces.
        concurrency: maximum number of jobs at once.
        prefetch: number of jobs that ``run`` grabs ahead. That saves a round trip per
            job, which matters for jobs shorter than a millisecond. The job server
            counts them as running. One that waits for more than a second is given back
            to Geartrain; other job servers cannot take it back.
        codec: the codec of functions that name none.
        context: the ``job.context`` of handlers.
        heartbeat: seconds of silence after which a job server is probed.
        connect_timeout: maximum number of seconds to connect.
        observer: is told of connections and jobs.
        jobs_done: number of jobs that have ended, whatever their outcome.
    """

    refusal: ClassVar[str] = ""
    """Why no worker of this process may start now; empty if they may."""

    def __init__(  # noqa: PLR0913 - each has its own name and default
        self,
        servers: Servers = None,
        *,
        id: str | None = None,
        concurrency: int = 1,
        prefetch: int = 0,
        codec: str | Codec | None = None,
        tls: Tls | None = None,
        token: GivenToken = None,
        context: object = None,
        heartbeat: Seconds = 30.0,
        connect_timeout: Seconds = 5.0,
    ) -> None:
        """Prepare a worker; ``work`` and ``run`` connect.

        Without ``servers``, those of the variable GEARMAN_SERVERS, else 127.0.0.1:4730.
        Without an ``id``, the host name and the process number.

        Raises:
            WorkerError: a number is out of range, or the id has spaces.
        """
        silence = number(heartbeat, "heartbeat", WorkerError)
        patience = number(connect_timeout, "connect_timeout", WorkerError)
        for name, value in (
            ("concurrency", _whole("concurrency", concurrency)),
            ("heartbeat", silence),
            ("connect_timeout", patience),
        ):
            if not value > 0:
                raise WorkerError(f"{name} is {value!r}: give a number above 0")
        if _whole("prefetch", prefetch) < 0:
            raise WorkerError(f"prefetch is {prefetch!r}: give 0 or more")
        self.servers = servers
        self.tls = tls
        self.token = token
        if id is not None:
            check_id(id)
        self._has_own_id = id is not None
        self.id = _process_id() if id is None else id
        self.concurrency = concurrency
        self.prefetch = prefetch
        self.codec = codec
        self.context = context
        self.heartbeat = silence
        self.connect_timeout = patience
        self.observer: Observer | None = None
        self.jobs_done = 0
        self._functions = {}
        self._counting = threading.Lock()
        self._set_up()
        forks.tell(self)

    @abstractmethod
    def _set_up(self) -> None:
        """Set the state of a worker that is not connected."""
        self._session = Session(self._end)
        # The exceptions of handlers that end more than their jobs.
        self._passing: tuple[type[BaseException], ...] = ()

    @abstractmethod
    def _wake(self) -> None:
        """Wake what waits, so that it asks the session; also in signal handlers."""

    def stop(self, deadline: Seconds | None = None) -> None:
        """Finish the jobs at hand and take no more; return at once.

        For any thread, signal handler, or handler of a job. Jobs that have not ended
        after ``deadline`` seconds are given back: to Geartrain without costing an
        attempt; to other job servers by closing the connection. Coroutines are
        cancelled then, and handlers in threads run on. One in the main thread ends only
        if ``run`` handles signals, else when it returns. A second call can bring the
        deadline forward. Before ``run``, it has ``run`` return at once.

        Raises:
            WorkerError: the deadline is no number.
        """
        seconds = in_seconds("deadline", deadline)
        self._session.stop(None if seconds is None else time.monotonic() + seconds)
        self._wake()

    def _stop_by_signal(self, *_: object) -> None:
        """Finish the jobs at hand; at the second signal, give them back."""
        self.stop(0.0 if self._session.is_stopping else None)

    def in_child(self) -> None:
        """Start afresh in a forked process, where this is called automatically.

        Connections, jobs and threads stay the parent's. The worker keeps its functions
        and can run here, too, with connections of its own.
        """
        self._counting = threading.Lock()
        if not self._has_own_id:
            self.id = _process_id()
        self._set_up()

    @property
    def jobs_at_hand(self) -> list[BaseJob]:
        """The jobs whose handlers are running."""
        return list(self._session.at_hand)

    def _check_idle(self, is_at_work: bool, handles_signals: bool) -> None:
        """Raise WorkerError if it cannot begin to work now."""
        if is_at_work:
            raise WorkerError(
                "this worker is at work already: neither a handler nor another thread"
                " can have it work meanwhile"
            )
        if not self._session.is_stopping:
            self._refuse()
            if not self._functions:
                raise WorkerError(
                    "this worker serves no function: register one before it is to work,"
                    " as @worker.function('resize') does for the function that follows"
                )
        self._passing = self._ending(handles_signals)

    def _refuse(self) -> None:
        """Raise WorkerError if there is a ``refusal``."""
        if BaseWorker.refusal:
            raise WorkerError(BaseWorker.refusal)

    def _handles(self, signals: bool) -> bool:
        """Return whether ``run`` is to handle signals: only the main thread can."""
        return signals and threading.current_thread() is threading.main_thread()

    def _job_servers(self) -> list[Connector]:
        self._refuse()
        return list(connectors(self.servers, self.tls, self.token))

    def _protocol(self) -> WorkerProtocol:
        """Return the protocol of a new connection."""
        return self._session.protocol(key(self.id))

    def _register_all(self) -> None:
        """Announce all functions.

        It is done once ``_tell`` reaches the connections: what another thread registers
        meanwhile is told by the one or by the other.
        """
        for name, function in list(self._functions.items()):
            self._session.register(name, function.milliseconds)

    def _ending(self, handles_signals: bool) -> tuple[type[BaseException], ...]:
        """Return which exceptions of a handler end more than its job."""
        found: list[type[BaseException]] = []
        is_main = threading.current_thread() is threading.main_thread()
        is_taken = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
        if is_main and is_taken and not handles_signals:
            # The user's Ctrl-C is meant for the program, not for the job.
            found.append(KeyboardInterrupt)
        if self.observer is not None:
            # The observer ends the process, and tells the job server why.
            found.append(SystemExit)
        return tuple(found)

    def _begin(self, given: Given) -> WorkerJob | AsyncWorkerJob | None:
        """Return the job whose handler to call now; None if there is none to call."""
        line, assignment = given
        function = self._functions.get(assignment.function)
        if function is None or not line.protocol.owns(assignment):
            # The function was withdrawn or the connection lost: another worker gets it.
            line.drop(assignment)
            return None
        kind = AsyncWorkerJob if function.is_async else WorkerJob
        job: WorkerJob | AsyncWorkerJob = kind(line, assignment, function, self.context)
        self._session.at_hand[job] = job
        if self.observer is not None:
            self.observer.on_begin(job)
        return job

    def _finish(self, job: BaseJob) -> None:
        """Finish with a job whose handler has returned or raised."""
        # First, because an observer may end the process if the handler wanted that.
        self._end(job)
        if not job.assignment.ended:
            job.let_go()
        if self._session.held:
            self._session.free_held()

    def _end(self, job: BaseJob) -> None:
        """Count a job that has ended; further calls for it do nothing."""
        if self._session.at_hand.pop(job, None) is None:
            return
        with self._counting:
            self.jobs_done += 1
        if self.observer is not None:
            self.observer.on_end(job, job.outcome or "lost")

    def _lose_jobs(self) -> None:
        """End the jobs at hand, because the connections are closed."""
        for job in self.jobs_at_hand:
            job.outcome = job.outcome or "lost"
            self._end(job)


def _process_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def in_seconds(name: str, value: Seconds | None) -> float | None:
    """Return a length of time in seconds; raises WorkerError if it is not one."""
    return None if value is None else min(number(value, name, WorkerError), FOREVER)


def _whole(name: str, value: object) -> int:
    """Return a whole number; raises WorkerError if it is something else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise WorkerError(f"{name} is {value!r}: give a whole number")
    return value
