"""Lists of jobs: queue by queue, within each by clock, due time and number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from geartrain.engine.queries import ListJobs
from geartrain.errors import StoreError
from geartrain.protocol.constants import Priority
from geartrain.stores.redis.connection import RedisConnection
from geartrain.stores.redis.layout import (
    CALENDAR,
    READY,
    STEADY,
    KeyLayout,
    packed_time,
    split_place,
)
from geartrain.stores.redis.reading import Reader
from geartrain.stores.redis.rows import queue_name
from geartrain.texts import quoted

__all__ = ["list_jobs"]

# Queues that are read of the names at once, and looked at for one slice.
_MOST_QUEUES: Final = 100
_TOKEN: Final = re.compile(rb"q((?:[0-9a-f]{2})+)([rcs]:)((?:[0-9a-f]{2})*)")
_KINDS: Final = (READY, CALENDAR, STEADY)


class _Place(NamedTuple):
    """Where a slice ended: the queue, the kind of jobs, and the last of them."""

    queue: bytes
    kind: bytes
    member: bytes

    def token(self) -> bytes:
        return b"q%s%s%s" % (
            self.queue.hex().encode(),
            self.kind,
            self.member.hex().encode(),
        )


def list_jobs(
    connection: RedisConnection, layout: KeyLayout, reader: Reader, query: ListJobs
) -> None:
    """Answer a query for a slice of the list of jobs.

    Raises:
        StoreError: ``after`` is not from a slice of this list, or Redis does not
            answer.
    """
    begin = _place_of(query.after)
    names = _names(connection, layout, query, begin.queue)
    for name, kind, after in _spans(names[:_MOST_QUEUES], begin):
        bounds = _bounds(query, kind, after)
        if bounds is None:
            continue
        room = query.most - len(query.records)
        words = ("ZRANGEBYLEX", layout.queue(kind, name), *bounds, "LIMIT", 0, room)
        (members,) = connection.ask(words)
        numbers = [split_place(member)[1] for member in members]
        query.records += reader.heads(reader.states(numbers, query), query.damaged)
        if len(members) == room:
            query.following = _Place(name, kind, members[-1]).token()
            return
    if len(names) > _MOST_QUEUES:
        query.following = _Place(names[_MOST_QUEUES], READY, b"").token()


def _spans(names: list[bytes], begin: _Place) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield each queue and kind from a place on, and the member to begin after."""
    for name in names:
        is_begin = name == begin.queue
        for kind in _KINDS[_KINDS.index(begin.kind) if is_begin else 0 :]:
            is_same = is_begin and kind == begin.kind
            yield name, kind, begin.member if is_same else b""


def _names(
    connection: RedisConnection, layout: KeyLayout, query: ListJobs, least: bytes
) -> list[bytes]:
    """Return names of queues from one on, in order."""
    start, end = b"-", b"+"
    if query.function is not None:
        start = b"[" + queue_name(query.function, min(Priority))
        end = b"(" + queue_name(query.function, max(Priority) + 1)
    if least:
        start = b"[" + least
    words = ("ZRANGEBYLEX", layout.queues, start, end, "LIMIT", 0, _MOST_QUEUES + 1)
    found: list[bytes] = connection.ask(words)[0]
    return found


def _bounds(query: ListJobs, kind: bytes, after: bytes) -> tuple[bytes, bytes] | None:
    """Return between which places the jobs of a kind are listed; None for nowhere."""
    if kind == READY:
        is_listed = query.due_from <= 0 < query.due_until
        return (b"(" + after if after else b"-", b"+") if is_listed else None
    least, until = query.due_from, query.due_until
    if kind == STEADY:
        least, until = query.steady_from, query.steady_until
    start = b"(" + after if after else b"[" + packed_time(least)
    return start, b"(" + packed_time(until)


def _place_of(token: bytes) -> _Place:
    """Return where a slice begins; an empty token is for the first one.

    Raises:
        StoreError: the token is not from a slice of this list.
    """
    if not token:
        return _Place(b"", b"", b"")
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise StoreError(f"{quoted(token)} is no place in a list: begin without one")
    queue, kind, member = found.groups()
    return _Place(bytes.fromhex(queue.decode()), kind, bytes.fromhex(member.decode()))
