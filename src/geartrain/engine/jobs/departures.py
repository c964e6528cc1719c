"""Departures: what a peer that left leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.jobs import failures, results
from geartrain.engine.jobs.paging import forget
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, RUNNING, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import (
    addressees,
    following,
    functions,
    limits,
    nodes,
    tracing,
)
from geartrain.engine.state.marks import workers_changed
from geartrain.engine.state.state import State

__all__ = ["leave", "withdraw"]

# Units of work, as ``turns`` counts it: of an ability that ends, of a job that is
# waited for no more, and of one that goes to another worker.
_ABILITY: Final = 3
_AWAITED: Final = 2
_LOST: Final = 15


def leave(state: State, peer: Peer) -> None:
    """Forget a peer whose connection has ended; its jobs go to others, in turns."""
    peer.is_closing = True
    del state.peers[peer]
    limits.leave(state, peer)
    state.memory.forget(peer)
    state.end_listing(peer)
    state.forget_supervisor(peer)
    following.unfollow(state, peer)
    tracing.forget(state, peer)
    results.leave(state, peer)
    peer.forget()
    promised = state.wakeups.come(peer)
    state.wakeups.leave(peer)
    addressees.go(state, peer)
    if peer.node is not None:
        nodes.leave(state, peer, peer.node)
    state.turns.start(_depart(state, peer))
    if promised is not None:
        state.wakeups.pass_on(promised, state.now)


def withdraw(
    state: State, peer: Peer, abilities: dict[Function, float]
) -> Iterator[None]:
    """Part a peer from the functions that it cannot do any more, one a step.

    Those that it can do again meanwhile stay its own.
    """
    while abilities:
        state.turns.work += _ABILITY
        function, _ = abilities.popitem()
        if function not in peer.abilities:
            function.workers.pop(peer, None)
            workers_changed(state, function)
            functions.retire(state, function)
        yield


def _depart(state: State, peer: Peer) -> Iterator[None]:
    """Part a peer that left from its functions and jobs, one a step.

    What it waited for alone is dropped, and what it ran goes to others, the newest
    first.
    """
    turns = state.turns
    while peer.abilities:
        turns.work += _ABILITY
        function, _ = peer.abilities.popitem()
        function.workers.pop(peer, None)
        workers_changed(state, function)
        functions.retire(state, function)
        yield
    while peer.awaited:
        turns.work += _AWAITED
        job, times = peer.awaited.popitem()
        _detach(state, peer, job, times)
        yield
    while peer.running:
        turns.work += _LOST
        failures.lose(state, next(reversed(peer.running)))
        yield


def _detach(state: State, client: Peer, job: Job, times: int) -> None:
    """Let a client that left wait no more for a job; drop what only it waited for.

    The client submitted it ``times`` times, and no longer lists it as awaited. A job
    that some submitter left in the background is never dropped, nor is one that runs:
    its worker may finish.
    """
    job.joined -= times - 1
    job.remove_client(client)
    if job.state is PAGED and not state.journal.is_leaving(job):
        # It was in memory for its clients alone.
        forget(state, job)
    if job.is_awaited() or job.background or job.state is RUNNING:
        return
    failures.abandon(state, job)
