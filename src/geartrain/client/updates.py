"""What a client is told of a job before its result."""

# Not `from __future__ import annotations`: of text, NamedTuple has the compiler make
# types, which takes longer than the rest of the module.

from math import isfinite
from typing import Any, Final, Literal, NamedTuple

from geartrain.client.waiting import text
from geartrain.codecs import Codec
from geartrain.protocol.client import Event
from geartrain.protocol.constants import PacketType

__all__ = ["JobStatus", "Update", "job_status", "number", "update"]

_KINDS: Final[dict[int, Literal["data", "warning", "status"]]] = {
    PacketType.WORK_DATA: "data",
    PacketType.WORK_WARNING: "warning",
    PacketType.WORK_STATUS: "status",
}


class Update(NamedTuple):
    """Something that a worker told of a job that runs.

    Attributes:
        kind: ``data``, ``warning`` or ``status``.
        data: what was sent, decoded; bytes of a warning; None for a status.
        numerator: how much is done, of a status; else 0.
        denominator: of how much; else 0.
    """

    kind: Literal["data", "warning", "status"]
    data: Any = None
    numerator: float = 0
    denominator: float = 0


class JobStatus(NamedTuple):
    """What a job server says of a job.

    Attributes:
        name: the handle or unique that was asked for.
        known: the job waits or runs; one that is done is not known.
        running: a worker has it.
        numerator: how much is done, as its worker said.
        denominator: of how much.
        clients: how many wait for its result; None if it was asked for by handle.
    """

    name: str
    known: bool
    running: bool
    numerator: float
    denominator: float
    clients: int | None = None

    @property
    def fraction(self) -> float | None:
        """Return how much is done, from 0 to 1; None if nobody said."""
        if not self.denominator:
            return None
        return self.numerator / self.denominator


def update(event: Event, codec: Codec) -> Update:
    """Return what a packet tells of a running job."""
    kind = _KINDS[event.type]
    arguments = event.arguments
    if kind == "status":
        return Update(kind, None, number(arguments[1]), number(arguments[2]))
    if kind == "data":
        return Update(kind, codec.decode(arguments[1]))
    return Update(kind, arguments[1])


def job_status(event: Event) -> JobStatus:
    """Return what a STATUS_RES or STATUS_RES_UNIQUE says."""
    arguments = event.arguments
    by_unique = event.type == PacketType.STATUS_RES_UNIQUE
    return JobStatus(
        text(arguments[0]),
        arguments[1] == b"1",
        arguments[2] == b"1",
        number(arguments[3]),
        number(arguments[4]),
        int(number(arguments[5])) if by_unique else None,
    )


def number(data: bytes) -> float:
    """Read a number as a worker wrote it; 0 if it is none."""
    try:
        return int(data)
    except ValueError:
        pass
    try:
        found = float(data)
    except ValueError:
        return 0
    return found if isfinite(found) else 0
