"""Requests: calls made from what the programmer says, checked and encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

from geartrain.client.delays import Moment, due_bytes
from geartrain.client.options import JobOptions, option_bytes
from geartrain.client.waiting import Waiter
from geartrain.codecs import Codec, get_codec
from geartrain.errors import CodecError, OptionError
from geartrain.protocol.calls import (
    Call,
    following,
    question,
    submission,
    without_worker,
)
from geartrain.protocol.constants import MAX_ARGUMENTS_SIZE, MAX_UNIQUE, PacketType
from geartrain.protocol.headers import fault, join
from geartrain.protocol.options import OPTIONS
from geartrain.seconds import Seconds

__all__ = [
    "ABSENT",
    "MAX_CHUNK",
    "PLAIN",
    "Headers",
    "Job",
    "JobOptions",
    "Name",
    "Priority",
    "asks_for_options",
    "echo",
    "follow",
    "header_bytes",
    "job",
    "name_bytes",
    "option_bytes",
    "shown",
    "special",
    "status",
]

Name: TypeAlias = str | bytes
Priority: TypeAlias = Literal["high", "normal", "low"]

Headers: TypeAlias = "Mapping[str, str]"

# What few jobs have: at, delay, reduce_with, chunked, options, whether it fails without
# a worker, headers.
Special: TypeAlias = (
    "tuple[Moment | None, Seconds | None, Name, bool, JobOptions | None, bool | None,"
    " Headers | None]"
)
PLAIN: Final[Special] = (None, None, "", False, None, None, None)
# A job as it was given, neither checked nor encoded: its function, workload, unique,
# codec, priority, whether it runs in the background, and what is special. It is a plain
# tuple, because to make an object of it, or a function that captures its parts, takes
# 3,000 instructions, a twentieth of a short call.
Job: TypeAlias = "tuple[Name, Any, Name | None, str | Codec | None, str, bool, Special]"


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


# No workload: no bytes at all, whatever the codec.
ABSENT: Final[Any] = _Absent()

# The packet types of each priority, in the foreground and in the background.
_TYPES: Final[dict[str, tuple[int, int]]] = {
    "high": (PacketType.SUBMIT_JOB_HIGH, PacketType.SUBMIT_JOB_HIGH_BG),
    "normal": (PacketType.SUBMIT_JOB, PacketType.SUBMIT_JOB_BG),
    "low": (PacketType.SUBMIT_JOB_LOW, PacketType.SUBMIT_JOB_LOW_BG),
}

# Bytes of what comes before a packet's data, names and all, that a job server takes;
# what is left of them is for the other arguments.
_MAX_NAME: Final = MAX_ARGUMENTS_SIZE - 1024
# Bytes of all arguments of a packet, which tells their number in four.
_MAX_SIZE: Final = 0xFFFFFFFF
# Bytes of a workload that fit into any packet.
MAX_CHUNK: Final = _MAX_SIZE - 2 * MAX_ARGUMENTS_SIZE

# gearmand answers nothing at all to the status of a longer name.
_MAX_ASKED: Final = 63
# Bytes of a handle in a line of text, and what would end the word there.
_MAX_HANDLE: Final = 1024
_BREAKS: Final = re.compile(rb"[\0-\x20]")


def name_bytes(name: Name, what: str) -> bytes:
    """Return a name for the wire; raises OptionError if it cannot be one."""
    if isinstance(name, str):
        try:
            data = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise OptionError(
                f"{what} {_cut(name)} holds half a character (a lone surrogate): it"
                " cannot be sent"
            ) from None
    elif isinstance(name, bytes):
        data = name
    else:
        raise OptionError(f"{what} is text or bytes, not {type(name).__name__}")
    # A number: bytes would be taken for one first, which fails in 2,000 instructions.
    if 0 in data:
        raise OptionError(f"{what} {_cut(name)} has a NUL byte: names cannot")
    if len(data) > _MAX_NAME:
        raise OptionError(
            f"{what} {_cut(name)} has {len(data)} bytes: at most {_MAX_NAME} can be"
            " sent"
        )
    return data


def _cut(name: Name) -> str:
    """Return a name for an error, escaped, and cut where it is long."""
    return repr(name) if len(name) <= 60 else f"{name[:60]!r}…"


def shown(name: Name) -> str:
    """Return a name as text."""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def job(given: Job, default: Codec, chunk_size: int) -> Waiter:
    """Return the submission of a job.

    ``default`` is the codec of a job that names none. No workload is sent as no bytes,
    unencoded. A workload of more bytes than ``chunk_size``, if it is to be chunked, is
    cut into chunks, which are sent before it.

    Raises:
        OptionError: a name is wrong, or options do not go together.
        CodecError: the workload cannot be encoded.
    """
    function, workload, unique, named, priority, background, special = given
    at, delay, reduce_with, chunked, named_options, fails, named_headers = special
    codec = default if named is None else get_codec(named)
    name = name_bytes(function, "the function")
    if not name:
        raise OptionError("a job needs the name of a function")
    key = b""
    if unique is not None and (unique or type(unique) is not str):
        key = _key(unique)
    data = b"" if workload is ABSENT else codec.encode(workload)
    if not isinstance(data, bytes):
        raise CodecError(
            f"the codec {codec.name!r} made {type(data).__name__} of a workload, not"
            " bytes"
        )
    before: Iterator[Waiter] | None = None
    if len(data) > (chunk_size if chunked else MAX_CHUNK):
        _check_chunked(data, chunked)
        data, before = _chunked(shown(function), shown(key), key, data, chunk_size)
    arguments = [name, key, data]
    try:
        packet_type = _TYPES[priority][1 if background else 0]
    except (KeyError, TypeError):
        raise OptionError(
            f"{priority!r} is no priority: use high, normal or low"
        ) from None
    if at is not None or delay is not None or reduce_with:
        packet_type = _special(
            arguments, priority, background, due_bytes(at, delay), reduce_with
        )
    headers = header_bytes(named_headers) if named_headers else b""
    options = option_bytes(named_options) if named_options else b""
    call = submission(packet_type, key, arguments, headers, options)
    call.without_worker = b"" if fails is None else _without_worker(call, fails)
    waiter = Waiter(call, shown(function), codec)
    # What a job server does not know must not be left out in silence.
    waiter.before = _first_asks(key, before) if options else before
    return waiter


def _first_asks(route: bytes, before: Iterator[Waiter] | None) -> Iterator[Waiter]:
    return chain([asks_for_options(route)], before or ())


def asks_for_options(route: bytes) -> Waiter:
    """Return the question whether a job server knows options of submissions.

    It is refused by one that does not, so that nothing is submitted there. ``route`` is
    the unique of the job that has some.
    """
    call = question(PacketType.OPTION_REQ, OPTIONS)
    waiter = Waiter(call, "the options of the submission")
    waiter.route = route
    return waiter


def _without_worker(call: Call, fails: bool) -> bytes:
    if not call.is_foreground:
        raise OptionError(
            "a job in the background waits for a worker: leave fail_without_worker out"
        )
    return without_worker(fails)


def special(
    headers: Headers | None,
    fails: bool | None = None,
    options: JobOptions | None = None,
) -> Special:
    """Return what is special about a job that has any of these, or not."""
    if headers or fails is not None or options:
        return None, None, "", False, options, fails, headers
    return PLAIN


def header_bytes(headers: Headers) -> bytes:
    """Return headers for the wire; raises OptionError if they cannot be some."""
    try:
        data = join(
            (name.encode(), value.encode("utf-8", "surrogateescape"))
            for name, value in headers.items()
        )
    except (AttributeError, UnicodeError):
        raise OptionError(
            f"headers={_cut(repr(headers))} have to map text to text"
        ) from None
    wrong = fault(data)
    if wrong or data.count(b"\0") != 2 * len(headers) - 1:
        raise OptionError(f"headers=: {wrong or 'no name or value has a NUL'}")
    return data


def _key(unique: Name) -> bytes:
    """Return a unique for the wire; raises OptionError if it cannot be one."""
    key = name_bytes(unique, "the unique")
    if len(key) > MAX_UNIQUE:
        raise OptionError(f"the unique {_cut(key)} has more than {MAX_UNIQUE} bytes")
    return key


def _check_chunked(data: bytes, chunked: bool) -> None:
    """Raise CodecError if a workload that is too large is not to be cut."""
    if not chunked:
        raise CodecError(
            f"the workload has {len(data)} bytes, and a packet holds fewer than 4 GiB:"
            " send it with chunked=True, or where it can be fetched from"
        )


def _chunked(
    function: str, unique: str, route: bytes, data: bytes, size: int
) -> tuple[bytes, Iterator[Waiter]]:
    """Return the manifest of a workload, and the submissions of its chunks."""
    from geartrain.chunks import chunks, manifest_for

    manifest = manifest_for(function, unique, data, size)

    def each() -> Iterator[Waiter]:
        codec = get_codec("bytes")
        for place, chunk in enumerate(chunks(data, size)):
            name, key = manifest.function, manifest.unique(place)
            waiter = job((name, chunk, key, None, "normal", True, PLAIN), codec, 0)
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
        return PacketType.SUBMIT_JOB_EPOCH
    # The aggregator that PROTOCOL names is not used by any job server.
    arguments[2:2] = [name_bytes(reduce_with, "the reducer"), b""]
    if background:
        return PacketType.SUBMIT_REDUCE_JOB_BACKGROUND
    return PacketType.SUBMIT_REDUCE_JOB


def follow(handle: Name, codec: Codec) -> Waiter:
    """Return the request to be told the end of a job that was submitted before.

    Raises:
        OptionError: the handle can be none.
    """
    asked = name_bytes(handle, "the handle")
    if not asked or len(asked) > _MAX_HANDLE or _BREAKS.search(asked):
        raise OptionError(
            f"the handle {_cut(asked)} has to have 1 to {_MAX_HANDLE} bytes and no"
            " spaces"
        )
    return Waiter(following(asked), f"the result of {shown(handle)}", codec)


def status(name: Name, by_unique: bool) -> Waiter:
    """Return the question how far a job is; raises OptionError if none can be it."""
    what = "the unique" if by_unique else "the handle"
    asked = name_bytes(name, what)
    if not asked or len(asked) > _MAX_ASKED + by_unique:
        raise OptionError(f"{what} {name!r} has to have 1 to {_MAX_ASKED} bytes")
    kind = PacketType.GET_STATUS_UNIQUE if by_unique else PacketType.GET_STATUS
    return Waiter(question(kind, asked), f"the status of {name!r}")


def echo(data: Name) -> Waiter:
    """Return an ECHO_REQ; raises CodecError if the data is neither bytes nor text."""
    sent = get_codec("bytes").encode(data)
    if len(sent) > MAX_CHUNK:
        raise CodecError(f"an echo of {len(sent)} bytes does not fit into a packet")
    return Waiter(question(PacketType.ECHO_REQ, sent), "the echo")
