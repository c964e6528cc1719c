"""Waiters: what the job server has told of a call, and how the call ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from geartrain.backoff import varied_pause
from geartrain.codecs import Codec, get_codec
from geartrain.errors import (
    AmbiguousError,
    ClientError,
    JobExceptionError,
    JobFailedError,
    LostError,
    NoResultError,
    NoWorkerError,
    RefusedError,
    ServerError,
    UnknownJobError,
)
from geartrain.protocol.calls import Call
from geartrain.protocol.client import Event
from geartrain.protocol.constants import NO_WORKER, UNKNOWN_OPTION, PacketType
from geartrain.texts import visible
from geartrain.transport.connect import reason

__all__ = [
    "MAX_UNREAD",
    "Waiter",
    "ending",
    "has_news",
    "is_answered",
    "is_done",
    "is_unknown",
    "kept_outcome",
    "no_geartrain",
    "outcome",
    "text",
]

# What a packet tells whoever waits; all others are the call's last.
_TOLD: Final[dict[int, str]] = {
    PacketType.JOB_CREATED: "created",
    PacketType.WORK_DATA: "data",
    PacketType.WORK_WARNING: "update",
    PacketType.WORK_STATUS: "update",
    PacketType.ERROR: "error",
}
_FAILURES: Final = frozenset({PacketType.WORK_FAIL, PacketType.WORK_EXCEPTION})
# What a warning begins with that is the job server's own.
_NO_WORKER: Final = NO_WORKER + b" "
_BYTES: Final = get_codec("bytes")
_MIB: Final = 1024 * 1024
# Bytes of one job's updates that are kept, at most, for whoever takes them.
MAX_UNREAD: Final = 1024 * _MIB
# How many bytes of the beginning and of the end of a text from a worker or job server
# an error shows.
_MAX_SHOWN: Final = 2048
# A call is given up when it has lost that many connections.
_MAX_LOSSES: Final = 8
# Seconds: the pauses before a call that has lost its connection again is sent again.
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
# Of most calls only the end is told. They share this one, which stays empty.
_NO_UPDATES: Final[deque[Event]] = deque(maxlen=0)


def _size(event: Event) -> int:
    """Return about how much memory an update takes."""
    return 200 + sum(map(len, event.arguments))


def text(data: bytes) -> str:
    """Return a name from the wire as text."""
    return data.decode("utf-8", "surrogateescape")


def is_done(waiter: Waiter) -> bool:
    """Return whether nothing more will be told of a call."""
    return waiter.call.is_done or waiter.error is not None


def is_answered(waiter: Waiter) -> bool:
    """Return whether a call is answered, or never will be."""
    return waiter.call.is_answered or waiter.error is not None


def has_news(waiter: Waiter) -> bool:
    """Return whether there is an update to take, or nothing more will be told."""
    return bool(waiter.updates) or is_done(waiter)


def ending(error: Exception | None, is_silent: bool) -> str:
    """Return why a connection is lost; no error means that the job server ended it.

    A job server that ends a connection without having said anything may not be one, or
    may refuse this client.
    """
    why = reason(error) if error is not None else "it ended the connection"
    if not is_silent or not isinstance(error, ConnectionError | None):
        return why
    return f"{why}: it stopped, is no job server, or wants TLS or a certificate"


def no_geartrain(server: str) -> RefusedError:
    """Return the error of what only Geartrain knows, and another is asked."""
    return RefusedError(
        "UNKNOWN_COMMAND",
        f"the job server on {server} does not know this command: it is no Geartrain",
    )


class Waiter:
    """A call and what has been told of it, for whoever waits for that.

    Attributes:
        call: the call.
        name: what errors call it: its function, or what was asked.
        codec: of the workload and the result.
        keeps: keep warnings and status for iteration, not only data.
        updates: what a running job has sent and nobody has taken.
        final: the packet that ended the call; None until then, or after an error.
        error: why there will be no such packet.
        link: the connection it was sent on; None if it has to be sent (again).
        is_sent: as far as is known, its whole packet has left.
        losses: how often it lost its connection.
        route: what chooses the job server: its unique.
        before: calls that have to be answered before this one is sent.
        futures: of tasks that wait for it, each with the test for having enough.
        room: how many more bytes of updates it may hold.
        streams: data came before the result. If the job were submitted again, some of
            it might be missed.
    """

    # Not defaults of the class: to read one takes Python five times as long.
    __slots__ = (
        "before",
        "call",
        "codec",
        "error",
        "final",
        "followed",
        "futures",
        "is_sent",
        "keeps",
        "link",
        "losses",
        "name",
        "room",
        "route",
        "streams",
        "updates",
    )

    def __init__(self, call: Call, name: str, codec: Codec = _BYTES) -> None:
        self.call = call
        self.name = name
        self.codec = codec
        self.keeps = False
        self.updates: deque[Event] = _NO_UPDATES
        self.final: Event | None = None
        self.error: ClientError | None = None
        self.link: Any = None
        self.is_sent = False
        self.losses = 0
        self.streams = False
        self.followed = b""
        self.futures: tuple[Any, ...] = ()
        self.room = MAX_UNREAD
        self.route = call.unique
        self.before: Iterator[Waiter] | None = None
        call.owner = self

    @property
    def pause(self) -> float:
        """Return the seconds to pause before it is sent again."""
        if self.losses < 2:
            return 0.0
        return varied_pause(_FIRST_PAUSE, _LONGEST_PAUSE, self.losses)

    @property
    def handle(self) -> str:
        """Return the job's handle; empty before JOB_CREATED."""
        return text(self.call.handle or self.followed)

    def take(self, event: Event) -> None:
        """Take in a packet about the call."""
        # Python 3.11 takes 750 instructions more to look up PacketType.WORK_DATA.
        told = _TOLD.get(event.type)
        if told == "created":
            self.followed = self.call.handle
        elif told == "data":
            self.streams = True
            self._keep(event)
        elif told == "update":
            if event.arguments[1].startswith(_NO_WORKER):
                self._warn(event.arguments[1].removeprefix(_NO_WORKER))
            elif self.keeps:
                self._keep(event)
        elif told == "error":
            code, said = event.arguments
            if code == NO_WORKER:
                self.error = NoWorkerError(f"{self.name}: {_shown(said)}")
            elif code == UNKNOWN_OPTION:
                self.error = ServerError(_shown(code), self._optionless(said))
            else:
                self.error = ServerError(_shown(code), _shown(said))
        else:
            self.final = event

    def _optionless(self, said: bytes) -> str:
        """Return what is wrong if the job server does not know options."""
        if self.call.is_submission:
            return _shown(said)
        return (
            "it knows no options of submissions, such as ttl and key: it is no"
            " Geartrain, or an older one; nothing was submitted"
        )

    def _warn(self, said: bytes) -> None:
        """Log that no worker has the function, once for it and the client."""
        link = self.link
        if link is None or self.name in link.servers.unserved:
            return
        link.servers.unserved.add(self.name)
        # Most programs never need it.
        from logging import getLogger

        getLogger("geartrain.client").warning(
            "%s: job %s waits: %s",
            visible(self.name),
            visible(self.handle),
            visible(_shown(said)),
        )

    def has_taken(self, event: Event) -> bool:
        """Return whether a packet was taken in although ``take`` was interrupted."""
        return bool(self.updates) and self.updates[-1] is event

    def next_update(self) -> Event:
        """Take the oldest update."""
        event = self.updates.popleft()
        self.room += _size(event)
        return event

    def drop_last(self) -> None:
        """Drop the newest update."""
        self.room += _size(self.updates.pop())

    def _keep(self, event: Event) -> None:
        """Keep an update until it is taken; fail the call when there are too many."""
        if self.error is not None:
            return
        if self.updates is _NO_UPDATES:
            self.updates = deque()
        self.updates.append(event)
        self.room -= _size(event)
        if self.room < 0 and self.link is not None:
            self.link.protocol.forget(self.call)
            self.error = ClientError(
                f"{self.name}: job {self.handle} has sent more than"
                f" {MAX_UNREAD // _MIB} MiB that nobody has taken: iterate over what"
                " submit() returns, and take its updates as they come"
            )
            self.updates.clear()

    def lost(self, server: str, why: str) -> None:
        """Note that the connection was lost: send the call again, or fail it."""
        self.link = None
        self.losses += 1
        call = self.call
        if not call.is_submission:
            # It is told again from the front.
            self.updates.clear()
            self.room = MAX_UNREAD
        what = f"{self.name}: the connection to {server} was lost ({why})"
        if self.losses >= _MAX_LOSSES:
            self.error = LostError(f"{what}, and so were others before", self.handle)
        if not call.is_submission or not self.is_sent:
            return
        if not call.is_answered and not call.unique:
            self.error = AmbiguousError(
                f"{what} before the job was acknowledged: it may be queued or not."
                " A job with a unique is submitted again by itself"
            )
        elif call.is_answered and (not call.unique or self.streams):
            self.error = LostError(
                f"{what} while job {self.handle} was awaited", self.handle
            )


def _shown(data: bytes) -> str:
    """Return a text from the wire for an error; a long one without its middle.

    A traceback says in its last line what went wrong.
    """
    if len(data) <= 2 * _MAX_SHOWN:
        return data.decode("utf-8", "replace")
    head, tail = data[:_MAX_SHOWN], data[-_MAX_SHOWN:]
    return f"{head.decode('utf-8', 'replace')} … {tail.decode('utf-8', 'replace')}"


def kept_outcome(waiter: Waiter, name: str) -> Any:
    """Return the result of a job that was followed; raise what became of it instead.

    Raises:
        UnknownJobError: the job server does not know it.
        NoResultError: it has ended, and its result is not kept.
    """
    error = waiter.error
    if isinstance(error, ServerError):
        if error.code == "UNKNOWN_JOB":
            raise UnknownJobError(name) from None
        if error.code in ("NO_RESULT", "RESULT_TOO_LARGE"):
            raise NoResultError(f"{waiter.name}: {error.text}", name) from None
    return outcome(waiter)


def is_unknown(waiter: Waiter) -> bool:
    """Return whether the job server does not know the job that was asked about.

    Nor does one that cannot say, as another of its cluster does not answer.
    """
    error = waiter.error
    codes = ("UNKNOWN_JOB", "UNANSWERED")
    return isinstance(error, ServerError) and error.code in codes


def outcome(waiter: Waiter) -> Any:
    """Return the result of a job that is done; raise what became of it instead.

    Data that was sent before the result, and not taken, is put in front of it if the
    codec's values can be joined.
    """
    if waiter.error is not None:
        raise waiter.error
    final = waiter.final
    assert final is not None
    if final.type in _FAILURES:
        raise _failure(waiter, final)
    data = final.arguments[1]
    codec = waiter.codec
    if waiter.updates and codec.joins:
        updates = waiter.updates
        pieces = [e.arguments[1] for e in updates if _TOLD.get(e.type) == "data"]
        data = b"".join([*pieces, data])
    return codec.decode(data)


def _failure(waiter: Waiter, final: Event) -> JobFailedError:
    """Return the error of a job that ended with WORK_FAIL or WORK_EXCEPTION."""
    what = f"{waiter.name}: job {waiter.handle} failed"
    if final.type == PacketType.WORK_FAIL:
        return JobFailedError(what, waiter.handle)
    data = final.arguments[1]
    return JobExceptionError(f"{what}: {_shown(data)}", waiter.handle, data)
