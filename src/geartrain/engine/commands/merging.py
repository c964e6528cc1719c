"""Merging: pages of lists whose rows have an order that counts everywhere.

What several job servers have a row of each, such as a schedule of a store that they
share, is told once, by the row that comes first. A page ends behind the rows of others
about what it told, so that the next one does not begin with these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from geartrain.engine.commands.batch_rows import one_row_each
from geartrain.engine.commands.cursors import cursor_text
from geartrain.engine.commands.inquiring import (
    NodePart,
    gathered,
    is_seen,
    named,
    others_of,
)
from geartrain.engine.commands.orders import passed_on
from geartrain.engine.commands.pages import PagePlan
from geartrain.engine.commands.rows import row
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["merged"]

_Row = dict[str, Any]

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 3

_ACTIONS: Final = b"actions"
_BATCHES: Final = b"batches"
_UPCOMING: Final = b"upcoming"
_SCHEDULES: Final = (b"schedule list", _UPCOMING)


class _Order:
    """How the rows of a list are sorted, and where the list goes on after a row."""

    def __init__(
        self, key: Callable[[_Row], Any], place: Callable[[_Row], object] | None
    ) -> None:
        self.key = key
        self.place = place
        """None where a list cannot be gone on with."""


def _number_of(values: _Row) -> int:
    return State.number(str(values["handle"]).encode("utf-8", "surrogateescape"))


_ORDERS: Final[dict[bytes, _Order]] = {
    b"dead list": _Order(_number_of, _number_of),
    b"dead list newest": _Order(lambda each: -_number_of(each), _number_of),
    _ACTIONS: _Order(lambda each: -each["time"], lambda each: each["number"]),
    b"marks": _Order(lambda each: -each["time"], lambda each: each["number"]),
    _BATCHES: _Order(lambda each: -each["began"], lambda each: each["name"]),
    b"schedule list": _Order(lambda each: each["name"], lambda each: each["name"]),
    _UPCOMING: _Order(lambda each: each["when"], None),
}
"""The lists whose rows have an order that counts everywhere."""


class _Told(NamedTuple):
    """A row of one of the parts, with the line that tells it."""

    part: NodePart
    values: _Row
    line: bytes


def merged(
    state: State, peer: Peer, words: list[bytes], page: PagePlan, own: Iterator[bytes]
) -> Iterator[bytes]:
    """Give the first rows of all in their order."""
    parts = yield from gathered(state, peer, words, page.said, own)
    if not parts:
        return
    # What several have is told as the one that leads tells it.
    leading = [each.identity for each in state.health.nodes if each.is_leading]
    parts.sort(key=lambda part: part.identity not in leading)
    merge = _merge_of(state, peer, words, page, parts)
    yield b""
    if _list_of(words) == _BATCHES:
        found = [(each.part.identity, each.values) for each in merge.rows()]
        silent = {each.identity for each in page.said if each.error}
        others = [each for each in others_of(state) if each.identity not in silent]
        yield from one_row_each(state, peer, words, others, found)
    else:
        for told in merge.rows():
            state.turns.work += _ROW
            yield told.line
    following = merge.following()
    if following:
        yield row({"after": cursor_text(following)})
    yield END_OF_LIST


def _list_of(words: list[bytes]) -> bytes:
    size = 2 if words[0].lower() in (b"dead", b"schedule") else 1
    name = b" ".join(words[:size]).lower()
    return name + b" newest" if b"order=newest" in words else name


def _merge_of(
    state: State, peer: Peer, words: list[bytes], page: PagePlan, parts: list[NodePart]
) -> _Merge:
    name = _list_of(words)
    merge = _Merge(page, _ORDERS[name], parts, peer)
    if name == _BATCHES:
        merge.told_once = {each.identity for each in parts}
    elif name == _ACTIONS:
        merge.untold = passed_on(parts, state.options.node_name)
    elif state.is_shared and name in _SCHEDULES:
        # Those of others are others, though they may have the same name.
        sharing = {each.identity for each in state.health.nodes}
        merge.told_once = {state.options.node_identity, *sharing}
        if name == _UPCOMING:
            merge.tell_schedules_once()
    return merge


def _schedule_of(values: _Row) -> object:
    """Return the name of the schedule that a row of ``upcoming`` is about, or None."""
    return values["handle"] if values.get("kind") == "schedule" else None


class _Merge:
    """Rows of several parts in one order, up to a limit."""

    def __init__(
        self, page: PagePlan, order: _Order, parts: list[NodePart], peer: Peer
    ) -> None:
        self.told_once: set[bytes] = set()
        """The job servers whose rows of one name are about the same."""
        self.untold: set[tuple[bytes, int]] = set()
        """The rows, by job server and number, that another row tells of."""
        self._limit = page.limit
        self._parts = parts
        self._order = order
        self._names: set[object] = set()
        self._left: dict[bytes, list[_Told]] = {}
        self._places = {
            each.identity: page.places.get(each.identity, b"") for each in parts
        }
        is_batches = order is _ORDERS[_BATCHES]
        for part in parts:
            rows = []
            for line in part.lines:
                values = json.loads(line)
                if part.is_own:
                    rows.append(_Told(part, values, line + b"\n"))
                elif is_batches or is_seen(peer, values):
                    rows.append(_Told(part, values, named(line, part.said)))
            rows.reverse()
            self._left[part.identity] = rows

    def tell_schedules_once(self) -> None:
        """Leave out of what comes the schedules that another has told of.

        Their times may differ by a little, so that their rows do not meet.
        """
        told: set[object] = set()
        for part in self._parts:
            if part.identity not in self.told_once:
                continue
            rows = self._left[part.identity]
            kept = [each for each in rows if _schedule_of(each.values) not in told]
            told.update(_schedule_of(each.values) for each in kept)
            told.discard(None)
            self._left[part.identity] = kept

    def rows(self) -> Iterator[_Told]:
        """Give them; of one name that several have, the first."""
        count = 0
        while count < self._limit:
            part = self._next()
            if part is None:
                break
            told = self._pop(part)
            if self._is_told(told):
                continue
            count += 1
            if part.identity in self.told_once:
                self._names.add(told.values.get("name"))
            yield told
        # The next page begins with something else.
        for part in self._parts:
            left = self._left[part.identity]
            while left and self._is_told(left[-1]):
                self._pop(part)

    def _is_told(self, told: _Told) -> bool:
        """Tell whether another row was told that is about the same."""
        identity = told.part.identity
        if identity in self.told_once:
            name = told.values.get("name")
            return name is not None and name in self._names
        return bool(self.untold) and (identity, told.values["number"]) in self.untold

    def _pop(self, part: NodePart) -> _Told:
        """Take the next row of a part, which goes on after that."""
        told = self._left[part.identity].pop()
        if self._order.place is not None:
            place = str(self._order.place(told.values))
            self._places[part.identity] = place.encode("utf-8", "surrogateescape")
        return told

    def _next(self) -> NodePart | None:
        """Return whose row is the next; None where that is not known, or none is."""
        found = None
        for part in self._parts:
            left = self._left[part.identity]
            if not left:
                if part.after:
                    return None
            elif found is None or self._key(part) < self._key(found):
                found = part
        return found

    def _key(self, part: NodePart) -> Any:
        return self._order.key(self._left[part.identity][-1].values)

    def following(self) -> dict[bytes, bytes]:
        """Return where those go on that have more."""
        found: dict[bytes, bytes] = {}
        if self._order.place is None:
            return found
        for part in self._parts:
            if self._left[part.identity]:
                found[part.identity] = self._places[part.identity]
            elif part.after:
                found[part.identity] = part.after
        return found
