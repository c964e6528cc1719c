"""The text commands that end the attempt of a running job in its worker's stead."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.permission import check_job
from geartrain.engine.jobs import failures
from geartrain.engine.model.jobs import RUNNING, Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import OK, error

__all__ = ["fail", "release", "retry"]

_UNKNOWN_JOB: Final = error(b"UNKNOWN_JOB")


def release(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Make a running job ready again, as if it had not been assigned.

    ``release job H``: its worker stops and has not finished it. The worker's late
    result is refused.
    """
    if not _names_job(words) or len(words) != 3:
        return invalid("release takes job and a handle")
    job = _running(state, peer, words)
    if job is None:
        return _UNKNOWN_JOB
    failures.release(state, job)
    return _done(state, peer)


def retry(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """End an attempt that failed, and have another one, whatever the policy says.

    ``retry job H [delay=S] [error=E]``: not before S seconds from now.
    """
    if not _names_job(words):
        return invalid("retry takes job, a handle, delay= and error=")
    try:
        arguments = read_arguments(words[3:], (b"delay", b"error"))
        delay = arguments.seconds(b"delay")
    except OptionError as refusal:
        return invalid(str(refusal))
    job = _running(state, peer, words)
    if job is None:
        return _UNKNOWN_JOB
    failures.retry(state, job, delay, arguments.get(b"error"))
    return _done(state, peer)


def fail(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """End an attempt as the policy says, and tell why.

    ``fail job H reason=crash|timeout [error=E]``: what keeps worker processes says so
    of one that died or that it had to kill.
    """
    if not _names_job(words):
        return invalid("fail takes job, a handle, reason= and error=")
    try:
        arguments = read_arguments(words[3:], (b"reason", b"error"))
        reason = _reason(arguments)
    except OptionError as refusal:
        return invalid(str(refusal))
    job = _running(state, peer, words)
    if job is None:
        return _UNKNOWN_JOB
    if reason == b"crash":
        failures.lose(state, job, arguments.get(b"error"))
    else:
        failures.overrun(state, job, arguments.get(b"error"))
    return _done(state, peer)


def _names_job(words: list[bytes]) -> bool:
    """Tell whether this is ``COMMAND job H ...``."""
    return len(words) > 2 and words[1].lower() == b"job"


def _running(state: State, peer: Peer, words: list[bytes]) -> Job | None:
    job = state.jobs.get(words[2])
    if job is None or job.state is not RUNNING:
        return None
    check_job(state, peer, job.function.name)
    return job


def _reason(arguments: Arguments) -> bytes:
    reason = arguments.get(b"reason")
    if reason not in (b"crash", b"timeout"):
        raise OptionError("reason is crash or timeout")
    return reason


def _done(state: State, peer: Peer) -> bytes:
    state.journal.hold_change(peer, is_text=True)
    return OK
