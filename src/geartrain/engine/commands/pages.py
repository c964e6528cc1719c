"""Pages: slices of the lists of several job servers, as one list.

Where rows have an order that counts everywhere, they are merged, and each job server is
gone on with from its last row that was listed. Else each tells its share of the limit,
one after another. Either way a page is bounded by its limit, times the job servers
while it is put together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Final

from geartrain.engine.commands.cursors import cursor_text, with_argument
from geartrain.engine.commands.inquiring import (
    AFTER,
    NodePart,
    after_of,
    ask,
    gathered,
    has_columns,
    is_seen,
    named,
    parts_of,
    unanswered,
)
from geartrain.engine.commands.owners import is_owner_shown
from geartrain.engine.commands.rows import row
from geartrain.engine.model.inquiries import Said
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST, PART

__all__ = ["PagePlan", "merged", "plan", "shared_out"]

_Row = dict[str, Any]

# The list in which each page is sorted by when jobs have ended: their places tell only
# each job server where it was.
_BY_END: Final = b"history"
# The lists whose rows name no function, though who may see them is known.
_KEYS: Final = b"keys"
_OWNERS: Final = [b"show", b"owners"]
# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 3


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
    b"actions": _Order(lambda each: -each["time"], lambda each: each["number"]),
    b"marks": _Order(lambda each: -each["time"], lambda each: each["number"]),
    b"batches": _Order(lambda each: -each["began"], lambda each: each["name"]),
    b"schedule list": _Order(lambda each: each["name"], lambda each: each["name"]),
    b"upcoming": _Order(lambda each: each["when"], None),
}
"""The lists whose rows have an order that counts everywhere."""


class PagePlan:
    """Who is asked for a page, and for what."""

    def __init__(self) -> None:
        self.own: list[bytes] = []
        """The words for the job server itself; none if it has told all."""
        self.said: list[Said] = []
        """The others, with their lines."""
        self.later: dict[bytes, bytes] = {}
        """The places of those whose turn comes with a later page."""
        self.places: dict[bytes, bytes] = {}
        """Where each is gone on with from."""
        self.limit = 0
        """How many rows there may be."""


def plan(
    state: State,
    words: list[bytes],
    others: list[Said],
    places: dict[bytes, bytes] | None,
    limit: int,
    *,
    is_shared_out: bool,
) -> PagePlan:
    """Plan the page after some places, or the first.

    ``limit`` is 0 for a list that has no pages. ``is_shared_out`` says that each is to
    tell its share of it only.
    """
    identity = state.options.node_identity
    if places is None:
        places = dict.fromkeys([identity, *[each.identity for each in others]], b"")
    made = PagePlan()
    made.limit, made.places = limit, places
    turn = list(places)
    if is_shared_out and limit:
        turn = turn[:limit]
        made.later = {each: places[each] for each in places if each not in turn}
    known = {each.identity: each for each in others}
    for number, each in enumerate(turn):
        share = limit
        if is_shared_out and limit:
            share = limit // len(turn) + (number < limit % len(turn))
        asked = with_argument(words, b"after", places[each])
        if share:
            asked = with_argument(asked, b"limit", b"%d" % share)
        if each == identity:
            made.own = asked
            continue
        said = known.get(each)
        if said is None:
            said = Said(each, each, "")
            said.error = "it has ended since the list began"
        said.line = b" ".join([PART, *asked]) + b"\n"
        made.said.append(said)
    return made


def shared_out(
    state: State, peer: Peer, words: list[bytes], page: PagePlan, own: Iterator[bytes]
) -> Iterator[bytes]:
    """Give the rows of ``own``, and then those of each of the others."""
    inquiry = ask(state, peer, words, page.said, is_list=True)
    yield b""
    peer.take_answers()
    parts = parts_of(inquiry)
    following: dict[bytes, bytes] = {}
    first = b""
    while not first:
        first = next(own, END_OF_LIST)
        yield b""
    if first.startswith(b"ERR "):
        yield first
        return
    yield b"".join(unanswered(words, inquiry))
    latest: list[bytes] | None = [] if words[0].lower() == _BY_END else None
    for piece in chain((first,), own):
        if piece.startswith(AFTER):
            following[state.options.node_identity] = after_of(piece)
        elif piece != END_OF_LIST:
            yield _now_or_later(piece, latest)
    for line in _of_others(state, peer, words, parts):
        yield _now_or_later(line, latest)
    if latest:
        latest.sort(key=_ended, reverse=True)
        yield b"".join(latest)
    following.update({part.identity: part.after for part in parts if part.after})
    following.update(page.later)
    if following:
        yield row({"after": cursor_text(following)})
    yield END_OF_LIST


def _of_others(
    state: State, peer: Peer, words: list[bytes], parts: list[NodePart]
) -> Iterator[bytes]:
    for part in parts:
        for line in part.lines:
            state.turns.work += _ROW
            yield _from_other(peer, words, part, line)


def _now_or_later(line: bytes, later: list[bytes] | None) -> bytes:
    """Return a row, or keep it for when all are there."""
    if later is None:
        return line
    if line:
        later.append(line)
    return b""


def _ended(line: bytes) -> float:
    ended: float = json.loads(line)["ended"]
    return ended


def _from_other(peer: Peer, words: list[bytes], part: NodePart, line: bytes) -> bytes:
    """Return the row of another job server as a peer may see it, or nothing."""
    is_column = has_columns(words)
    if not (peer.is_shown_all() or (not is_column and _is_told(peer, words, line))):
        return b""
    return line + b"\n" if is_column else named(line, part.said)


def _is_told(peer: Peer, words: list[bytes], line: bytes) -> bool:
    """Tell whether a peer that may not see all functions may see a row."""
    if words[0].lower() == _KEYS:
        # They are of the one function that is named, for which the right was checked.
        return True
    values = json.loads(line)
    if [each.lower() for each in words[:2]] == _OWNERS:
        owner = str(values["owner"])
        return is_owner_shown(peer, owner.encode("utf-8", "surrogateescape"))
    return is_seen(peer, values)


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
    merge = _Merge(page, _ORDERS[_list_of(words)], parts, peer)
    if state.is_shared:
        merge.tell_schedules_once()
    yield b""
    for line in merge.rows():
        state.turns.work += _ROW
        yield line
    following = merge.following()
    if following:
        yield row({"after": cursor_text(following)})
    yield END_OF_LIST


def _list_of(words: list[bytes]) -> bytes:
    size = 2 if words[0].lower() in (b"dead", b"schedule") else 1
    name = b" ".join(words[:size]).lower()
    return name + b" newest" if b"order=newest" in words else name


def _schedule_of(values: _Row) -> object:
    """Return the name of the schedule that a row of ``upcoming`` is about, or None."""
    return values["handle"] if values.get("kind") == "schedule" else None


class _Merge:
    """Rows of several parts in one order, up to a limit."""

    def __init__(
        self, page: PagePlan, order: _Order, parts: list[NodePart], peer: Peer
    ) -> None:
        self._limit = page.limit
        self._parts = parts
        self._order = order
        self._left: dict[bytes, list[tuple[_Row, bytes]]] = {}
        self._places = {
            each.identity: page.places.get(each.identity, b"") for each in parts
        }
        for part in parts:
            rows = []
            for line in part.lines:
                values = json.loads(line)
                if part.is_own:
                    rows.append((values, line + b"\n"))
                elif is_seen(peer, values):
                    rows.append((values, named(line, part.said)))
            rows.reverse()
            self._left[part.identity] = rows

    def tell_schedules_once(self) -> None:
        """Leave out of what comes the schedules that another has told of.

        Their times may differ by a little, so that their rows do not meet.
        """
        told: set[object] = set()
        for part in self._parts:
            rows = self._left[part.identity]
            kept = [each for each in rows if _schedule_of(each[0]) not in told]
            told.update(_schedule_of(values) for values, _ in kept)
            told.discard(None)
            self._left[part.identity] = kept

    def rows(self) -> Iterator[bytes]:
        """Give them; of one name, such as a schedule that several have, the first."""
        for _ in range(self._limit):
            part = self._next()
            if part is None:
                return
            values, line = self._pop(part)
            name = values.get("name")
            for other in self._parts if name is not None else ():
                left = self._left[other.identity]
                if left and left[-1][0]["name"] == name:
                    self._pop(other)
            yield line

    def _pop(self, part: NodePart) -> tuple[_Row, bytes]:
        """Take the next row of a part, which goes on after that."""
        values, line = self._left[part.identity].pop()
        if self._order.place is not None:
            place = str(self._order.place(values))
            self._places[part.identity] = place.encode("utf-8", "surrogateescape")
        return values, line

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
        return self._order.key(self._left[part.identity][-1][0])

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
