"""Submissions whose function no worker has: a client can be told at once.

For those in the foreground it asks for that once a connection, by an option, so that no
call costs a round trip; a policy can refuse them all.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.common import send_error
from geartrain.engine.jobs.reasons import without_worker
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import FAILS, WARNS, Peer
from geartrain.engine.model.policies import REFUSE
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count
from geartrain.protocol.constants import NO_WORKER, PacketType
from geartrain.protocol.packets import encode

__all__ = ["is_refused", "warn"]

# Functions remembered for a peer: it is warned of each once.
_MOST_WARNED: Final = 1000


def is_refused(state: State, peer: Peer, submitted: Job, background: bool) -> bool:
    """Refuse a submission to a function without workers, if that is wanted.

    A client may want it for those in the foreground, and a policy for all that are to
    run now.
    """
    function = submitted.function
    is_wanted = peer.without_worker == FAILS and not background
    if not is_wanted and (submitted.due > 0 or not _is_unserved(state, function)):
        return False
    count(state, function, counts.REFUSED)
    send_error(peer, NO_WORKER, _said(state, peer, function))
    return True


def _is_unserved(state: State, function: Function) -> bool:
    """Tell whether a policy refuses jobs because no worker has come for too long."""
    policy = functions.policy(state, function)
    if policy.when_no_worker != REFUSE:
        return False
    since = max(function.unserved_since, state.began)
    return state.server_time() >= since + policy.no_worker_grace


def warn(state: State, peer: Peer, job: Job) -> None:
    """Warn a client that a job it has just submitted has no worker, once a function."""
    function = job.function
    if peer.without_worker != WARNS or peer.warned.get(function.name, False):
        return
    said = NO_WORKER + b" " + _said(state, peer, function)
    if function.name in peer.warned:
        peer.warned[function.name] = True
    peer.send(encode(PacketType.WORK_WARNING, job.handle + b"\0" + said))


def _said(state: State, peer: Peer, function: Function) -> bytes:
    """Say that no worker has a function; which name is near only the first time."""
    is_first = function.name not in peer.warned
    if is_first and len(peer.warned) < _MOST_WARNED:
        peer.warned[function.name] = False
    return without_worker(state, function, is_near_told=is_first).encode()
