"""The text command that tells how hooks fare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.rows import row
from geartrain.engine.model.hooks import Delivery
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["hooks"]

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 60


def hooks(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row for each hook what it is for, and of its latest messages."""
    if len(words) > 1:
        return invalid("hooks takes nothing")
    peer.rest = _list(state)
    return b""


def _list(state: State) -> Iterator[bytes]:
    for report in state.hooks:
        state.turns.work += _ROW
        yield row(
            {
                "hook": report.name,
                "on": list(report.events),
                "function": report.function,
                "latest": [_values(each) for each in report.latest],
            }
        )
    yield END_OF_LIST


def _values(delivery: Delivery) -> dict[str, object]:
    return {
        "about": delivery.about,
        "time": round(delivery.time, 3),
        "outcome": delivery.outcome,
        "reason": delivery.reason or None,
    }
