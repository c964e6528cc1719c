"""Jobs as handlers see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Protocol

from geartrain.errors import WorkerError
from geartrain.texts import quoted, shown
from geartrain.worker import asking
from geartrain.worker.children import LINEAGE
from geartrain.worker.functions import Function, as_bytes, text

if TYPE_CHECKING:
    from geartrain.protocol.worker import Assignment, WorkerProtocol
    from geartrain.transport.connect import Connector
    from geartrain.worker.outcomes import Outcome

__all__ = ["AsyncWorkerJob", "BaseJob", "Line", "WorkerJob"]

# A packet's size has four bytes; a handle and a NUL come before the data.
_MOST_DATA: Final = 2**32 - 1 - 1024


class Line(Protocol):
    """The connection a job came on, as far as jobs go."""

    @property
    def connector(self) -> Connector:
        """The way to the job server."""

    @property
    def protocol(self) -> WorkerProtocol:
        """What is said about jobs."""

    def post(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Have the protocol say something, and send it; return what it returned."""

    def look(self) -> None:
        """Take in what has come, if that needs somebody to do it."""

    def hang_up(self, error: Exception) -> None:
        """Close the connection, which gives its jobs to other workers."""

    def drop(self, assignment: Assignment) -> None:
        """Be done with a job of which nothing is to be said."""


class BaseJob:
    """One attempt of a job.

    Its methods may be called from any thread. Those that send return False where the
    job server waits for this attempt no longer, as ``is_wanted`` does.

    A process that a handler forks has no part in the job: there they raise
    WorkerError.

    Attributes:
        context: what the worker was made with.
        started: when the attempt began here, as ``time.monotonic`` counts.
        outcome: what has become of it; None as long as the handler may still say.
        workload: its input, as it came.
        assignment: the attempt as the connection knows it.
        definition: its function: the handler, and how it is called.
        has_timer: its own task ends it beyond its timeout.
    """

    has_timer: ClassVar[bool] = False

    __slots__ = (
        "_born",
        "_line",
        "assignment",
        "context",
        "definition",
        "outcome",
        "started",
        "workload",
    )

    def __init__(
        self, line: Line, assignment: Assignment, function: Function, context: object
    ) -> None:
        self._line = line
        self.assignment = assignment
        self.definition = function
        self._born = LINEAGE.forks
        self.context: Any = context
        self.started = time.monotonic()
        self.outcome: Outcome | None = None
        # Looked at for each job, twice: as a property it took 700 instructions more.
        self.workload = assignment.workload

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {shown(self.handle)} of {quoted(self.function)}>"
        )

    @property
    def handle(self) -> str:
        """The name the job server gave it."""
        return text(self.assignment.handle)

    @property
    def function(self) -> str:
        """The name of its function."""
        return text(self.assignment.function)

    @property
    def unique(self) -> str:
        """The client's coalescing key; empty for none."""
        return text(self.assignment.unique)

    @property
    def reducer(self) -> str:
        """The function that is to reduce its pieces; empty for none."""
        return text(self.assignment.reducer)

    def replace_workload(self, workload: bytes) -> None:
        """Put what its chunks are together in the place of their manifest."""
        self.workload = self.assignment.workload = workload

    @property
    def value(self) -> Any:
        """Its input, decoded by the function's codec; raises CodecError."""
        decode = self.definition.decode
        return decode(self.workload)

    @property
    def is_wanted(self) -> bool:
        """Whether the job server waits for this attempt still.

        False once the connection was lost, the job was cancelled, its timeout has
        passed, or this attempt is refused or ended for another reason. Geartrain says
        so at once; other job servers only when something is sent about the job. A
        blocking worker may learn of it a second late.
        """
        if self.outcome is not None or self._born != LINEAGE.forks:
            return False
        limit = self.definition.timeout
        if limit is not None and time.monotonic() - self.started > limit:
            return False
        return self._line.protocol.owns(self.assignment)

    @property
    def timeout(self) -> float | None:
        """The seconds its function gives it; None for no limit."""
        return self.definition.timeout

    @property
    def connector(self) -> Connector:
        """The way to the job server it came from."""
        return self._line.connector

    @property
    def server(self) -> str:
        """The job server it came from, as errors name it."""
        return str(self._line.connector)

    def send_data(self, data: Any) -> bool:
        """Send a piece of the result, encoded by the function's codec: WORK_DATA.

        Raises:
            WorkerError: the job has ended, or the piece is larger than a packet can be.
        """
        return self._say(self._line.protocol.data, self.definition.encode(data))

    def send_status(self, numerator: int, denominator: int) -> bool:
        """Send how far the job is: WORK_STATUS."""
        fraction = (b"%d" % numerator, b"%d" % denominator)
        return self._say(self._line.protocol.status, *fraction)

    def send_warning(self, data: bytes | str) -> bool:
        """Send a warning: WORK_WARNING."""
        return self._say(self._line.protocol.warning, as_bytes(data))

    def send_complete(self, data: Any = None) -> bool:
        """End the job with its result, encoded: WORK_COMPLETE.

        What the handler returns afterwards is not sent.
        """
        encode = self.definition.encode
        return self._end("complete", encode(data))

    def send_fail(self) -> bool:
        """End the attempt without a result: WORK_FAIL."""
        return self._end("fail")

    def send_exception(self, data: bytes | str) -> bool:
        """End the attempt with an exception, told to clients that asked for it.

        WORK_EXCEPTION; the other clients are told WORK_FAIL by the job server.
        """
        return self._end("exception", as_bytes(data))

    def _say(self, say: Callable[..., bool], *arguments: bytes) -> bool:
        if self.outcome is not None or self._born != LINEAGE.forks:
            self._refuse()
        if arguments and len(arguments[-1]) > _MOST_DATA:
            _refuse_size(arguments[-1])
        return self._line.post(say, self.assignment, *arguments)

    def _end(self, outcome: Outcome, *arguments: bytes) -> bool:
        if self.outcome is not None or self._born != LINEAGE.forks:
            self._refuse()
        if arguments and len(arguments[-1]) > _MOST_DATA:
            _refuse_size(arguments[-1])
        try:
            self.outcome = outcome
            say = getattr(self._line.protocol, outcome)
            mine = self._line.post(say, self.assignment, *arguments)
        except BaseException:
            # Unless it has been said, the attempt is still to be ended.
            if not self.assignment.ended:
                self.outcome = None
            raise
        if not mine:
            self.outcome = "lost"
        return mine

    def _refuse(self) -> NoReturn:
        """Raise WorkerError: nothing can be sent about the job."""
        if self._born != LINEAGE.forks:
            raise WorkerError(
                f"job {self.handle} belongs to the process that took it: a child that"
                " its handler forks can send nothing"
            )
        raise WorkerError(f"job {self.handle} has ended: nothing can be sent")

    def overdue(self) -> None:
        """End an attempt whose handler goes on beyond its timeout, and say why."""
        if self.outcome is None:
            self.outcome = "exception"
            text = f"timed out after {self.timeout:g} s".encode()
            self._line.post(self._line.protocol.overdue, self.assignment, text)

    def hang_up(self, why: str) -> None:
        """Leave the job server, which takes a job back in no other way."""
        self._line.hang_up(OSError(why))

    def let_go(self) -> None:
        """Free its slot; leave the job server if it has not been told of an end."""
        if self._line.protocol.owns(self.assignment):
            self.hang_up("the end of a job could not be told")
        if self.outcome is None:
            self.outcome = "lost"
        self._line.drop(self.assignment)

    def is_still_ours(self) -> bool:
        """Tell whether the job's handle is this job's, before it is asked about.

        What has come is taken in first: a job server that was started again may have
        given the handle to another job.
        """
        self._line.look()
        return self._line.protocol.owns(self.assignment)

    def abandon(self, outcome: Outcome) -> None:
        """End it here without a word: the job server knows, or is to find out."""
        self.outcome = outcome
        self._line.drop(self.assignment)


def _refuse_size(data: bytes) -> NoReturn:
    """Raise WorkerError: this is more than a packet can hold."""
    raise WorkerError(
        f"{len(data)} bytes are more than a packet can hold, {_MOST_DATA}: send them in"
        " pieces"
    )


class WorkerJob(BaseJob):
    """One attempt of a job, for a handler that may block."""

    __slots__ = ("_attempt",)

    @property
    def attempt(self) -> int:
        """Which attempt of the job this is, from 1.

        The job server is asked the first time. One that cannot tell, as gearmand,
        leaves it 1.
        """
        known: int | None = getattr(self, "_attempt", None)
        if known is None:
            known = self._attempt = asking.attempt(self.connector, self.handle)
        return known


class AsyncWorkerJob(BaseJob):
    """One attempt of a job, for a coroutine."""

    __slots__ = ()
    has_timer = True

    @property
    def attempt(self) -> Coroutine[Any, Any, int]:
        """Which attempt of the job this is, from 1: ``await job.attempt``.

        A job server that cannot tell, as gearmand, leaves it 1.
        """
        import asyncio

        return asyncio.to_thread(asking.attempt, self.connector, self.handle)
