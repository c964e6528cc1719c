"""Jobs as queries want them: pages of queues, by number and key, and lists."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    Page,
    Query,
)
from geartrain.engine.records import JobRecord
from geartrain.protocol.constants import Priority
from geartrain.stores.redis.connection import RedisConnection, Words
from geartrain.stores.redis.draft import numbers_in, read_fields
from geartrain.stores.redis.layout import (
    CALENDAR,
    DEAD,
    READY,
    STEADY,
    KeyLayout,
    digest,
    number_of,
    packed_number,
    packed_time,
    place,
    split_place,
)
from geartrain.stores.redis.rows import RowState, queue_name, unpack_row

__all__ = ["Reader"]

# Bytes of workloads on one page, unless its first job alone is larger.
_MOST_BYTES: Final = 8 * 1024 * 1024
_LAST: Final = b"\xff" * 8


class Reader:
    """Reads jobs and dead letters."""

    def __init__(self, connection: RedisConnection, layout: KeyLayout) -> None:
        self._connection = connection
        self._layout = layout

    def page(self, query: Page) -> None:
        """Answer a query; raises StoreError if Redis does not answer."""
        name = queue_name(query.function, query.priority, query.queue_key)
        key = self._layout.queue(READY, name)
        self._fill(query, key, b"(" + place(0.0, query.after), b"+")

    def page_due(self, query: DuePage) -> None:
        """Answer a query; raises StoreError if Redis does not answer."""
        name = queue_name(query.function, query.priority, query.queue_key)
        key = self._layout.queue(STEADY if query.is_steady else CALENDAR, name)
        due, number = query.after
        start = b"(" + place(due, number) if due > 0 else b"-"
        end = packed_time(query.until) + _LAST
        self._fill(query, key, start, b"[" + end)
        words = ("ZRANGEBYLEX", key, b"(" + end, "+", "LIMIT", 0, 1)
        (later,) = self._connection.ask(words)
        query.next_due = split_place(later[0])[0] if later else 0.0

    def _fill(
        self, query: Page | DuePage, key: bytes, start: bytes, end: bytes
    ) -> None:
        """Read the jobs between two places that fit on a page."""
        query.records = []
        size = 0
        while True:
            words = ("ZRANGEBYLEX", key, start, end, "LIMIT", 0, query.most)
            (members,) = self._connection.ask(words)
            states = self.states((split_place(each)[1] for each in members), query)
            fitting: dict[int, RowState] = {}
            for number, state in states.items():
                if query.largest and state.size > query.largest:
                    query.oversized.append(number)
                    continue
                is_first = not (query.records or fitting)
                is_full = len(query.records) + len(fitting) == query.most
                if is_full or (size + state.size > _MOST_BYTES and not is_first):
                    query.records += self.whole(fitting, query)
                    return
                fitting[number] = state
                size += state.size
            query.records += self.whole(fitting, query)
            if len(members) < query.most or len(query.records) >= query.most:
                return
            start = b"(" + members[-1]

    def states(self, numbers: Iterable[int], query: Query) -> dict[int, RowState]:
        """Return the states of jobs; the query is told of those that are damaged."""
        wanted = list(numbers)
        fields = map(packed_number, wanted)
        values = read_fields(self._connection, self._layout.states, fields)
        states: dict[int, RowState] = {}
        for number, value in zip(wanted, values, strict=True):
            try:
                states[number] = RowState.unpack(value or b"")
            except ValueError:
                query.damaged.append(number)
        return states

    def rows(
        self,
        states: dict[int, RowState],
        damaged: list[int],
    ) -> list[JobRecord]:
        """Return jobs with their workloads as far as these are small."""
        fields = map(packed_number, states)
        values = read_fields(self._connection, self._layout.jobs, fields)
        records: list[JobRecord] = []
        for (number, state), value in zip(states.items(), values, strict=True):
            try:
                records.append(unpack_row(number, state, value or b""))
            except ValueError:
                damaged.append(number)
        return records

    def heads(self, states: dict[int, RowState], damaged: list[int]) -> list[JobRecord]:
        """Return jobs without their workloads."""
        records = self.rows(states, damaged)
        for record in records:
            record.workload = b""
        return records

    def whole(
        self, states: dict[int, RowState], query: Page | DuePage
    ) -> list[JobRecord]:
        """Return jobs with their workloads."""
        records = self.rows(states, query.damaged)
        self._fill_large([e for e in records if states[e.number].is_large], query)
        damaged = set(query.damaged)
        return [each for each in records if each.number not in damaged]

    def _fill_large(
        self, large: list[JobRecord], query: Page | DuePage | FindJob | FindDead
    ) -> None:
        """Read workloads that lie in lists, or the beginning a query wants."""
        first = query.first if isinstance(query, FindJob | FindDead) else 0
        # A piece is more than anybody's beginning.
        last = 0 if first else -1
        lists: list[Words] = [
            ("LRANGE", self._layout.work(each.number), 0, last) for each in large
        ]
        for record, pieces in zip(large, self._connection.ask(*lists), strict=True):
            record.workload, record.more = (pieces or [b""])[0], pieces[1:]
            if not first and len(b"".join(pieces)) != record.size:
                query.damaged.append(record.number)

    def find(self, query: FindJob | FindDead) -> None:
        """Answer a query; raises StoreError if Redis does not answer."""
        number, layout = query.number, self._layout
        keys = (layout.states, layout.jobs)
        asked: list[Words] = [("HGET", key, packed_number(number)) for key in keys]
        value, row = self._connection.ask(*asked)
        if value is None:
            return
        try:
            state = RowState.unpack(value)
            if state.is_dead is not isinstance(query, FindDead):
                return
            record = unpack_row(number, state, row or b"")
        except ValueError:
            query.damaged.append(number)
            return
        if not query.with_workload:
            record.workload = b""
        elif state.is_large:
            self._fill_large([record], query)
        query.record = None if query.damaged else record

    def find_key(self, query: FindKey) -> None:
        """Answer a query; raises StoreError if Redis does not answer."""
        words = ("HGET", self._layout.keys, digest(query.key))
        (packed,) = self._connection.ask(words)
        numbers = [each for each in numbers_in(packed or b"") if each != query.other]
        if not numbers:
            return
        for record in self.heads(self.states(numbers, query), query.damaged):
            if query.function in (None, record.function):
                query.record = record
                return

    def list_dead(self, query: ListDead) -> None:
        """Answer a query; raises StoreError if Redis does not answer."""
        if query.function is None:
            keys, size = [self._layout.dead], 0
        else:
            # Dead letters are in no queues of flow keys.
            names = [queue_name(query.function, each) for each in Priority]
            keys, size = [self._layout.queue(DEAD, name) for name in names], 8
        words = [self._dead_words(query, key, b"\0" * size) for key in keys]
        found = self._connection.ask(*words)
        numbers = ([number_of(member[size:]) for member in each] for each in found)
        merged = heapq.merge(*numbers, reverse=query.is_backward)
        states = self.states(list(merged)[: query.most], query)
        query.records += self.heads(states, query.damaged)

    def _dead_words(self, query: ListDead, key: bytes, zeros: bytes) -> Words:
        limit = ("LIMIT", 0, query.most)
        after = b"(" + zeros + packed_number(query.after)
        if not query.is_backward:
            return ("ZRANGEBYLEX", key, after, "+", *limit)
        return ("ZREVRANGEBYLEX", key, after if query.after else b"+", "-", *limit)
