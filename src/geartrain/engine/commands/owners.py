"""The text command that lists owners: what each uses of what its limits allow.

An owner is a principal with limits, or an address where addresses have limits. Who uses
nothing, and has submitted nothing lately, is not remembered, and not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.places import Places, matcher, place_text, read_place
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.limits import Usage
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import limits
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["is_owner_shown", "show_owners"]

_DEFAULT: Final = 100
_MOST: Final = 1000
# Units of work, as ``turns`` counts it, of a row; and owners that are looked at before
# others have their turn.
_ROW: Final = 10
_LOOKED_AT: Final = 64
_LOOK: Final = 16
# Places are whole numbers: how much of its limits an owner uses, in thousandths.
_PARTS: Final = 1000


def show_owners(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List owners as JSON, those nearest to a limit first; ``words`` are arguments."""
    try:
        arguments = read_arguments(words, (b"match", b"limit", b"after"))
        after = read_place(arguments.get(b"after"))
        match = arguments.pattern(b"match", state)
        most = min(arguments.number(b"limit", _DEFAULT), _MOST)
    except OptionError as refusal:
        return invalid(str(refusal))
    places = Places(most, after, is_backward=True)
    peer.rest = _list(state, peer, match, places, most)
    return b""


def _list(
    state: State, viewer: Peer, match: bytes, places: Places, most: int
) -> Iterator[bytes]:
    wanted = matcher(match) if match else None
    for number, (owner, usage) in enumerate(list(state.usages.items())):
        is_wanted = wanted is None or wanted.match(owner) is not None
        if is_wanted and is_owner_shown(viewer, owner):
            places.add((int(_share(state, usage) * _PARTS), owner))
        if number % _LOOKED_AT == 0:
            state.turns.work += _LOOK
            yield b""
    listed = places.first()
    for place in listed[:most]:
        known = state.usages.get(place[1])
        if known is not None:
            state.turns.work += _ROW
            yield _row(state, known)
    if most and most < len(listed):
        yield row({"after": place_text(listed[most - 1])})
    yield END_OF_LIST


def is_owner_shown(viewer: Peer, owner: bytes) -> bool:
    """Tell whether a peer is told of an owner: of others, who sees all functions."""
    access = viewer.access
    return access is None or access.has_all(SEE) or owner in access.names


def _share(state: State, usage: Usage) -> float:
    """Return how much of its limits an owner uses: of that which is nearest."""
    allowed = usage.limits
    used = (
        (usage.connections, allowed.connections),
        (usage.waiting.jobs, allowed.jobs),
        (usage.recurring.jobs, allowed.jobs),
        (usage.waiting.size, allowed.size),
        (usage.recurring.size, allowed.size),
        (
            allowed.submissions - limits.allowance(state, usage),
            allowed.submissions,
        ),
    )
    return max([amount / most for amount, most in used if most], default=0.0)


def _row(state: State, usage: Usage) -> bytes:
    allowed = usage.limits
    left = limits.allowance(state, usage)
    return row(
        {
            "owner": text(usage.owner),
            "kind": "principal" if usage.is_principal else "address",
            "used": round(_share(state, usage), 3),
            "connections": usage.connections,
            "max_connections": allowed.connections or None,
            "jobs": usage.waiting.jobs,
            "recurring": usage.recurring.jobs,
            "max_jobs": allowed.jobs or None,
            "bytes": usage.waiting.size,
            "recurring_bytes": usage.recurring.size,
            "max_bytes": allowed.size or None,
            "submissions_left": int(left) if allowed.submissions else None,
            "max_submissions": allowed.submissions or None,
        }
    )
