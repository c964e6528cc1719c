"""The text command that tells of flow keys: ``keys FUNCTION``.

All keys of the function are looked at, but only those of the part that is asked for
become rows: a hundred thousand take the compiled core 0.1 seconds, in steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.places import Places, matcher, place_text, read_place
from geartrain.engine.commands.ranking import rounded
from geartrain.engine.commands.rows import Value, calendar_time, row, text
from geartrain.engine.jobs.limits_met import next_start, start_limit
from geartrain.engine.model.access import SEE
from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["keys"]

_ARGUMENTS: Final = (b"sort", b"match", b"limit", b"after")
_SORTS: Final = ("waiting", "running", "oldest", "key")
_DEFAULT: Final = 100
_MOST: Final = 1000

# Units of work, as ``turns`` counts it: of a row, and of a look at this many keys.
_ROW: Final = 15
_LOOKED_AT: Final = 64


class _KeysQuestion:
    """What is asked."""

    def __init__(self, state: State, arguments: Arguments) -> None:
        """Take the arguments.

        Raises:
            OptionError: one of them cannot be what it is.
        """
        sort = text(arguments.get(b"sort")) or "waiting"
        self.is_least_first = sort.startswith("-")
        self.sort = sort.removeprefix("-")
        if self.sort not in _SORTS:
            names = f"{', '.join(_SORTS[:-1])} or {_SORTS[-1]}"
            raise OptionError(f"sort is {names}; after a - the least comes first")
        match = arguments.pattern(b"match", state)
        self.pattern: re.Pattern[bytes] | None = matcher(match) if match else None
        """What matches the keys that are wanted; None for all."""
        self.limit = min(arguments.number(b"limit", _DEFAULT), _MOST)
        self.after = read_place(arguments.get(b"after"))

    def place(self, state: State, keys: FlowKeys, key: FlowKey) -> int:
        """Return what places a key, the lowest first."""
        value = self._value(state, keys, key)
        return value if self.is_least_first else -value

    def _value(self, state: State, keys: FlowKeys, key: FlowKey) -> int:
        if self.sort == "waiting":
            return key.waiting_count()
        if self.sort == "running":
            return len(key.running)
        if self.sort == "oldest":
            return int((_oldest(state, keys, key) or 0.0) * 1000)
        return 0

    def places(self) -> Places:
        """Return the places that are asked for, of none yet."""
        is_backward = self.sort == "key" and self.is_least_first
        return Places(self.limit, self.after, is_backward=is_backward)


def keys(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List the flow keys of a function that have jobs, the most waiting first.

    ``keys FUNCTION [sort=WHAT] [match=TEXT] [limit=N] [after=T]`` answers a row each,
    and, if there are more, ``{"after": T}`` with what to ask them for.
    """
    if len(words) < 2:
        return invalid("keys takes the name of a function")
    try:
        question = _KeysQuestion(state, read_arguments(words[2:], _ARGUMENTS))
    except OptionError as refusal:
        return invalid(str(refusal))
    name = unquote_to_bytes(words[1])
    function = state.functions.get(name)
    if function is None or not peer.may(SEE, name):
        return error(b"UNKNOWN_FUNCTION")
    peer.rest = _rows(state, function, question)
    return b""


def _rows(state: State, function: Function, question: _KeysQuestion) -> Iterator[bytes]:
    found = function.keys()
    places = question.places()
    if found is not None:
        # Names are copied because the list may take many turns. That is quick.
        names = [name for name in found.live if not is_addressed(name)]
        state.turns.work += len(names) >> 6
        for start in range(0, len(names), _LOOKED_AT):
            state.turns.work += _LOOKED_AT
            for name in islice(names, start, start + _LOOKED_AT):
                key = found.live.get(name)
                if key is not None and _is_wanted(key, question.pattern):
                    places.add((question.place(state, found, key), name))
            yield b""
        first = places.first()
        for _, name in first[: question.limit]:
            key = found.live.get(name)
            if key is not None:
                state.turns.work += _ROW
                yield row(_values(state, function, found, key))
        if len(first) > question.limit:
            yield row({"after": place_text(first[question.limit - 1])})
    yield END_OF_LIST


def _is_wanted(key: FlowKey, pattern: re.Pattern[bytes] | None) -> bool:
    """Tell whether a key has jobs, and a name that is wanted."""
    if not key.running and not key.waiting_count():
        return False
    return pattern is None or pattern.match(key.name) is not None


def _values(
    state: State, function: Function, keys: FlowKeys, key: FlowKey
) -> dict[str, Value]:
    now = state.server_time()
    limit = start_limit(function, keys, key, now)
    return {
        "key": text(key.name),
        "waiting": key.waiting_count(),
        "held": key.held_count() + key.paged_count(),
        "running": len(key.running),
        "oldest": rounded(_oldest(state, keys, key)),
        "limit": limit or None,
        "next": calendar_time(state, next_start(function, keys, key, limit)),
    }


def _oldest(state: State, keys: FlowKeys, key: FlowKey) -> float | None:
    """Return how long the first job of a key has waited; None if that is not known."""
    first = next(iter(key.ready), None) or key.first_held(keys.is_fifo)
    if first is None:
        return None
    return max(state.server_time() - first.waiting_since(), 0.0)
