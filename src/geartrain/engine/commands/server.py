"""The text command that tells how the job server's process is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.doubles import doubles_of
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["server"]

# Connections, or functions, that are looked at in a step, and the units of work, as
# ``turns`` counts it, of a step of connections, of one of functions, and of the row.
_LOOKED_AT: Final = 256
_LOOK: Final = 32
_COUNT: Final = 256
_ROW: Final = 60
_OPTION: Final = 15

# Connections by what they do; whoever serves a function is a worker.
_ROLES: Final = ("client", "worker")


def server(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row how the process is, who is connected, and how many jobs there are.

    ``server options`` answers a row for each option instead.
    """
    if words[1:] == [b"options"]:
        peer.rest = _tell_options(state)
    elif len(words) > 1:
        return invalid("server takes options, or nothing")
    else:
        peer.rest = _tell(state, peer)
    return b""


class _Jobs:
    """How many jobs of the functions that a peer may see wait, and run."""

    def __init__(self) -> None:
        self.waiting = 0
        self.running = 0

    def count(self, state: State, viewer: Peer) -> Iterator[None]:
        """Count them, in steps."""
        doubles = doubles_of(state, viewer)
        for number, name in enumerate(list(state.functions), 1):
            function = state.functions.get(name)
            if function is not None and viewer.may(SEE, name):
                waiting = function.waiting_total()
                self.waiting += waiting - doubles.waiting.get(function, 0)
                self.running += len(function.running) - doubles.running.get(function, 0)
            if number % _LOOKED_AT == 0:
                state.turns.work += _COUNT
                yield


def _tell_options(state: State) -> Iterator[bytes]:
    for option, value, source in state.options.told:
        state.turns.work += _OPTION
        yield row({"option": option, "value": value, "source": source})
    yield END_OF_LIST


def _tell(state: State, viewer: Peer) -> Iterator[bytes]:
    plain, encrypted = dict.fromkeys(_ROLES, 0), dict.fromkeys(_ROLES, 0)
    workers = 0
    for number, peer in enumerate(list(state.peers), 1):
        if not peer.is_closing:
            role = "worker" if peer.abilities else "client"
            workers += role == "worker" and peer.node is None
            counts = encrypted if peer.has_tls else plain
            counts[role] += 1
        if number % _LOOKED_AT == 0:
            state.turns.work += _LOOK
            yield b""
    jobs = _Jobs()
    for _ in jobs.count(state, viewer):
        yield b""
    state.turns.work += _ROW
    vitals, memory = state.vitals, state.memory
    yield row(
        {
            "version": text(state.options.version),
            "node": text(state.options.node_name),
            "identity": text(state.options.node_identity),
            "build": vitals.build,
            "pid": state.options.process_id,
            "state": "stopping" if vitals.is_stopping else "running",
            "started": vitals.started or None,
            "time": round(state.wall_time(), 3),
            "functions": len(state.functions),
            "waiting": jobs.waiting,
            "running": jobs.running,
            "workers": workers,
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
