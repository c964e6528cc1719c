"""Pages: slices of the lists of several job servers, as one list.

Where rows have an order that counts everywhere, ``merging`` puts them together, and
each job server is gone on with from its last row that was listed. Else each tells its
share of the limit, one after another. Either way a page is bounded by its limit, times
the job servers while it is put together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Final

from geartrain.engine.commands.cursors import cursor_text, with_argument
from geartrain.engine.commands.inquiring import (
    AFTER,
    NodePart,
    after_of,
    ask,
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

__all__ = ["PagePlan", "plan", "shared_out"]

# The list in which each page is sorted by when jobs have ended: their places tell only
# each job server where it was.
_BY_END: Final = b"history"
# The lists whose rows name no function, though who may see them is known.
_KEYS: Final = b"keys"
_OWNERS: Final = [b"show", b"owners"]
# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 3


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
