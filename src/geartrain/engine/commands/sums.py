"""Sums: rows of several job servers, those of one function added up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from geartrain.engine.commands.arguments import read_arguments
from geartrain.engine.commands.inquiring import (
    NodePart,
    gathered,
    has_columns,
    is_seen,
    others_of,
)
from geartrain.engine.commands.rows import row
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["added", "summed"]

_Row = dict[str, Any]

# Units of work, as ``turns`` counts it, of rows in a step.
_STEP: Final = 64
_WORK: Final = 200

# What tells rows apart, where that is not the function alone.
_KINDS: Final = ("function", "state", "kind", "reason")
_RANKED: Final = (b"failures", b"dead")
_BATCH: Final = b"batch"

# Of these the larger, or the smaller, holds for both.
_LARGEST: Final = ("oldest", "last", "time")
_SMALLEST: Final = ("next", "first", "since", "began")
# Both have to have one: what has ended at one of them only has not.
_LATEST: Final = "ended"


def summed(
    state: State, peer: Peer, words: list[bytes], own: Iterator[bytes]
) -> Iterator[bytes]:
    """Give rows: ``own``, and what others answer to the same words added to these."""
    parts = yield from gathered(state, peer, words, others_of(state), own)
    if not parts:
        return
    if has_columns(words):
        yield from _add_columns(state, peer, parts)
    else:
        yield from _add_rows(state, peer, words, parts)
    yield END_OF_LIST


def _add_columns(state: State, peer: Peer, parts: list[NodePart]) -> Iterator[bytes]:
    found: dict[bytes, list[int]] = {}
    for part in parts:
        for number, line in enumerate(part.lines):
            name, *numbers = line.split(b"\t")
            if not peer.may(SEE, name):
                continue
            before = found.get(name)
            counts = [int(each) for each in numbers]
            if before is not None:
                counts = [a + b for a, b in zip(before, counts, strict=True)]
            found[name] = counts
            if number % _STEP == 0:
                state.turns.work += _WORK
                yield b""
    for name, counts in found.items():
        yield b"\t".join([name, *(b"%d" % each for each in counts)]) + b"\n"


def _add_rows(
    state: State, peer: Peer, words: list[bytes], parts: list[NodePart]
) -> Iterator[bytes]:
    is_ranked = words[0].lower() in _RANKED
    is_batch = words[0].lower() == _BATCH
    names = ("name",) if is_batch else _KINDS if is_ranked else _KINDS[:1]
    found: dict[tuple[object, ...], _Row] = {}
    for part in parts:
        for number, line in enumerate(part.lines):
            values = json.loads(line)
            if is_batch and not (part.is_own or peer.is_shown_all()):
                # The functions of these jobs are not known here.
                values["waiting"] = []
            key = tuple([values.get(name) for name in names])
            if part.is_own or is_batch or is_seen(peer, values):
                known = found.get(key)
                found[key] = values if known is None else added(known, values)
            if number % _STEP == 0:
                state.turns.work += _WORK
                yield b""
    rows = list(found.values())
    if is_ranked:
        rows.sort(key=_rank)
        del rows[_limit(words) :]
    for each in rows:
        state.turns.work += _WORK // _STEP
        yield row(each)


def _rank(values: _Row) -> tuple[int, float]:
    return -values["count"], -values["last"]


def _limit(words: list[bytes]) -> int:
    given = [word for word in words if word.startswith(b"limit=")]
    return read_arguments(given, (b"limit",)).limit()


def added(one: _Row, other: _Row) -> _Row:
    """Return two rows about the same as one.

    Numbers are added up, also those of lists and of rows within; texts are those of the
    one that happened last, if both say when, and lists of texts have those of both.
    """
    if (other.get("last") or 0) > (one.get("last") or 0):
        one, other = other, one
    return {
        name: _added(name, value, other[name]) if name in other else value
        for name, value in one.items()
    }


def _added(name: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None if name == _LATEST else other if one is None else one
    if name in _LARGEST or name == _LATEST or isinstance(one, bool):
        return max(one, other)
    if name in _SMALLEST:
        return min(one, other)
    if isinstance(one, dict):
        return added(one, other)
    if isinstance(one, list):
        return _added_lists(one, other)
    return one + other if isinstance(one, int | float) else one


def _added_lists(one: list[Any], other: list[Any]) -> list[Any]:
    if any(isinstance(each, str) for each in (*one, *other)):
        return [*one, *other]
    if len(one) < len(other):
        one, other = other, one
    return [a + b for a, b in zip(one, other, strict=False)] + one[len(other) :]
