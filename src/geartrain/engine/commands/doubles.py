"""Doubles: what two job servers would both tell of, where answers are put together.

A job that was given to another one is at both, and the other is a worker of the first.
Each job is told of by the one that it was submitted to, and each worker by the one that
it is connected to.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import RUNNING
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State

__all__ = ["Doubles", "doubles_of"]


class Doubles:
    """How much of each function others tell of."""

    def __init__(self) -> None:
        self.waiting: dict[Function, int] = {}
        """Jobs of others that no worker has begun; all have the priority high."""
        self.running: dict[Function, int] = {}
        """Jobs of others that run here."""
        self.workers: dict[Function, int] = {}
        """Workers that are other job servers."""

    def jobs(self, function: Function) -> int:
        """Return how many jobs of a function are of others."""
        return self.waiting.get(function, 0) + self.running.get(function, 0)


_NONE: Final = Doubles()


def doubles_of(state: State, peer: Peer) -> Doubles:
    """Return what to leave out of what a peer is told: nothing if that is no part."""
    if not peer.is_part:
        return _NONE
    found = Doubles()
    state.turns.work += len(state.peers) >> 6
    for link in [each for each in state.peers if each.link is not None]:
        for job in link.awaited:
            counts = found.running if job.state is RUNNING else found.waiting
            counts[job.function] = counts.get(job.function, 0) + 1
    for node in state.nodes.values():
        for worker in node.peers:
            state.turns.work += len(worker.abilities) >> 3
            for function in worker.abilities:
                found.workers[function] = found.workers.get(function, 0) + 1
    return found
