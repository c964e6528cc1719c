"""A worker's side of one connection: what to send, and what has arrived.

PROTOCOL, "Worker": abilities are announced, jobs are grabbed until there are none, then
the worker sleeps until NOOP.
"""

from __future__ import annotations

from typing import Final

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import UNKNOWN_OPTION, PacketType
from geartrain.protocol.headers import PREFIX
from geartrain.protocol.nodes import SLOTS
from geartrain.protocol.packets import Packet, request
from geartrain.protocol.replies import ReplyParser

__all__ = ["Assignment", "JobSlots", "WorkerProtocol"]

_ASSIGNMENTS: Final = frozenset(
    {PacketType.JOB_ASSIGN, PacketType.JOB_ASSIGN_ALL, PacketType.JOB_ASSIGN_UNIQ}
)


_GRAB: Final = request(PacketType.GRAB_JOB_ALL)
_SLEEP: Final = request(PacketType.PRE_SLEEP)
_ECHO: Final = request(PacketType.ECHO_REQ, b"")
# Options of Geartrain, unknown to gearmand: errors name the job they are about, and the
# headers of a job are told before it.
_OPTIONS: Final = request(PacketType.OPTION_REQ, b"handles") + request(
    PacketType.OPTION_REQ, b"headers"
)
_TAKEN: Final = b"JOB_TAKEN"
_OVER: Final = frozenset({_TAKEN, b"JOB_NOT_FOUND", b"DATA_TOO_LARGE"})


class Assignment:
    """One attempt of a job, given to this worker."""

    def __init__(
        self,
        handle: bytes,
        function: bytes,
        unique: bytes,
        reducer: bytes,
        workload: bytes,
        headers: bytes = b"",
    ) -> None:
        self.handle = handle
        """The job's handle."""
        self.function = function
        """The function it is for."""
        self.unique = unique
        """The client's coalescing key; empty for none."""
        self.reducer = reducer
        """The function that reduces its pieces; empty for none."""
        self.workload = workload
        """Its input."""
        self.headers = headers
        """Its headers, as ``protocol.headers`` joins them; empty for none."""
        self.ended = False
        """Whether the worker has finished with it, whatever the outcome."""


class JobSlots:
    """How many jobs a worker may have at once, over all its connections."""

    def __init__(self, total: int) -> None:
        self._total = total
        # Connections that wait for a free slot to grab, the first that came first.
        self._waiting: list[WorkerProtocol] = []
        self.free = total
        """Number of free slots."""
        self.resting = False
        """Whether nothing is grabbed, even with free slots."""

    @property
    def total(self) -> int:
        """Return the maximum number of jobs at once."""
        return self._total

    @property
    def unused(self) -> bool:
        """Return whether no job is at hand and no grab is unanswered."""
        return self.free == self._total

    def wait(self, connection: WorkerProtocol) -> None:
        """Make a connection grab when its turn comes."""
        if connection not in self._waiting:
            self._waiting.append(connection)

    def release(self) -> None:
        """Free a slot; the connection that has waited longest gets it."""
        self.free += 1
        while self.free > 0 and self._waiting:
            self._waiting.pop(0).seek()


class WorkerProtocol:
    """One connection of a worker to one job server, without the connection.

    Call ``begin`` when it is made and ``end`` when it is lost, ``receive`` with what
    arrives; after each call send what ``take`` returns. Every job that ``receive``
    returns is ended by one of ``complete``, ``fail``, ``exception`` or ``drop``.

    Methods about a job return False, and send nothing, if the job no longer belongs to
    this connection: it was lost, or the job server has ended this attempt.
    """

    def __init__(
        self, slots: JobSlots, client_id: bytes = b"", wants_options: bool = False
    ) -> None:
        self._slots = slots
        self._client_id = client_id
        self._abilities: dict[bytes, int] = {}
        self._assigned: dict[bytes, Assignment] = {}
        self._connected = False
        self._awake = False
        # Unanswered grabs, and their maximum. That grows by one with each job assigned,
        # so that a full queue is drained in few round trips and an empty one is asked
        # once.
        self._grabs = 0
        self._window = 1
        # How many of those grabs hold no slot any more, how many were answered so far,
        # and how many had been when ``doubt`` saw an unanswered one; -1 for none.
        self._doubted = 0
        self._answers = 0
        self._seen = -1
        self._outbox: list[bytes] = []
        self._parser = ReplyParser()
        self.errors: list[tuple[bytes, bytes]] = []
        """Codes and texts of ERROR packets, for the caller to remove."""
        self.wants_options = wants_options
        """Whether to ask the job server to name the job in errors, and for headers."""
        self._has_handles = False
        # Of the job that is assigned next.
        self._headers = b""

    @property
    def asleep(self) -> bool:
        """Return whether the connection sleeps: a NOOP wakes it."""
        return self._connected and not self._awake

    @property
    def at_hand(self) -> int:
        """Return how many of its jobs have not ended."""
        return len(self._assigned)

    @property
    def has_output(self) -> bool:
        """Return whether ``take`` has something to send."""
        return len(self._outbox) > 0

    def take(self) -> bytes:
        """Return the bytes to send, once."""
        outbox = self._outbox
        if not outbox:
            return b""
        self._outbox = []
        return outbox[0] if len(outbox) == 1 else b"".join(outbox)

    def begin(self) -> None:
        """Announce id and abilities on a new connection, and ask for jobs."""
        self._parser = ReplyParser()
        self._connected = True
        self._outbox = []
        if self._client_id:
            self._outbox.append(request(PacketType.SET_CLIENT_ID, self._client_id))
        if self.wants_options:
            self._outbox.append(_OPTIONS)
            if self._slots.total > 1:
                slots = SLOTS + b"%d" % self._slots.total
                self._outbox.append(request(PacketType.OPTION_REQ, slots))
        for function in self._abilities:
            self._announce(function)
        self._wake()

    def end(self) -> None:
        """End a lost connection: its jobs are lost, its grabs stay unanswered."""
        self._connected = False
        self._awake = False
        self._has_handles = False
        self._headers = b""
        self._outbox = []
        self._assigned = {}
        grabs = self._grabs - self._doubted
        self._grabs = self._doubted = 0
        self._seen = -1
        self._window = 1
        for _ in range(grabs):
            self._slots.release()

    def register(self, function: bytes, timeout: int = 0) -> None:
        """Add an ability; ``timeout`` is the job server's, in milliseconds."""
        self._abilities[function] = timeout
        if self._connected:
            self._announce(function)
            # Jobs may be waiting already, for which gearmand sends no NOOP.
            self._wake()

    def unregister(self, function: bytes) -> None:
        """Withdraw an ability; its jobs at hand go to another worker."""
        if self._abilities.pop(function, None) is not None and self._connected:
            self._outbox.append(request(PacketType.CANT_DO, function))

    def _announce(self, function: bytes) -> None:
        timeout = self._abilities[function]
        if timeout > 0:
            text = b"%d" % timeout
            self._outbox.append(request(PacketType.CAN_DO_TIMEOUT, function, text))
        else:
            self._outbox.append(request(PacketType.CAN_DO, function))

    def probe(self) -> None:
        """Send something that a living job server answers.

        A sleeping connection grabs, in case a wake-up was lost.
        """
        if not self._connected:
            return
        if self.asleep and self._slots.free > 0 and not self._slots.resting:
            self._wake()
        if not self._outbox:
            self._outbox.append(_ECHO)

    def doubt(self) -> None:
        """Free the slots of grabs that were unanswered when this was called before.

        A job server that hangs would keep them from all others. If it assigns a job all
        the same, that is one more than there are slots.
        """
        if self._grabs == 0:
            self._seen = -1
        elif self._seen != self._answers:
            self._seen = self._answers
        else:
            for _ in range(self._grabs - self._doubted):
                self._doubted += 1
                self._slots.release()

    def _wake(self) -> None:
        self._awake = True
        self.seek()

    def seek(self) -> None:
        """Grab as many jobs as there are slots, within the window."""
        if not self._awake or not self._abilities or self._slots.resting:
            return
        while self._grabs < self._window:
            if self._doubted:
                return
            if self._slots.free <= 0:
                self._slots.wait(self)
                return
            self._slots.free -= 1
            self._grabs += 1
            self._outbox.append(_GRAB)

    def receive(self, data: bytes) -> list[Assignment]:
        """Take bytes that arrived; return the jobs that were assigned.

        Raises:
            ProtocolError: the other side is not a job server or breaks the protocol;
                close the connection.
        """
        assigned: list[Assignment] = []
        try:
            self._read(data, assigned)
        except ProtocolError:
            for assignment in assigned:
                self.drop(assignment)
            raise
        return assigned

    def _read(self, data: bytes, assigned: list[Assignment]) -> None:
        parser = self._parser
        parser.feed(data)
        packet = parser.next()
        while packet is not None:
            code = packet.type
            if code in _ASSIGNMENTS:
                assigned.append(self._assign(packet))
            elif code == PacketType.NO_JOB:
                self._no_job()
            elif code == PacketType.NOOP:
                self._wake()
            elif code == PacketType.ERROR:
                self._take_error(packet.arguments[0], packet.arguments[1])
            elif code == PacketType.OPTION_RES:
                self._take_option(packet.arguments[0])
            packet = parser.next()

    def _take_option(self, option: bytes) -> None:
        """Take the headers of the next job, or note an option that is on."""
        if option.startswith(PREFIX):
            self._headers = option.removeprefix(PREFIX)
        elif option == b"handles":
            self._has_handles = True

    def _take_error(self, code: bytes, text: bytes) -> None:
        """Handle an ERROR: end the attempt it is about, and keep it in ``errors``.

        Expected errors are not kept.
        """
        if code == UNKNOWN_OPTION and self.wants_options:
            return
        if code in _OVER:
            self._disown(text)
        if code != _TAKEN:
            self.errors.append((code, text))

    def _disown(self, text: bytes) -> None:
        """Disown the job that an error is about; it keeps its slot."""
        handle = text.rpartition(b" ")[2] if self._has_handles else b""
        if not self._has_handles and self._slots.total == 1:
            # With one slot it can only be about this job.
            handle = next(iter(self._assigned), b"")
        self._assigned.pop(handle, None)

    def _assign(self, packet: Packet) -> Assignment:
        if self._answered():
            self._slots.free -= 1
        given = packet.arguments
        unique = given[2] if packet.type != PacketType.JOB_ASSIGN else b""
        reducer = given[3] if packet.type == PacketType.JOB_ASSIGN_ALL else b""
        assignment = Assignment(given[0], given[1], unique, reducer, given[-1])
        if self._headers:
            assignment.headers, self._headers = self._headers, b""
        # The same handle again: the job server has given up the earlier attempt.
        self._assigned[assignment.handle] = assignment
        if self._window < self._slots.total:
            self._window += 1
        self.seek()
        return assignment

    def _no_job(self) -> None:
        is_doubted = self._answered()
        self._window = 1
        if self._grabs == 0:
            self._awake = False
            self._outbox.append(_SLEEP)
        if not is_doubted:
            self._slots.release()

    def _answered(self) -> bool:
        """Count the answer to a grab; return whether that holds no slot any more."""
        if self._grabs == 0:
            raise ProtocolError(
                b"UNEXPECTED_PACKET", b"the job server answered a grab it was not sent"
            )
        self._grabs -= 1
        self._answers += 1
        is_doubted = self._doubted > 0
        if is_doubted:
            self._doubted -= 1
        return is_doubted

    def data(self, assignment: Assignment, data: bytes) -> bool:
        """Send a piece of the result: WORK_DATA."""
        return self._report(PacketType.WORK_DATA, assignment, data)

    def warning(self, assignment: Assignment, data: bytes) -> bool:
        """Send a warning: WORK_WARNING."""
        return self._report(PacketType.WORK_WARNING, assignment, data)

    def status(
        self, assignment: Assignment, numerator: bytes, denominator: bytes
    ) -> bool:
        """Send the progress of a job: WORK_STATUS, both in decimal digits."""
        return self._report(
            PacketType.WORK_STATUS, assignment, numerator + b"\0" + denominator
        )

    def complete(self, assignment: Assignment, data: bytes) -> bool:
        """End a job with the rest of its result: WORK_COMPLETE."""
        mine = self._report(PacketType.WORK_COMPLETE, assignment, data)
        self.drop(assignment)
        return mine

    def exception(self, assignment: Assignment, data: bytes) -> bool:
        """End a job's attempt with an exception: WORK_EXCEPTION.

        No WORK_FAIL follows, because the job server sends it to clients that have not
        asked for exceptions.
        """
        mine = self._report(PacketType.WORK_EXCEPTION, assignment, data)
        self.drop(assignment)
        return mine

    def overdue(self, assignment: Assignment, data: bytes) -> bool:
        """End an attempt with an exception, but keep its slot until ``drop``.

        Its handler is still running, and another job would wait behind it.
        """
        mine = self._report(PacketType.WORK_EXCEPTION, assignment, data)
        if mine:
            del self._assigned[assignment.handle]
        return mine

    def fail(self, assignment: Assignment) -> bool:
        """End a job's attempt without a result: WORK_FAIL."""
        mine = self.owns(assignment)
        if mine:
            self._outbox.append(request(PacketType.WORK_FAIL, assignment.handle))
        self.drop(assignment)
        return mine

    def drop(self, assignment: Assignment) -> None:
        """Forget a job without telling the job server; free its slot."""
        if self.owns(assignment):
            del self._assigned[assignment.handle]
        if not assignment.ended:
            assignment.ended = True
            self._slots.release()

    def owns(self, assignment: Assignment) -> bool:
        """Return whether the job server waits for this attempt on this connection."""
        return self._assigned.get(assignment.handle) is assignment

    def _report(self, code: int, assignment: Assignment, data: bytes) -> bool:
        if not self.owns(assignment):
            return False
        self._outbox.append(request(code, assignment.handle, data))
        return True
