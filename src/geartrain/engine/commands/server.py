"""The text command that tells how the job server's process is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["server"]

# Connections that are looked at in a step, and the units of work, as ``turns`` counts
# it, of that step and of the row.
_LOOKED_AT: Final = 256
_LOOK: Final = 32
_ROW: Final = 60
_OPTION: Final = 15

# Connections by what they do; whoever serves a function is a worker.
_ROLES: Final = ("client", "worker")


def server(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row how the process is, and how many are connected.

    ``server options`` answers a row for each option instead.
    """
    if words[1:] == [b"options"]:
        peer.rest = _tell_options(state)
    elif len(words) > 1:
        return invalid("server takes options, or nothing")
    else:
        peer.rest = _tell(state)
    return b""


def _tell_options(state: State) -> Iterator[bytes]:
    for option, value, source in state.options.told:
        state.turns.work += _OPTION
        yield row({"option": option, "value": value, "source": source})
    yield END_OF_LIST


def _tell(state: State) -> Iterator[bytes]:
    plain, encrypted = dict.fromkeys(_ROLES, 0), dict.fromkeys(_ROLES, 0)
    for number, peer in enumerate(list(state.peers), 1):
        if not peer.is_closing:
            role = "worker" if peer.abilities else "client"
            counts = encrypted if peer.has_tls else plain
            counts[role] += 1
        if number % _LOOKED_AT == 0:
            state.turns.work += _LOOK
            yield b""
    state.turns.work += _ROW
    vitals, memory = state.vitals, state.memory
    yield row(
        {
            "version": text(state.options.version),
            "build": vitals.build,
            "pid": state.options.process_id,
            "state": "stopping" if vitals.is_stopping else "running",
            "started": vitals.started or None,
            "time": round(state.wall_time(), 3),
            "functions": len(state.functions),
            "connections": {"plain": plain, "tls": encrypted},
            "memory": {
                "used": memory.used(len(state.peers), len(state.functions)),
                "limit": memory.limit or None,
                "is_full": memory.room.is_full,
            },
            "resident": vitals.resident,
            "cpu": round(vitals.cpu, 3),
            "descriptors": vitals.descriptors,
            "most_descriptors": vitals.most_descriptors,
            "lag": round(vitals.lag, 6),
        }
    )
    yield END_OF_LIST
