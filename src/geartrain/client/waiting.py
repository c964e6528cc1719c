"""Waiters: what has been told of a call, and what comes of it in the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from geartrain.codecs import Codec
from geartrain.errors import (
    AmbiguousError,
    ClientError,
    JobExceptionError,
    JobFailedError,
    LostError,
    ServerError,
)
from geartrain.protocol.client import Call, Event
from geartrain.protocol.constants import PacketType
from geartrain.transport.connect import reason

__all__ = [
    "MAX_UNREAD",
    "Waiter",
    "ending",
    "has_news",
    "is_answered",
    "is_done",
    "jittered",
    "outcome",
    "text",
]

_JOB_CREATED: Final = int(PacketType.JOB_CREATED)
_WORK_DATA: Final = int(PacketType.WORK_DATA)
_ERROR: Final = int(PacketType.ERROR)
_WORK_FAIL: Final = int(PacketType.WORK_FAIL)
_WORK_EXCEPTION: Final = int(PacketType.WORK_EXCEPTION)
_UPDATES: Final = frozenset(
    {_WORK_DATA, int(PacketType.WORK_WARNING), int(PacketType.WORK_STATUS)}
)
_MIB: Final = 1024 * 1024
# Bytes of one job's updates that are kept, at most, for whoever takes them.
MAX_UNREAD: Final = 1024 * _MIB
# How many bytes of the beginning and of the end of a text from a worker or job server
# an error shows.
_MAX_SHOWN: Final = 2048
# A call is given up when it has lost that many connections.
_MAX_LOSSES: Final = 8
# Of most calls nothing is told but the end: they share this. It takes nothing.
_NO_UPDATES: Final[deque[Event]] = deque(maxlen=0)


def _size(event: Event) -> int:
    """Return about how much memory an update takes."""
    return 200 + sum(map(len, event.arguments))


def text(data: bytes) -> str:
    """Return a name from the wire as text."""
    return data.decode("utf-8", "surrogateescape")


def is_done(waiter: Waiter) -> bool:
    """Tell whether nothing more will be told of a call."""
    return waiter.call.is_done or waiter.error is not None


def is_answered(waiter: Waiter) -> bool:
    """Tell whether a call is answered, or nothing will be."""
    return waiter.call.is_answered or waiter.error is not None


def has_news(waiter: Waiter) -> bool:
    """Tell whether an update is there to be taken, or nothing more will be told."""
    return bool(waiter.updates) or is_done(waiter)


def ending(error: Exception | None, is_silent: bool) -> str:
    """Return why a connection is lost; None is the job server's end of it.

    One that has been silent from the beginning may never have taken this client in.
    """
    why = reason(error) if error is not None else "it ended the connection"
    if not is_silent or not isinstance(error, ConnectionError | None):
        return why
    return f"{why}: it stopped, is no job server, or wants TLS or a certificate"


def jittered(pause: float) -> float:
    """Return half to all of a pause, so that clients do not come back all at once."""
    # Needed only once something has failed.
    import random

    return pause * random.uniform(0.5, 1.0)


class Waiter:
    """Somebody who waits for what is told of a call.

    Attributes:
        call: the call.
        name: what errors call it: its function, or what was asked.
        keeps: warnings and status are kept, too, not only data.
        updates: what was told of a running job and has not been taken.
        final: what ended the call; None until then, or for an error.
        error: what became of it instead.
        link: the connection it was sent on; None if it has to be sent (again).
        is_sent: its packet has left whole, as far as is known.
        losses: how often it lost its connection.
        route: what chooses the job server: its unique.
        before: calls that have to be answered before this one is sent.
        futures: of the asyncio face, each with what tells whether enough was told.
        room: how many bytes more may wait to be taken.
        streams: data came before a result: some may be missed on another connection.
    """

    __slots__ = (
        "before",
        "call",
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

    def __init__(self, call: Call, name: str, keeps: bool = False) -> None:
        self.call = call
        self.name = name
        self.keeps = keeps
        self.updates: deque[Event] = _NO_UPDATES
        self.final: Event | None = None
        self.error: ClientError | None = None
        self.link: Any = None
        self.is_sent = False
        self.losses = 0
        self.streams = False
        self.followed = b""
        self.futures: list[Any] = []
        self.room = MAX_UNREAD
        self.route = call.unique
        self.before: Iterable[Waiter] = ()
        call.owner = self

    @property
    def pause(self) -> float:
        """Return the seconds to pause before it is sent again."""
        if self.losses < 2:
            return 0.0
        return jittered(min(1.0, 0.05 * 2.0**self.losses))

    @property
    def handle(self) -> str:
        """Return the job's handle; empty before JOB_CREATED."""
        return text(self.call.handle or self.followed)

    def take(self, event: Event) -> None:
        """Take what a packet told."""
        kind = event.type
        if kind == _JOB_CREATED:
            self.followed = self.call.handle
        elif kind in _UPDATES:
            if kind == _WORK_DATA:
                self.streams = True
                self._keep(event)
            elif self.keeps:
                self._keep(event)
        elif kind == _ERROR:
            code, said = event.arguments
            self.error = ServerError(_shown(code), _shown(said))
        else:
            self.final = event

    def has_taken(self, event: Event) -> bool:
        """Tell whether taking a packet, which was interrupted, has come to its end."""
        return bool(self.updates) and self.updates[-1] is event

    def next_update(self) -> Event:
        """Take the first of what was told of a running job."""
        event = self.updates.popleft()
        self.room += _size(event)
        return event

    def drop_last(self) -> None:
        """Forget the last of what was told of a running job."""
        self.room += _size(self.updates.pop())

    def _keep(self, event: Event) -> None:
        """Keep an update until it is taken, but no heap of them without end."""
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
        """Take that the connection is lost: be sent again, or be at an end."""
        self.link = None
        self.losses += 1
        call = self.call
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


def outcome(waiter: Waiter, codec: Codec) -> Any:
    """Return the result of a job that is done; raise what became of it instead.

    Data that was sent before the result, and not taken, is put in front of it if the
    codec's values can be joined.
    """
    if waiter.error is not None:
        raise waiter.error
    final = waiter.final
    assert final is not None
    if final.type == _WORK_FAIL:
        raise JobFailedError(
            f"{waiter.name}: job {waiter.handle} failed", waiter.handle
        )
    data = final.arguments[1]
    if final.type == _WORK_EXCEPTION:
        said = _shown(data)
        raise JobExceptionError(
            f"{waiter.name}: job {waiter.handle} failed: {said}", waiter.handle, data
        )
    if waiter.updates and codec.joins:
        pieces = [e.arguments[1] for e in waiter.updates if e.type == _WORK_DATA]
        data = b"".join([*pieces, data])
    return codec.decode(data)
