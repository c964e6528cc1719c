"""The text commands that tell of batches: ``batches`` and ``batch``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.rows import Value, calendar_time, row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.graph import JobBatch
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["batch", "batch_values", "batches"]

_DEFAULT: Final = 100
_MOST: Final = 1000
# Handles of those that wait for a batch, of which a row tells the first.
_MOST_TOLD: Final = 20
_ROW: Final = 12


def batches(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List batches, the latest first.

    ``batches [state=open|ended] [limit=N] [after=NAME]`` answers a row each, and, if
    there are earlier ones, ``{"after": NAME}`` with what to ask them for.
    """
    try:
        arguments = read_arguments(words[1:], (b"state", b"limit", b"after"))
        most = min(arguments.number(b"limit", _DEFAULT), _MOST)
    except OptionError as refusal:
        return invalid(str(refusal))
    wanted = arguments.get(b"state")
    if wanted not in (b"", b"open", b"ended"):
        return invalid(f"state is open or ended, not {text(wanted)!r}")
    peer.rest = _rows(state, peer, wanted, most, arguments.get(b"after"))
    return b""


def _rows(
    state: State, peer: Peer, wanted: bytes, most: int, after: bytes
) -> Iterator[bytes]:
    state.turns.work += len(state.graph.batches) >> 4
    found = list(reversed(state.graph.batches.values()))
    names = [each.name for each in found]
    start = names.index(after) + 1 if after in names else 0
    listed, last = 0, b""
    for each in islice(found, start, None):
        if wanted and (wanted == b"open") != (each.left() > 0):
            continue
        if listed == most:
            yield row({"after": text(last)})
            break
        listed += 1
        last = each.name
        state.turns.work += _ROW
        yield row(_values(state, peer, each))
    yield END_OF_LIST


def batch(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell how far the jobs of a batch are, and who waits for them.

    ``batch NAME...`` answers a row for each that is known; an error if none is.
    """
    if len(words) < 2 or not all(words[1:]):
        return invalid("batch takes the names of batches")
    found = [batch_values(state, peer, unquote_to_bytes(each)) for each in words[1:]]
    state.turns.work += _ROW * len(found)
    rows = [row(each) for each in found if each is not None]
    if not rows:
        return error(b"UNKNOWN_BATCH", "no job was submitted in it, or it is forgotten")
    return b"".join(rows) + END_OF_LIST


def batch_values(
    state: State, peer: Peer, name: bytes
) -> dict[str, Value | list[str]] | None:
    """Return what is told of a batch; None if it is not known."""
    found = state.graph.batches.get(name)
    return None if found is None else _values(state, peer, found)


def _values(state: State, peer: Peer, found: JobBatch) -> dict[str, Value | list[str]]:
    waiting = state.graph.waiting.get(found.source(), {})
    handles = [
        text(each.handle)
        for each in islice(waiting.values(), _MOST_TOLD)
        if peer.may(SEE, each.function)
    ]
    return {
        "name": text(found.name),
        "total": found.total,
        "succeeded": found.succeeded,
        "failed": found.failed,
        "dead": found.dead,
        "left": found.left(),
        "blocked": len(found.blocked),
        "began": calendar_time(state, found.began),
        "ended": calendar_time(state, found.ended),
        "waiting": handles,
    }
