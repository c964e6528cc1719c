"""Packets of clients that ask how far a job is."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands import elsewhere
from geartrain.engine.commands.common import is_error, send_error
from geartrain.engine.commands.inquiring import has_others
from geartrain.engine.model.inquiries import Inquiry
from geartrain.engine.model.jobs import RUNNING, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindJob, FindKey, Query
from geartrain.engine.state.graph import progress
from geartrain.engine.state.state import State
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, encode

__all__ = ["get_status", "get_status_unique"]

# Known or not, running or not, numerator and denominator.
_WAITING: Final = b"\x001\x000\x000\x000"
_UNKNOWN: Final = b"\x000\x000\x000\x000"
_UNANSWERED: Final = b"A job server that may have the job did not answer"


def get_status(state: State, peer: Peer, packet: Packet) -> None:
    """Tell whether a job is known, whether it runs, and how far it is."""
    handle = packet.arguments[0]
    job = state.jobs.get(handle)
    schedule = state.schedules.get(handle)
    if job is not None:
        report = _UNKNOWN
        if peer.knows(job.function.name):
            report = _progress_of_others(state, handle) or _progress(job)
    elif schedule is not None:
        report = _WAITING if peer.knows(schedule.function.name) else _UNKNOWN
    else:
        answers = peer.take_answers()
        if not answers and state.may_have(handle):
            state.ask(peer, [FindJob(state.number(handle), False)])
            return
        if is_error(peer, answers):
            return
        report = _UNKNOWN
        if _waits(state, peer, answers, handle):
            report = _progress_of_others(state, handle) or _WAITING
        elif not state.was_given(handle) and has_others(state):
            report = _progress_elsewhere(state, peer, answers, handle)
            if not report:
                return
    peer.send(encode(PacketType.STATUS_RES, handle + report))


def _progress_of_others(state: State, handle: bytes) -> bytes:
    """Return how far the jobs are that a job waits for; empty if for none."""
    successor = state.graph.successors.get(state.number(handle))
    if successor is None or not successor.is_blocked():
        return b""
    return b"\x001\x000\0%d\0%d" % progress(state, successor)


def get_status_unique(state: State, peer: Peer, packet: Packet) -> None:
    """Do the same by unique, of whatever function; the first that has it."""
    unique = packet.arguments[0]
    report = _progress_by_unique(state, peer, unique) if unique else _UNKNOWN + b"\x000"
    if not report:
        answers = peer.take_answers()
        if not answers and state.journal.keeps_jobs:
            state.ask(peer, [FindKey(unique, None)])
            return
        if is_error(peer, answers):
            return
        report = _WAITING if _waits(state, peer, answers, b"") else _UNKNOWN
        if report is _UNKNOWN and has_others(state):
            report = _progress_elsewhere(state, peer, answers, unique)
            if not report:
                return
        report += b"\x000"
    peer.send(encode(PacketType.STATUS_RES_UNIQUE, unique + report))


def _progress_elsewhere(
    state: State, peer: Peer, answers: list[Query], name: bytes
) -> bytes:
    """Return how far a job is of another job server, by its handle or unique.

    Nothing is returned if they have to be asked first, or one did not answer.
    """
    for answer in answers:
        if isinstance(answer, Inquiry):
            found = elsewhere.progress(peer, answer)
            if found is None:
                send_error(peer, b"UNANSWERED", _UNANSWERED)
                return b""
            return b"\0%d\0%d\0%d\0%d" % found
    elsewhere.inquire_progress(state, peer, name)
    if peer.is_asking:
        return b""
    return _UNKNOWN


def _waits(state: State, peer: Peer, answers: list[Query], handle: bytes) -> bool:
    """Tell whether the store found a job, under this handle if any."""
    for answer in answers:
        if isinstance(answer, FindJob | FindKey):
            record = answer.record
            is_hidden = record is not None and not peer.knows(record.function)
            return not is_hidden and state.is_waiting(record, handle)
    return False


def _progress_by_unique(state: State, peer: Peer, unique: bytes) -> bytes:
    """Return how far a job in memory with this unique is, or nothing."""
    state.turns.work += len(state.functions) >> 3
    for function in state.functions.values():
        job = function.keyed.get(unique)
        if job is not None and peer.knows(function.name):
            state.turns.work += len(job.others) >> 5
            count = len(job.clients()) + job.joined
            return _progress(job) + b"\0" + str(count).encode()
    return b""


def _progress(job: Job) -> bytes:
    running = b"1" if job.state is RUNNING else b"0"
    return b"\0".join(
        (b"", b"1", running, _number(job.numerator), _number(job.denominator))
    )


def _number(text: bytes) -> bytes:
    """Return the digits a WORK_STATUS argument begins with, or 0."""
    digits = len(text) - len(text.lstrip(b"0123456789"))
    return text[:digits].lstrip(b"0") or b"0"
