"""A blocking, pipelined submitter of queued jobs."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from geartrain.errors import ProtocolError
from geartrain.importing.records import QueuedJob, made_unique
from geartrain.protocol.constants import MAX_UNIQUE, PacketType, Priority
from geartrain.protocol.packets import Packet, request
from geartrain.protocol.replies import ReplyParser
from geartrain.transport.connect import Connector, reason

__all__ = ["SubmissionOutcome", "Submitter", "connect"]

TIMEOUT: Final = 60.0
_CONNECT_TIMEOUT: Final = 10.0
# Maximum of unanswered submissions at a time: jobs, and bytes of their workloads.
_WINDOW = 100
_WINDOW_BYTES = 1024 * 1024
_READ = 64 * 1024

_TYPES = {
    Priority.HIGH: PacketType.SUBMIT_JOB_HIGH_BG,
    Priority.NORMAL: PacketType.SUBMIT_JOB_BG,
    Priority.LOW: PacketType.SUBMIT_JOB_LOW_BG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionOutcome:
    """The job server's answer to one submitted job.

    Attributes:
        job: the job.
        refusal: the job server's ERROR; empty if it accepted the job.
        coalesced: whether it joined a job that the server already had, as far as known.
        timed: whether it was submitted with a due time.
    """

    job: QueuedJob
    refusal: str
    coalesced: bool
    timed: bool


@dataclass(slots=True)
class _Pending:
    job: QueuedJob
    size: int
    timed: bool
    known: bool = False


def connect(server: Connector) -> socket.socket:
    """Connect to a running job server.

    Raises:
        ConnectionError: no job server answers there.
    """
    try:
        connection = server.connect(_CONNECT_TIMEOUT)
    except OSError as error:
        raise ConnectionError(
            f"no job server answers on {server}: {reason(error)}"
        ) from None
    connection.settimeout(TIMEOUT)
    return connection


class Submitter:
    """Submits jobs in the background over one connection, many at a time.

    Two things tell whether a job is new: the answer to GET_STATUS_UNIQUE, sent just
    before, which covers the uniques of all functions; and the number in its handle,
    which is higher than all before for a new job.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._replies = ReplyParser()
        self._asked: deque[_Pending] = deque()
        self._submitted: deque[_Pending] = deque()
        self._size = 0
        self._highest: int | None = None

    def submit(self, job: QueuedJob) -> Iterator[SubmissionOutcome]:
        """Submit a job; yield outcomes of earlier ones that have come meanwhile.

        Raises:
            ConnectionError: the job server left, fell silent, or is not one.
        """
        unique, _ = made_unique(job)
        pending = _Pending(job, len(job.workload), job.when > 0)
        packets = []
        # gearmand does not answer requests for longer ones.
        if len(unique) < MAX_UNIQUE:
            packets.append(request(PacketType.GET_STATUS_UNIQUE, unique))
            self._asked.append(pending)
        packets.append(_submission(job, unique, pending.timed))
        self._submitted.append(pending)
        self._size += pending.size
        try:
            self._socket.sendall(b"".join(packets))
        except OSError as error:
            raise _lost(error) from None
        while len(self._submitted) >= _WINDOW or self._size > _WINDOW_BYTES:
            yield self._next_outcome()

    def finish(self) -> Iterator[SubmissionOutcome]:
        """Yield the outcomes that are still missing.

        Raises:
            ConnectionError: as ``submit``.
        """
        while self._submitted:
            yield self._next_outcome()

    def close(self) -> None:
        """Disconnect from the job server."""
        self._socket.close()

    def _next_outcome(self) -> SubmissionOutcome:
        while True:
            packet = self._read()
            if packet.type != PacketType.STATUS_RES_UNIQUE:
                break
            self._asked.popleft().known = packet.arguments[1] == b"1"
        pending = self._submitted.popleft()
        self._size -= pending.size
        if packet.type == PacketType.JOB_CREATED:
            refusal = ""
        elif packet.type == PacketType.ERROR:
            refusal = b": ".join(packet.arguments).decode("utf-8", "replace")
        else:
            raise ConnectionError(
                "the job server answered a submission with"
                f" {PacketType(packet.type).name}"
            )
        return SubmissionOutcome(
            job=pending.job,
            refusal=refusal,
            coalesced=not refusal and self._is_coalesced(packet.payload, pending.known),
            timed=pending.timed,
        )

    def _is_coalesced(self, handle: bytes, known: bool) -> bool:
        digits = handle.rpartition(b":")[2]
        number = int(digits) if digits.isdigit() else 0
        if known and (self._highest is None or number <= self._highest):
            return True
        if not number:
            return known
        joined = self._highest is not None and number <= self._highest
        self._highest = max(number, self._highest or 0)
        return joined

    def _read(self) -> Packet:
        try:
            while (packet := self._replies.next()) is None:
                self._replies.feed(self._receive())
        except ProtocolError as error:
            raise ConnectionError(error.text.decode("utf-8", "replace")) from None
        return packet

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(_READ)
        except OSError as error:
            raise _lost(error) from None
        if not data:
            raise ConnectionError("the job server closed the connection")
        return data


def _submission(job: QueuedJob, unique: bytes, timed: bool) -> bytes:
    if timed:
        # Even if that is past: the job server's clock decides, this machine's may be
        # wrong.
        when = b"%d" % job.when
        return request(
            PacketType.SUBMIT_JOB_EPOCH, job.function, unique, when, job.workload
        )
    return request(_TYPES[job.priority], job.function, unique, job.workload)


def _lost(error: OSError) -> ConnectionError:
    if isinstance(error, TimeoutError):
        return ConnectionError(f"the job server was silent for {TIMEOUT:.0f} seconds")
    return ConnectionError(f"the job server is lost: {error.strerror or error}")
