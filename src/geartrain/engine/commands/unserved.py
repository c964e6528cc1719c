"""Foreground submissions whose function no worker has: a client can be told at once.

It asks for that once a connection, by an option, so that no call costs a round trip.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.common import send_error
from geartrain.engine.jobs.reasons import without_worker
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import FAILS, WARNS, Peer
from geartrain.engine.state.state import State
from geartrain.protocol.constants import NO_WORKER, PacketType
from geartrain.protocol.packets import encode

__all__ = ["is_refused", "warn"]

# Functions remembered for a peer: it is warned of each once.
_MOST_WARNED: Final = 1000


def is_refused(state: State, peer: Peer, function: Function) -> bool:
    """Refuse a submission to a function without workers, if the client wants that."""
    if peer.without_worker != FAILS:
        return False
    send_error(peer, NO_WORKER, _said(state, peer, function))
    return True


def warn(state: State, peer: Peer, job: Job) -> None:
    """Warn a client that a job it has just submitted has no worker, once a function."""
    function = job.function
    if peer.without_worker != WARNS or function.name in peer.warned:
        return
    said = NO_WORKER + b" " + _said(state, peer, function)
    peer.send(encode(PacketType.WORK_WARNING, job.handle + b"\0" + said))


def _said(state: State, peer: Peer, function: Function) -> bytes:
    """Say that no worker has a function; which name is near only the first time."""
    is_first = function.name not in peer.warned
    if is_first and len(peer.warned) < _MOST_WARNED:
        peer.warned[function.name] = None
    return without_worker(state, function, is_near_told=is_first).encode()
