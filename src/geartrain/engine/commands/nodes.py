"""What a node asks for by options of its connection; PROTOCOL, "Peers"."""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs import failures
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import abilities, nodes
from geartrain.engine.state.state import State
from geartrain.protocol.constants import PacketType
from geartrain.protocol.nodes import (
    BUSY,
    CRASH,
    RELEASED,
    RETRY,
    TIMEOUT,
    introduction,
    read_ending,
    read_introduction,
)
from geartrain.protocol.packets import encode

__all__ = ["be_busy", "decline", "end_attempt", "introduce", "release"]

_BUSY: Final = encode(PacketType.OPTION_RES, BUSY)
_DECLINED: Final = encode(PacketType.OPTION_RES, b"later")
_RELEASED: Final = encode(PacketType.OPTION_RES, b"release")
_ENDED: Final = encode(PacketType.OPTION_RES, b"ended")
_NO_ENDING: Final = encode(
    PacketType.ERROR, b"INVALID_ARGUMENT\0ended takes handle, reason, pause and error"
)
_INVALID: Final = encode(
    PacketType.ERROR, b"INVALID_ARGUMENT\0A node says its identity and its name"
)


def introduce(state: State, peer: Peer, option: bytes) -> None:
    """Learn which node a peer is, and tell it who this job server is.

    A job server that has connected to itself learns so by that, and is no node.
    """
    identity, name = read_introduction(option)
    if not identity:
        peer.send(_INVALID)
        return
    options = state.options
    if identity != options.node_identity and peer.node is None:
        nodes.meet(state, peer, identity, name)
    answer = introduction(options.node_identity or b"0", options.node_name)
    peer.send(encode(PacketType.OPTION_RES, answer))


def be_busy(state: State, peer: Peer) -> None:
    """Wake a node no more until it sleeps again, and wake another in its stead."""
    promised = state.wakeups.come(peer)
    peer.send(_BUSY)
    if promised is not None:
        state.wakeups.rouse(promised, state.now)


def decline(state: State, peer: Peer, name: bytes) -> None:
    """Give a node no job of a function until it sends CAN_DO of it again."""
    abilities.decline(state, peer, name)
    peer.send(_DECLINED)


def release(state: State, peer: Peer, handle: bytes) -> None:
    """Make a job ready again that a node was given and has not begun."""
    job = state.jobs.get(handle)
    if job is not None and job.worker is peer:
        _put_token_back(job)
        failures.release(state, job)
    peer.send(_RELEASED)


def _put_token_back(job: Job) -> None:
    """Let another job start instead: this one has used nothing of the rate.

    Else a slow rate might give its token away each time just before the node has one.
    """
    flow = job.function.flow
    if flow is not None and flow.rate is not None:
        flow.bucket.put_back(flow.rate)


def end_attempt(state: State, peer: Peer, told: bytes) -> None:
    """End the attempt of a job at a node in another way than a worker's packets can."""
    handle, _, rest = told.partition(b"\0")
    reason, pause, error = read_ending(rest)
    if reason not in (CRASH, RELEASED, RETRY, TIMEOUT):
        peer.send(_NO_ENDING)
        return
    job = state.jobs.get(handle)
    if job is not None and job.worker is peer:
        _end(state, job, reason, pause, error)
    peer.send(_ENDED)


def _end(state: State, job: Job, reason: bytes, pause: float, error: bytes) -> None:
    if reason == CRASH:
        failures.lose(state, job, error)
    elif reason == TIMEOUT:
        failures.overrun(state, job, error)
    elif reason == RETRY:
        failures.retry(state, job, pause, error)
    else:
        failures.release(state, job)
