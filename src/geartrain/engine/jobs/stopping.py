"""A stop in order: running jobs may end, no other begins, and who may go goes."""

from __future__ import annotations

from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State

__all__ = ["begin_stop", "count_running", "engaged"]


def begin_stop(state: State) -> None:
    """Give out no more jobs, and wake nobody for one."""
    state.wakeups.is_over = True


def count_running(state: State) -> int:
    """Return how many jobs run."""
    return sum([len(peer.running) for peer in state.peers])


def engaged(state: State) -> set[Peer]:
    """Return the peers that run a job, or wait for the result of one that runs.

    It is found from the jobs that run, which are few: a client may wait for a million
    others.
    """
    found: set[Peer] = set()
    for peer in state.peers:
        if peer.running:
            found.add(peer)
            for job in peer.running:
                found.update(job.clients())
    return found
