"""Failures: what becomes of a job whose attempt ended badly.

A policy says whether there is another attempt; a background job without one becomes a
dead letter.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.endings import ABANDONED
from geartrain.engine.jobs import results
from geartrain.engine.jobs.ending import finish, remember
from geartrain.engine.jobs.life import move
from geartrain.engine.jobs.placing import wait
from geartrain.engine.jobs.relays import relay
from geartrain.engine.model import counts
from geartrain.engine.model.flow_keys import FlowKeys
from geartrain.engine.model.jobs import FINISHED, READY, Job, record_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.records import Failures
from geartrain.engine.results import CANCELLED, DEAD, FAILED
from geartrain.engine.state import functions, terms
from geartrain.engine.state.graph import is_wanted
from geartrain.engine.state.memory import cost
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count, count_job
from geartrain.engine.story import PastAttempt, with_attempt
from geartrain.protocol.constants import PacketType
from geartrain.protocol.nodes import CRASH, ENDED, RELEASED, RETRY, TIMEOUT, ending
from geartrain.protocol.packets import NO_MORE, encode
from geartrain.texts import counted, error_line, quoted, shown

__all__ = [
    "abandon",
    "cancel",
    "die",
    "fail",
    "lose",
    "overrun",
    "refuse_result",
    "release",
    "retry",
    "tell",
    "time_out",
]

# Bytes of a worker's error that are kept.
_MOST_ERROR: Final = 64 * 1024
# Of an error, bytes that a line of the log may show.
_MOST_SHOWN: Final = 1000
# Reasons that a worker gives itself.
_OWN_WORDS: Final = (b"fail", b"exception", b"retry")
_TAKEN: Final = b"JOB_TAKEN\0Job is not this worker's any more: "
# Lost jobs remembered for a worker, to recognise its late results.
_MOST_LOST: Final = 1000


def fail(state: State, job: Job, reason: bytes, error: bytes) -> bool:
    """React to a worker's word that its attempt failed; the job is in no place then.

    Returns whether there will be another attempt. If not, ``die`` is to follow, once
    the clients have been told.
    """
    failures = _note(state, job, reason, error)
    failures.attempts += 1
    return _retry(state, job, failures)


def _retry(state: State, job: Job, failures: Failures) -> bool:
    if failures.attempts >= terms.max_attempts(state, job) or not is_wanted(state, job):
        return False
    policy = functions.policy(state, job.function)
    _wait(state, job, policy.pause(job.number, failures.attempts))
    return True


def time_out(state: State, job: Job) -> None:
    """React to an attempt that took too long, by the policy or the worker's own word.

    The worker's, CAN_DO_TIMEOUT, makes it lose the job, as at gearmand; one with the
    option ``handles`` has its attempt end as by the policy's.
    """
    worker = job.worker
    assert worker is not None
    is_own = job in worker.timed
    limit = functions.policy(state, job.function).timeout
    if is_own:
        limit = worker.abilities.get(job.function, 0.0)
    whose = "its worker's CAN_DO_TIMEOUT" if is_own else "its policy's timeout"
    state.warn(
        "job_timed_out",
        f"{shown(job.handle)} of {quoted(job.function.name)} ran longer than {whose}, "
        f"{limit:g} s, at {shown(worker.address)} ({worker.descriptor})",
        job.function.name,
        job.handle,
    )
    if is_own and not worker.wants_handles:
        _lose(state, job, b"timeout", b"")
    else:
        _overrun(state, job, f"timed out after {limit:g} s".encode())


def overrun(state: State, job: Job, error: bytes) -> None:
    """React to the word that an attempt took too long and was ended for it."""
    _overrun(state, job, error)


def _overrun(state: State, job: Job, error: bytes) -> None:
    failures = _note(state, job, b"timeout", error)
    failures.attempts += 1
    _give_away(state, job)
    if _is_handed_back(state, job, TIMEOUT, error):
        return
    if not _retry(state, job, failures):
        tell(state, job, failures.error or b"timed out")
        die(state, job)


def release(state: State, job: Job) -> None:
    """Make a running job ready again: its worker stops and has not finished it."""
    count_job(state, job, counts.RELEASED)
    if job.failures is None:
        job.failures = Failures()
    _tell_story(state, job, job.failures, b"release", b"")
    _give_away(state, job)
    if _is_handed_back(state, job, RELEASED, b""):
        return
    if is_wanted(state, job):
        move(state, job, READY)
    else:
        abandon(state, job)


def retry(state: State, job: Job, pause: float, error: bytes) -> None:
    """Retry a running job because its worker asks for it."""
    failures = _note(state, job, b"retry", error)
    failures.attempts += 1
    _give_away(state, job)
    if _is_handed_back(state, job, RETRY, error, pause):
        return
    if is_wanted(state, job):
        _wait(state, job, pause)
    else:
        abandon(state, job)


def lose(state: State, job: Job, error: bytes = b"") -> None:
    """Give a job whose worker was lost to another, or fail it at the limit."""
    _lose(state, job, b"crash", error)


def _lose(state: State, job: Job, reason: bytes, error: bytes) -> None:
    failures = _note(state, job, reason, error)
    failures.crashes += 1
    _give_away(state, job)
    if _is_handed_back(state, job, CRASH, error):
        return
    policy = functions.policy(state, job.function)
    if 0 < policy.max_crashes <= failures.crashes:
        state.warn(
            "job_failed",
            f"{shown(job.handle)} of {quoted(job.function.name)} lost its worker "
            f"{failures.crashes} times: failed",
            job.function.name,
            job.handle,
        )
        tell(state, job, _loss(failures))
        die(state, job)
    elif not is_wanted(state, job):
        abandon(state, job)
    elif failures.crashes == 1:
        # Workers are restarted every day: that is no reason to wait.
        _wait(state, job, 0.0)
    else:
        _wait(state, job, policy.pause(job.number, failures.crashes - 1))


def _is_handed_back(
    state: State, job: Job, reason: bytes, error: bytes, pause: float = 0.0
) -> bool:
    """Let the job server that gave a job decide on it; tell whether that may be.

    How often it may crash, and how long it waits, is for one to know. A link to another
    kind of job server has no words for that.
    """
    link = job.client
    if not job.is_forwarded or link is None or not link.wants_endings:
        return False
    told = job.handle + b"\0" + ENDED + ending(reason, pause, error)
    link.send(encode(PacketType.WORK_EXCEPTION, told))
    finish(state, job, ABANDONED)
    return True


def _note(state: State, job: Job, reason: bytes, error: bytes) -> Failures:
    """Write down how the attempt of a running job ended."""
    count_job(state, job, counts.FAILURES[reason.decode()])
    failures = job.failures
    if failures is None:
        failures = job.failures = Failures()
    worker = job.worker
    if worker is not None:
        failures.worker = worker.client_id + b" " + worker.address
        if reason in _OWN_WORDS:
            worker.failed += 1
        else:
            worker.lost_count += 1
    failures.reason = reason
    error = error[:_MOST_ERROR]
    state.memory.jobs += len(error) - len(failures.error)
    failures.error = error
    failures.started = job.started
    failures.ended = state.server_time()
    _tell_story(state, job, failures, reason, error)
    return failures


def _tell_story(
    state: State, job: Job, failures: Failures, outcome: bytes, error: bytes
) -> None:
    """Add the attempt that ends now to a job's story."""
    worker = job.worker
    who = b"" if worker is None else worker.client_id + b" " + worker.address
    attempt = PastAttempt(who, job.started, state.server_time(), outcome, error)
    before = len(failures.story)
    failures.story = with_attempt(failures.story, attempt)
    state.memory.jobs += len(failures.story) - before


def _give_away(state: State, job: Job) -> None:
    """Tell a worker that a job is not its any more; it may yet send a result."""
    worker = job.worker
    if worker is not None:
        worker.lost[job.handle] = job.function
        if len(worker.lost) > _MOST_LOST:
            del worker.lost[next(iter(worker.lost))]
        if worker.wants_handles and not worker.is_closing:
            # It may end what nobody waits for, and need not send a piece to find out.
            worker.send(encode(PacketType.ERROR, _TAKEN + job.handle))


def _wait(state: State, job: Job, pause: float) -> None:
    """Let a job wait for its next attempt."""
    count_job(state, job, counts.RETRIED)
    keys = job.function.keys()
    if keys is not None and keys.is_fifo:
        _wait_at_head(state, job, keys, pause)
        return
    job.due = state.server_time() + pause if pause > 0 else 0.0
    job.is_steady = True
    if job.batch:
        state.journal.change(job)
    if pause > 0:
        wait(state, job)
    else:
        move(state, job, READY)


def _wait_at_head(state: State, job: Job, keys: FlowKeys, pause: float) -> None:
    """Let a job wait for its next attempt, and all others of its flow key with it.

    It is ready in the store: so it comes first after a restart, too, which ends the
    pause.
    """
    if pause > 0:
        keys.obtain(job.flow_key).resumes = state.server_time() + pause
    job.due = 0.0
    if job.batch:
        state.journal.change(job)
    move(state, job, READY)


def die(state: State, job: Job) -> None:
    """End a job that failed for good; one in the background becomes a dead letter."""
    function = job.function
    if not job.background:
        count_job(state, job, counts.FAILED)
        results.fail(state, job, FAILED)
        finish(state, job, FAILED)
    elif (
        functions.policy(state, function).dead_letter
        and state.journal.is_on
        and _has_room(state, job)
    ):
        count_job(state, job, counts.DEAD)
        results.fail(state, job, DEAD)
        _bury(state, job)
    else:
        count_job(state, job, counts.FAILED)
        count_job(state, job, counts.UNKEPT)
        results.fail(state, job, FAILED)
        finish(state, job, FAILED)


def abandon(state: State, job: Job) -> None:
    """End a job that nobody waits for any more."""
    count_job(state, job, counts.ABANDONED)
    finish(state, job, ABANDONED)


def _has_room(state: State, job: Job) -> bool:
    most = state.options.most_dead
    state.turns.work += len(state.functions) >> 4
    if state.is_dead_in_memory() and state.memory.room.is_full:
        state.warn(
            "dead_letter_dropped",
            f"{shown(job.handle)} of {quoted(job.function.name)} failed and is not "
            "kept: memory is full (--max-memory)",
            job.function.name,
            job.handle,
        )
        return False
    if not most or sum(each.dead for each in state.functions.values()) < most:
        return True
    state.warn(
        "dead_letter_dropped",
        f"{shown(job.handle)} of {quoted(job.function.name)} failed and is not kept: "
        f"there are {most} dead letters: drop some by geartrain dead drop",
        job.function.name,
        job.handle,
    )
    return False


def _bury(state: State, job: Job) -> None:
    if not job.batch:
        state.journal.add(job, record_of(job))
    state.journal.bury(job, state.server_time())
    job.function.dead += 1
    if state.is_dead_in_memory():
        # Its store has what the engine lets go of.
        state.memory.jobs += cost(job)
    remember(state, job, DEAD)
    _warn_of_death(state, job)
    move(state, job, FINISHED)


def _warn_of_death(state: State, job: Job) -> None:
    """Log that a job has become a dead letter, and what went wrong."""
    failures = job.failures
    assert failures is not None
    line = error_line(failures.error)[:_MOST_SHOWN]
    why = f": {shown(line)}" if line else ""
    times = failures.attempts + failures.crashes
    name = job.function.name
    state.warn(
        "dead_letter",
        f"{shown(job.handle)} of {quoted(name)} is a dead letter after "
        f"{counted(times, 'attempt')} "
        f"({shown(failures.reason)}){why}",
        name,
        job.handle,
        line.encode("utf-8", "surrogateescape") or failures.reason,
    )


def _loss(failures: Failures) -> bytes:
    """Return why a job failed that lost its worker too often."""
    why = b": " + failures.error if failures.error else b""
    if failures.crashes == 1:
        return b"lost its worker" + why
    return b"lost its worker %d times" % failures.crashes + why


def tell(state: State, job: Job, why: bytes) -> None:
    """Tell everyone who waits that the job failed; who asked for reasons, why."""
    if job.is_awaited():
        reason = encode(PacketType.WORK_EXCEPTION, job.handle + b"\0" + why)
        failure = encode(PacketType.WORK_FAIL, job.handle)
        relay(state, job, reason, NO_MORE, None, failure, True)


def cancel(state: State, job: Job) -> None:
    """End a job wherever it is; its worker's result will be refused."""
    count_job(state, job, counts.CANCELLED)
    if job.worker is not None:
        _give_away(state, job)
    tell(state, job, b"cancelled")
    results.fail(state, job, CANCELLED)
    finish(state, job, CANCELLED)


def refuse_result(state: State, peer: Peer, handle: bytes) -> None:
    """Count a result that came for a job that had gone to another worker."""
    function = peer.lost.pop(handle, None)
    if function is not None:
        count(state, function, counts.REFUSED_RESULTS)
