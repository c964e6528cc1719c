"""Jobs as handlers see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Protocol

from geartrain.errors import WorkerError
from geartrain.protocol.headers import split_headers
from geartrain.texts import quoted, shown
from geartrain.worker import asking
from geartrain.worker.children import LINEAGE
from geartrain.worker.functions import WorkerFunction, as_bytes, text

if TYPE_CHECKING:
    from geartrain.protocol.worker import Assignment, WorkerProtocol
    from geartrain.transport.connect import Connector
    from geartrain.worker.outcomes import Outcome

__all__ = ["AsyncWorkerJob", "BaseJob", "Line", "WorkerJob"]

# A packet's size has four bytes; a handle and a NUL come before the data.
_MOST_DATA: Final = 2**32 - 1 - 1024


class Line(Protocol):
    """What a job needs of the connection it came on."""

    @property
    def connector(self) -> Connector:
        """The way to the job server."""

    @property
    def protocol(self) -> WorkerProtocol:
        """The protocol of the connection."""

    def post(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Call a method of the protocol and send the result; return its answer."""

    def look(self) -> None:
        """Read what has arrived, where that does not happen by itself."""

    def hang_up(self, error: Exception) -> None:
        """Close the connection, which gives its jobs to other workers."""

    def drop(self, assignment: Assignment) -> None:
        """Forget a job without telling the job server."""


class BaseJob:
    """One attempt of a job.

    Its methods may be called from any thread. Those that send return False if the job
    server no longer waits for this attempt, see ``is_wanted``. In a process that a
    handler has forked they raise WorkerError, because the job is the parent's.

    Attributes:
        context: the worker's ``context``.
        started: when the attempt began here, by ``time.monotonic``.
        outcome: how the attempt ended; None while the handler may still decide.
        workload: its input, not decoded.
        assignment: the attempt as the protocol knows it.
        definition: its function: handler, timeout and codec.
        has_timer: whether its own task ends it after its timeout.
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
        self,
        line: Line,
        assignment: Assignment,
        function: WorkerFunction,
        context: object,
    ) -> None:
        self._line = line
        self.assignment = assignment
        self.definition = function
        self._born = LINEAGE.forks
        self.context: Any = context
        self.started = time.monotonic()
        self.outcome: Outcome | None = None
        # Not a property: read twice per job, that took 700 instructions more.
        self.workload = assignment.workload

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {shown(self.handle)} of {quoted(self.function)}>"
        )

    def __str__(self) -> str:
        """Return its handle and function, for the log."""
        return f"job {shown(self.handle)} of {quoted(self.function)}"

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
        """The function that reduces its pieces; empty for none."""
        return text(self.assignment.reducer)

    @property
    def headers(self) -> dict[str, str]:
        """What its client gave beside the workload; empty for none.

        Only Geartrain's clients give headers, and only its job server tells them.
        """
        pairs = split_headers(self.assignment.headers)
        return {text(name): text(value) for name, value in pairs}

    def replace_workload(self, workload: bytes) -> None:
        """Replace the manifest of chunks by what they are together."""
        self.workload = self.assignment.workload = workload

    @property
    def value(self) -> Any:
        """Its input, decoded by the function's codec; raises CodecError."""
        decode = self.definition.decode
        return decode(self.workload)

    @property
    def is_wanted(self) -> bool:
        """Whether the job server still waits for this attempt.

        False once the connection is lost, the job is cancelled, its timeout has passed,
        or the attempt has ended for another reason. Geartrain says so at once; other
        job servers only when something is sent about the job. A blocking worker may
        learn of it a second late.
        """
        if self.outcome is not None or self._born != LINEAGE.forks:
            return False
        limit = self.definition.timeout
        if limit is not None and time.monotonic() - self.started > limit:
            return False
        return self._line.protocol.owns(self.assignment)

    @property
    def timeout(self) -> float | None:
        """The timeout of its function in seconds; None for none."""
        return self.definition.timeout

    @property
    def connector(self) -> Connector:
        """The connector of the job server it came from."""
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
        """Send the progress of the job: WORK_STATUS."""
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
        """End the attempt with an exception: WORK_EXCEPTION.

        The job server sends WORK_FAIL to clients that have not asked for exceptions.
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
            # If it was not sent, the attempt has yet to be ended.
            if not self.assignment.ended:
                self.outcome = None
            raise
        if not mine:
            self.outcome = "lost"
        return mine

    def _refuse(self) -> NoReturn:
        """Raise WorkerError, because nothing can be sent about the job."""
        if self._born != LINEAGE.forks:
            raise WorkerError(
                f"job {self.handle} belongs to the process that took it: a child that"
                " its handler forks can send nothing"
            )
        raise WorkerError(f"job {self.handle} has ended: nothing can be sent")

    def overdue(self) -> None:
        """Fail the attempt of a handler that is still running after its timeout."""
        if self.outcome is None:
            self.outcome = "exception"
            text = f"timed out after {self.timeout:g} s".encode()
            self._line.post(self._line.protocol.overdue, self.assignment, text)

    def hang_up(self, why: str) -> None:
        """Close the connection, to make the job server take the job back."""
        self._line.hang_up(OSError(why))

    def let_go(self) -> None:
        """Free its slot; close the connection if no end of the job was sent."""
        if self._line.protocol.owns(self.assignment):
            self.hang_up("the end of a job could not be told")
        if self.outcome is None:
            self.outcome = "lost"
        self._line.drop(self.assignment)

    def is_still_ours(self) -> bool:
        """Return whether the handle still names this job.

        What has arrived is read first: a job server that was restarted may have given
        the handle to another job.
        """
        self._line.look()
        return self._line.protocol.owns(self.assignment)

    def abandon(self, outcome: Outcome) -> None:
        """End it without telling the job server, which knows or will notice."""
        self.outcome = outcome
        self._line.drop(self.assignment)


def _refuse_size(data: bytes) -> NoReturn:
    """Raise WorkerError, because a packet cannot hold that much."""
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

        The job server is asked the first time. It is 1 if the server does not know, as
        gearmand.
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

        It is 1 if the job server does not know, as gearmand.
        """
        import asyncio

        return asyncio.to_thread(asking.attempt, self.connector, self.handle)
