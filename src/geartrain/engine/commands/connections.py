"""The text command that lists connections: what each can do, does, and has done.

All of them, or those that serve a function, are looked at in steps; only those listed
become rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.places import (
    Place,
    Places,
    matcher,
    place_text,
    read_place,
)
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import FAILS, WARNS, Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["KINDS", "is_shown", "show_connections", "shown_abilities"]

KINDS: Final = ("worker", "client", "supervisor", "other")
"""What a connection may be: the first of these that it is."""

_ARGUMENTS: Final = (
    b"function",
    b"kind",
    b"match",
    b"sort",
    b"limit",
    b"after",
    b"names",
)
_SORTS: Final = ("number", "address", "id", "running", "succeeded", "failed", "silent")

# Maximum number of rows that ``limit`` may ask for; without it all are listed.
_MOST: Final = 1000
_ALL: Final = 2**31
# Running jobs that a row names.
_MOST_JOBS: Final = 10

# Units of work, as ``turns`` counts it: of a row, and of connections that are looked
# at, of which some are in a step.
_ROW: Final = 10
_LOOKED_AT: Final = 64
_LOOK: Final = 16


class _Selection:
    """What is asked."""

    def __init__(self, state: State, arguments: Arguments) -> None:
        """Take the arguments.

        Raises:
            OptionError: one of them cannot be what it is.
        """
        self.function = arguments.get(b"function")
        """A function's name; empty for any."""
        self.kind = text(arguments.get(b"kind"))
        """One of ``KINDS``, or nothing."""
        self.match = arguments.pattern(b"match", state)
        """A text in their ids or addresses, or a glob; empty for all."""
        sort = text(arguments.get(b"sort") or b"-number")
        self.is_least_first = sort.startswith("-")
        """The oldest, or the least, comes first; names go backward."""
        self.sort = sort.removeprefix("-")
        """What they are sorted by."""
        self.limit = _ALL
        """Maximum number of rows."""
        if arguments.get(b"limit"):
            self.limit = min(arguments.number(b"limit", 0), _MOST)
        self.after = read_place(arguments.get(b"after"))
        """The place that they come after."""
        self.names = arguments.number(b"names", _ALL)
        """Maximum number of functions that a row names."""
        if self.kind and self.kind not in KINDS:
            raise OptionError(f"kind is one of {', '.join(KINDS)}")
        if self.sort not in _SORTS:
            raise OptionError(
                f"sort is one of {', '.join(_SORTS)}; after a - the least comes first"
            )


def show_connections(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List connections as JSON; ``words`` are the arguments."""
    try:
        question = _Selection(state, read_arguments(words, _ARGUMENTS))
    except OptionError as refusal:
        return invalid(str(refusal))
    of = state.peers
    if question.function:
        function = state.functions.get(question.function)
        if function is None or not peer.may(SEE, question.function):
            return error(b"UNKNOWN_FUNCTION")
        of = function.workers
    peer.rest = _list(state, peer, question, of)
    return b""


def _list(
    state: State, viewer: Peer, question: _Selection, of: dict[Peer, None]
) -> Iterator[bytes]:
    is_backward = question.is_least_first and question.sort in ("address", "id")
    places = Places(question.limit, question.after, is_backward=is_backward)
    wanted = matcher(question.match) if question.match else None
    found: dict[bytes, Peer] = {}
    state.turns.work += len(of) >> 6
    for number, peer in enumerate(list(of)):
        is_seen = not peer.is_closing and is_shown(state, viewer, peer)
        if is_seen and _is_wanted(state, peer, question, wanted):
            place = _place(state, question, peer)
            found[place[1]] = peer
            places.add(place)
        if number % _LOOKED_AT == 0:
            state.turns.work += _LOOK
            yield b""
    listed = places.first()
    for _, name in listed[: question.limit]:
        if not found[name].is_closing:
            yield from _row(state, viewer, found[name], question.names)
    if question.limit < len(listed):
        yield row({"after": place_text(listed[question.limit - 1])})
    yield END_OF_LIST


def _kind(state: State, peer: Peer) -> str:
    """Return which of ``KINDS`` a connection is."""
    if peer.abilities:
        return "worker"
    if peer.submissions:
        return "client"
    return "supervisor" if peer in state.supervisors else "other"


def _is_wanted(
    state: State, peer: Peer, question: _Selection, wanted: re.Pattern[bytes] | None
) -> bool:
    if question.kind and _kind(state, peer) != question.kind:
        return False
    if wanted is None:
        return True
    is_found = wanted.match(peer.client_id) or wanted.match(peer.address)
    return is_found is not None


def _place(state: State, question: _Selection, peer: Peer) -> Place:
    """Return where a connection stands; of equal ones the oldest comes first."""
    name = b"%012d" % peer.number
    if question.sort == "address":
        return 0, peer.address + b" " + name
    if question.sort == "id":
        return 0, peer.client_id + b" " + name
    key = _key(state, question.sort, peer)
    return key if question.is_least_first else -key, name


def _key(state: State, sort: str, peer: Peer) -> int:
    if sort == "running":
        return len(peer.running)
    if sort == "succeeded":
        return peer.succeeded
    if sort == "failed":
        return peer.failed + peer.lost_count
    if sort == "silent":
        return int((state.now - peer.heard) * 1000)
    return peer.number


def _row(state: State, viewer: Peer, peer: Peer, names: int) -> Iterator[bytes]:
    """Give a connection in pieces: its functions are the last of its values."""
    state.turns.work += _ROW
    calendar = state.clock_offset
    head = row(
        {
            "number": peer.number,
            "descriptor": peer.descriptor,
            "address": text(peer.address),
            "id": text(peer.client_id),
            "principal": text(peer.who()) or None,
            "kind": _kind(state, peer),
            "tls": peer.has_tls,
            "options": _options(peer),
            "since": round(peer.since + calendar, 3),
            "heard": round(peer.heard + calendar, 3),
            "submitted": peer.submissions,
            "running": len(peer.running),
            "succeeded": peer.succeeded,
            "failed": peer.failed,
            "lost": peer.lost_count,
            "jobs": _jobs(state, viewer, peer),
            "abilities": len(peer.abilities),
        }
    )
    yield head.rstrip(b"}\n") + b', "functions": ['
    comma = b""
    for name in shown_abilities(state, viewer, peer)[:names]:
        state.turns.work += 1
        yield comma + json.dumps(text(name)).encode()
        comma = b", "
    yield b"]}\n"


def _options(peer: Peer) -> list[str]:
    """Return the names of the options that a peer has asked for by OPTION_REQ.

    Not ``exceptions``, which it may have by an option of the server.
    """
    asked = {
        "handles": peer.wants_handles,
        "headers": peer.wants_headers,
        "reasons": peer.wants_reasons,
        "warn_without_worker": peer.without_worker == WARNS,
        "fail_without_worker": peer.without_worker == FAILS,
    }
    return [name for name, is_asked in asked.items() if is_asked]


def _jobs(state: State, viewer: Peer, peer: Peer) -> list[dict[str, object]]:
    """Return the first of the jobs that a worker runs."""
    found: list[dict[str, object]] = []
    for job in peer.running:
        if len(found) >= _MOST_JOBS:
            break
        if not viewer.may(SEE, job.function.name):
            continue
        found.append(
            {
                "handle": text(job.handle),
                "function": text(job.function.name),
                "started": round(job.started + state.calendar_shift(), 3),
            }
        )
    state.turns.work += len(found)
    return found


def is_shown(state: State, viewer: Peer, peer: Peer) -> bool:
    """Tell whether one peer may see another.

    Who may not see all sees itself, and the workers of functions that it may see.
    """
    if viewer.is_shown_all() or peer is viewer:
        return True
    return bool(shown_abilities(state, viewer, peer))


def shown_abilities(state: State, viewer: Peer, peer: Peer) -> list[bytes]:
    """Return the functions of a peer that another may see, the latest first."""
    state.turns.work += len(peer.abilities) >> 5
    names = [function.name for function in peer.abilities]
    names.reverse()
    if not viewer.is_shown_all():
        state.turns.work += len(names) >> 2
        names = [name for name in names if viewer.may(SEE, name)]
    return names
