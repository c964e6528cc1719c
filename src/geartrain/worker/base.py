"""What a worker is in both faces: its name, its functions, what it is to do."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from geartrain.errors import WorkerError
from geartrain.seconds import FOREVER, Seconds, number
from geartrain.transport import forks
from geartrain.worker.functions import Function, key
from geartrain.worker.jobs import BaseJob
from geartrain.worker.log import LOG
from geartrain.worker.partitions import Aggregator, Partition, Partitioner
from geartrain.worker.signatures import check_call, check_id, check_name

if TYPE_CHECKING:
    from geartrain.codecs import Codec
    from geartrain.transport.connect import Servers
    from geartrain.transport.tls import Tls
    from geartrain.worker.observer import Observer

__all__ = ["BaseWorker", "in_seconds"]

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class BaseWorker(ABC):
    """A worker: functions, and the job servers whose jobs it takes.

    Attributes:
        servers: the job servers, as ``connectors`` takes them. It serves them all at
            once.
        tls: how to speak TLS to those that are named by a text.
        id: what the job server's ``workers`` shows: text without spaces.
        concurrency: how many jobs at once.
        prefetch: how many more jobs ``run`` takes ahead, which saves the way to the job
            server where jobs take less than a millisecond. The job server counts them
            as running. Those that wait for more than a second are given back to
            Geartrain; other job servers do not take them back.
        codec: what workloads and results are, for functions that name no codec.
        context: what handlers find as ``job.context``.
        heartbeat: seconds of silence after which a job server is probed.
        connect_timeout: the most seconds that connecting may take.
        observer: is told of connections and jobs.
        jobs_done: how many jobs it has ended, one way or the other.
    """

    # When jobs are given back, as time.monotonic counts.
    _give_back_at: float | None

    refusal: ClassVar[str] = ""
    """Why no worker of this process may begin to work now; empty if they may."""

    def __init__(  # noqa: PLR0913 - each has its own name and default
        self,
        servers: Servers = None,
        *,
        id: str | None = None,
        concurrency: int = 1,
        prefetch: int = 0,
        codec: str | Codec | None = None,
        tls: Tls | None = None,
        context: object = None,
        heartbeat: Seconds = 30.0,
        connect_timeout: Seconds = 5.0,
    ) -> None:
        """Prepare a worker; it connects when it is to work.

        ``servers`` None are those of the environment's GEARMAN_SERVERS, else
        127.0.0.1:4730. ``id`` None is the host's name and the process number.

        Raises:
            WorkerError: a number or the id cannot be one.
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
        self._functions: dict[bytes, Function] = {}
        self._counting = threading.Lock()
        self._at_hand: dict[BaseJob, BaseJob] = {}
        self._set_up()
        forks.tell(self)

    def _by(self, deadline: Seconds | None) -> None:
        """Note when jobs are to be given back, unless that is earlier already."""
        seconds = in_seconds("deadline", deadline)
        if seconds is not None:
            at = time.monotonic() + seconds
            if self._give_back_at is None or at < self._give_back_at:
                self._give_back_at = at

    def _refuse(self) -> None:
        """Raise WorkerError if there is a ``refusal``."""
        if BaseWorker.refusal:
            raise WorkerError(BaseWorker.refusal)

    @abstractmethod
    def _set_up(self) -> None:
        """Prepare what a face has of its own."""

    def in_child(self) -> None:
        """Begin anew in a process that was forked; called there by itself.

        Connections, jobs and threads are the parent's. The worker has its functions
        and can be run here, too: it connects by itself then.
        """
        self._counting = threading.Lock()
        self._at_hand = {}
        if not self._has_own_id:
            self.id = _process_id()
        self._set_up()

    def function(
        self,
        name: str,
        *,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> Callable[[_Handler], _Handler]:
        """Register the function that follows, as ``register`` does."""
        check_name(name)

        def registered(handler: _Handler) -> _Handler:
            self.register(name, handler, timeout=timeout, codec=codec)
            return handler

        return registered

    def register(
        self,
        name: str,
        handler: Callable[..., Any],
        *,
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> None:
        """Serve a function; in place of another handler, which is logged.

        ``geartrain.worker.functions.Function`` says what the handler is called with.
        What it returns is the result; what it yields, as a generator, is sent piece by
        piece. ``Retry`` has the job tried again, any other exception ends the attempt
        and is sent with its traceback. ``timeout`` is in seconds: when they have
        passed, the attempt has failed (CAN_DO_TIMEOUT; less than one second is one).
        Other job servers than Geartrain give the job to another worker then.
        ``codec`` None is the worker's.

        Raises:
            WorkerError: the name, handler or timeout cannot be one, or the handler
                cannot be called with what it would be.
            OptionError: there is no such codec.
        """
        chosen = self.codec if codec is None else codec
        self._add(Function(name, handler, timeout, chosen))

    def unregister(self, name: str) -> None:
        """Serve a function no longer; its jobs at hand go to other workers."""
        if self._functions.pop(key(name), None) is not None:
            self._withdraw(key(name))

    def partitioner(
        self,
        name: str,
        *,
        aggregator: Aggregator,
        reducer: str = "",
        timeout: Seconds | None = None,
    ) -> Callable[[Partitioner], Partitioner]:
        """Register the function that follows as one that splits its workload.

        It is called with the job, or its workload, and gives the pieces. Each is a
        foreground job of the function that the client named as the reducer, else of
        ``reducer``; without either the pieces are the results. ``aggregator`` is
        called with the list of their results, in order, and returns the job's. If a
        reducer fails, the job does.

        Other workers must serve the reducer: this one has its hands full meanwhile.
        """
        check_name(name)
        _check_part(name, aggregator)

        def registered(split: Partitioner) -> Partitioner:
            _check_part(name, split)
            partition = Partition(split, aggregator, reducer)
            self._add(Function(name, partition, timeout))
            return split

        return registered

    @property
    def functions(self) -> list[str]:
        """The names of the functions it serves."""
        return [function.name for function in self._functions.values()]

    @property
    def jobs_at_hand(self) -> list[BaseJob]:
        """The jobs whose handlers run."""
        return list(self._at_hand)

    def _add(self, function: Function) -> None:
        function.check()
        name = key(function.name)
        if name in self._functions:
            LOG.warning("%r has a new handler in place of another", function.name)
        self._functions[name] = function
        self._announce(function)

    @abstractmethod
    def _announce(self, function: Function) -> None:
        """Tell the job servers of a function."""

    @abstractmethod
    def _withdraw(self, name: bytes) -> None:
        """Tell the job servers that a function is not served."""

    def _each_function(self) -> Iterator[tuple[bytes, int]]:
        for name, function in self._functions.items():
            yield name, function.milliseconds

    def _check_work(self) -> None:
        """Raise WorkerError if there is nothing to work on, or this may not work."""
        self._refuse()
        if not self._functions:
            raise WorkerError(
                "this worker serves no function: register one before it is to work, as"
                " @worker.function('resize') does for the function that follows"
            )

    def _ending(self, handles_signals: bool) -> tuple[type[BaseException], ...]:
        """Return the exceptions of a handler that end more than its job."""
        found: list[type[BaseException]] = []
        is_main = threading.current_thread() is threading.main_thread()
        is_taken = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
        if is_main and is_taken and not handles_signals:
            # A Ctrl-C, which its user means for the program.
            found.append(KeyboardInterrupt)
        if self.observer is not None:
            # Whoever looks on ends the process, and says so to the job server.
            found.append(SystemExit)
        return tuple(found)

    def _begin(self, job: BaseJob) -> None:
        self._at_hand[job] = job
        if self.observer is not None:
            self.observer.on_begin(job)

    def _end(self, job: BaseJob) -> None:
        """Count a job that has ended; only the first call does anything."""
        if self._at_hand.pop(job, None) is None:
            return
        with self._counting:
            self.jobs_done += 1
        if self.observer is not None:
            self.observer.on_end(job, job.outcome or "lost")


def _check_part(name: str, part: Callable[..., Any]) -> None:
    if not callable(part):
        raise WorkerError(f"a part of {name!r} cannot be called: {part!r}")
    check_call(name, part, spreads=False)


def _process_id() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def in_seconds(name: str, value: Seconds | None) -> float | None:
    """Return a length of time in seconds; raises WorkerError if it is none."""
    return None if value is None else min(number(value, name, WorkerError), FOREVER)


def _whole(name: str, value: object) -> int:
    """Return a whole number; raises WorkerError if it is something else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise WorkerError(f"{name} is {value!r}: give a whole number")
    return value
