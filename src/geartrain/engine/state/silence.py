"""Workers that have fallen silent with jobs in hand: hung, or their machine is gone.

Only those that take the option ``handles`` are judged, as Geartrain's own do: these
probe the server every half minute or so, however long a handler takes. Others say
nothing while they run a job, for hours if need be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.model.peers import Peer
from geartrain.engine.model.problems import Problem
from geartrain.engine.state.state import State
from geartrain.texts import counted, shown_worker

__all__ = ["look_for_silence"]

# Seconds: ten times the ``heartbeat`` that workers have by default.
_LONG: Final = 300.0

# Connections looked at in a step, and units of work, as ``turns`` counts it, of one.
_STEP: Final = 64
_COST: Final = 16


def look_for_silence(state: State, found: list[Problem]) -> Iterator[None]:
    """Add to ``found`` what is wrong with workers, some connections a step."""
    silent: list[Peer] = []
    jobs = 0
    for number, peer in enumerate(list(state.peers)):
        if _is_silent(state, peer):
            silent.append(peer)
            jobs += len(peer.running)
        if number % _STEP == 0:
            state.turns.work += _COST
            yield
    if silent:
        found.append(_problem(state, silent, jobs))


def _is_silent(state: State, peer: Peer) -> bool:
    if not (peer.running and peer.wants_handles):
        return False
    return state.now - peer.heard > _LONG


def _problem(state: State, silent: list[Peer], jobs: int) -> Problem:
    first = silent[0]
    seconds = state.now - first.heard
    who = shown_worker(first.client_id + b" " + first.address)
    others = f" and {counted(len(silent) - 1, 'other')}" if len(silent) > 1 else ""
    verb = "have" if others else "has"
    return Problem(
        "silent_worker",
        b"",
        f"the worker {who}{others} {verb} said nothing for {seconds:.0f} seconds, with"
        f" {counted(jobs, 'job')} in hand",
        len(silent),
        "see whether its process hangs or its machine is gone: its jobs go to others"
        " when its connection ends",
    )
