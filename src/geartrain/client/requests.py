"""Requests: calls made from what the programmer says, checked and encoded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from geartrain.client.waiting import Waiter
from geartrain.codecs import Codec, get_codec
from geartrain.errors import OptionError
from geartrain.protocol.client import question, submission
from geartrain.protocol.constants import MAX_UNIQUE, PacketType

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "ABSENT",
    "Moment",
    "Name",
    "Priority",
    "echo",
    "job",
    "name_bytes",
    "shown",
    "status",
]

Name: TypeAlias = str | bytes
Priority: TypeAlias = Literal["high", "normal", "low"]
Moment: TypeAlias = "float | datetime"


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


# No workload: no bytes at all, whatever the codec.
ABSENT: Final[Any] = _Absent()

_TYPES: Final[dict[tuple[str, bool], int]] = {
    ("high", False): int(PacketType.SUBMIT_JOB_HIGH),
    ("normal", False): int(PacketType.SUBMIT_JOB),
    ("low", False): int(PacketType.SUBMIT_JOB_LOW),
    ("high", True): int(PacketType.SUBMIT_JOB_HIGH_BG),
    ("normal", True): int(PacketType.SUBMIT_JOB_BG),
    ("low", True): int(PacketType.SUBMIT_JOB_LOW_BG),
}
_EPOCH: Final = int(PacketType.SUBMIT_JOB_EPOCH)
_REDUCE: Final = int(PacketType.SUBMIT_REDUCE_JOB)
_REDUCE_BACKGROUND: Final = int(PacketType.SUBMIT_REDUCE_JOB_BACKGROUND)

# gearmand answers nothing at all to the status of a longer name.
_MAX_ASKED: Final = 63


def name_bytes(name: Name, what: str) -> bytes:
    """Return a name for the wire; raises OptionError if it cannot be one."""
    data = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise OptionError(f"{what} {name!r} has a NUL byte: no name can")
    return data


def shown(name: Name) -> str:
    """Return a name as text."""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def job(  # noqa: PLR0913
    function: Name,
    workload: Any,
    codec: Codec,
    unique: Name = "",
    priority: str = "normal",
    background: bool = False,
    *,
    at: Moment | None = None,
    delay: float | None = None,
    reduce_with: Name = "",
    keeps: bool = False,
    chunk_size: int = 0,
) -> Waiter:
    """Return the submission of a job.

    No workload is sent as no bytes, unencoded. One of more bytes than ``chunk_size``,
    if that is not 0, is cut into chunks, which come before it.

    Raises:
        OptionError: a name is wrong, or options do not go together.
        CodecError: the workload cannot be encoded.
    """
    name = name_bytes(function, "the function")
    if not name:
        raise OptionError("a job needs the name of a function")
    key = name_bytes(unique, "the unique") if unique else b""
    if len(key) > MAX_UNIQUE:
        raise OptionError(f"the unique {unique!r} has more than {MAX_UNIQUE} bytes")
    data = b"" if workload is ABSENT else codec.encode(workload)
    before: Iterable[Waiter] = ()
    if 0 < chunk_size < len(data):
        data, before = _chunked(shown(function), shown(unique), key, data, chunk_size)
    arguments = [name, key, data]
    packet_type = _TYPES.get((priority, background), 0)
    if not packet_type:
        raise OptionError(f"{priority!r} is no priority: use high, normal or low")
    if at is not None or delay is not None or reduce_with:
        packet_type = _special(
            arguments, priority, background, _due(at, delay), reduce_with
        )
    waiter = Waiter(submission(packet_type, key, arguments), shown(function), keeps)
    waiter.before = before
    return waiter


def _chunked(
    function: str, unique: str, route: bytes, data: bytes, size: int
) -> tuple[bytes, Iterator[Waiter]]:
    """Return the manifest of a workload, and the submissions of its chunks."""
    from geartrain.chunks import chunks, manifest_for

    manifest = manifest_for(function, unique, data, size)

    def each() -> Iterator[Waiter]:
        codec = get_codec("bytes")
        for number, chunk in enumerate(chunks(data, size)):
            name, key = manifest.function, manifest.unique(number)
            waiter = job(name, chunk, codec, key, background=True)
            # All have to be on the job server that gets the manifest.
            waiter.route = route
            yield waiter

    return manifest.encode(), each()


def _special(
    arguments: list[bytes],
    priority: str,
    background: bool,
    due: bytes,
    reduce_with: Name,
) -> int:
    """Add what a delayed or a reduced job has more; return its packet type."""
    if priority != "normal":
        raise OptionError("a job that is delayed or reduced has normal priority")
    if due and reduce_with:
        raise OptionError("a job is either delayed or reduced")
    if due:
        if not background:
            raise OptionError("only a background job can be delayed")
        arguments.insert(2, due)
        return _EPOCH
    # The aggregator that PROTOCOL names is not used by any job server.
    arguments[2:2] = [name_bytes(reduce_with, "the reducer"), b""]
    return _REDUCE_BACKGROUND if background else _REDUCE


def _due(at: Moment | None, delay: float | None) -> bytes:
    """Return when a job is due, as SUBMIT_JOB_EPOCH has it; empty for at once."""
    if at is not None and delay is not None:
        raise OptionError("a job is delayed by at= or by delay=, not by both")
    if delay is not None:
        if not delay >= 0:
            raise OptionError(f"delay={delay!r}: a job is delayed by seconds from 0 on")
        when = time.time() + delay
    elif at is not None:
        when = _seconds(at)
    else:
        return b""
    return f"{when:.3f}".removesuffix(".000").encode()


def _seconds(at: Moment) -> float:
    """Return a moment in seconds since 1970."""
    from datetime import datetime

    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise OptionError(f"at={at!r} has no time zone: nobody knows when it is")
    return at.timestamp()


def status(name: Name, by_unique: bool) -> Waiter:
    """Return the question how far a job is; raises OptionError if none can be it."""
    what = "the unique" if by_unique else "the handle"
    asked = name_bytes(name, what)
    if not asked or len(asked) > _MAX_ASKED + by_unique:
        raise OptionError(f"{what} {name!r} has to have 1 to {_MAX_ASKED} bytes")
    kind = PacketType.GET_STATUS_UNIQUE if by_unique else PacketType.GET_STATUS
    return Waiter(question(kind, asked), f"the status of {name!r}")


def echo(data: bytes) -> Waiter:
    """Return an ECHO_REQ."""
    return Waiter(question(PacketType.ECHO_REQ, data), "the echo")
