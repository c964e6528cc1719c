"""Packets of workers that want work: grabs, and sleeping until there is some."""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs.expiry import drop_expired, is_expired
from geartrain.engine.jobs.life import assign
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol import headers
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, encode, header

__all__ = ["grab_job", "grab_job_all", "grab_job_uniq", "pre_sleep"]

_NO_JOB: Final = encode(PacketType.NO_JOB, b"")

# Units of work, as ``turns`` counts it: of a job that is not to run after all.
_PASSED_OVER: Final = 15
# Of looking for jobs that are for one worker alone, while there are such.
_LOOKED_UP: Final = 2

# A grab that meets more expired jobs than this finds none: they go by themselves.
_MOST_DROPPED: Final = 500


def pre_sleep(state: State, peer: Peer, packet: Packet) -> None:
    """Let the worker sleep until NOOP, which comes at once if there is work.

    As at gearmand, no timer of its own runs on for a job that it still holds:
    libgearman's worker, out of step after a JOB_NOT_FOUND, sleeps before it begins. One
    of ours sleeps when it has room for more jobs, and counts on its timers.
    """
    if peer.timed and not peer.wants_handles:
        _end_own_timeouts(state, peer)
    wakeups = state.wakeups
    promised = wakeups.come(peer)
    crew = _crew(state, peer)
    # As many functions are looked at, at the worst.
    state.turns.work += crew.candidate_count() >> 4
    wakeups.sleep(peer, state.now)
    if promised is not None:
        wakeups.pass_on(promised, state.now)


def _end_own_timeouts(state: State, worker: Peer) -> None:
    """End the timers a worker asked for; the policy's hold whatever it sends."""
    state.turns.work += len(worker.timed)
    for job, limit in worker.timed.items():
        state.timeouts.cancel(job)
        if limit > 0:
            state.timeouts.set(job, limit)
    worker.timed.clear()


def _crew(state: State, peer: Peer) -> Crew:
    """Return the peer's crew, which may have to be formed."""
    if peer.crew is None:
        state.turns.work += len(peer.abilities)
    return state.wakeups.crew(peer)


def grab_job(state: State, peer: Peer, packet: Packet) -> None:
    """Assign a job, or answer NO_JOB."""
    job = _grab(state, peer)
    if job is not None:
        _send_job(peer, PacketType.JOB_ASSIGN, job, [job.handle, job.function.name])


def grab_job_uniq(state: State, peer: Peer, packet: Packet) -> None:
    """Assign a job and tell its unique, or answer NO_JOB."""
    job = _grab(state, peer)
    if job is not None:
        _send_job(
            peer,
            PacketType.JOB_ASSIGN_UNIQ,
            job,
            [job.handle, job.function.name, job.unique],
        )


def grab_job_all(state: State, peer: Peer, packet: Packet) -> None:
    """Assign a job and tell its unique and, if it has one, its reducer."""
    job = _grab(state, peer)
    if job is None:
        return
    arguments = [job.handle, job.function.name, job.unique]
    if job.reducer:
        arguments.append(job.reducer)
        _send_job(peer, PacketType.JOB_ASSIGN_ALL, job, arguments)
    else:
        _send_job(peer, PacketType.JOB_ASSIGN_UNIQ, job, arguments)


def _grab(state: State, peer: Peer) -> Job | None:
    """Assign the worker its next job; answer NO_JOB if there is none."""
    wakeups = state.wakeups
    promised = wakeups.come(peer)
    crew = _crew(state, peer)
    job = None if wakeups.is_over else _next(state, peer, crew)
    dropped = 0
    while job is not None and _is_not_to_run(state, job):
        state.turns.work += _PASSED_OVER
        dropped += 1
        # A worker told NO_JOB goes to sleep, and is woken if there are others.
        job = _next(state, peer, crew) if dropped < _MOST_DROPPED else None
    if job is None:
        peer.send(_NO_JOB)
    else:
        assign(state, job, peer)
        if job.is_forwarded:
            # It stood before jobs that nodes may have.
            wakeups.rouse(job.function, state.now)
    if promised is not None:
        # It may have taken another function's job, leaving its promise open.
        wakeups.pass_on(promised, state.now)
    return job


def _next(state: State, peer: Peer, crew: Crew) -> Job | None:
    """Return the next job for a worker: one that is for it alone before others."""
    addressees = state.wakeups.addressees
    if addressees.mail:
        state.turns.work += _LOOKED_UP
        job = addressees.first_for(peer)
        if job is not None:
            return job
    return crew.next_job()


def _is_not_to_run(state: State, job: Job) -> bool:
    """Tell whether a job has expired, and is gone, or a changed glob holds it."""
    if is_expired(state, job):
        drop_expired(state, job)
        return True
    return not job.function.is_open()


def _send_job(peer: Peer, packet_type: int, job: Job, arguments: list[bytes]) -> None:
    if peer.wants_headers and job.headers:
        peer.send(headers.told(job.headers))
    arguments.append(job.workload)
    payload = b"\0".join(arguments)
    if job.more:
        size = len(payload) + sum(len(piece) for piece in job.more)
        peer.send_pieces(header(packet_type, size) + payload, job.more)
    else:
        peer.send(encode(packet_type, payload))
