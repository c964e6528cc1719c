"""What a submission waits for: the jobs and batches that its ``after`` names.

PROTOCOL, "Batches, and jobs that wait for others". A job that has ended is known from
the history or by its result; the store is asked for what is not in memory.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands import sources_elsewhere
from geartrain.engine.commands.common import send_error
from geartrain.engine.jobs.successors import document
from geartrain.engine.model.graph import (
    BATCH,
    DONE,
    FAILURE,
    NEVER,
    SUCCESS,
    SourceEnd,
    Successor,
)
from geartrain.engine.model.inquiries import Inquiry
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.submission_options import SubmissionOptions
from geartrain.engine.queries import FindDead, FindJob, Query
from geartrain.engine.results import DEAD, FAILED, SUCCEEDED, FindResult
from geartrain.engine.state.graph import may_begin
from geartrain.engine.state.state import State
from geartrain.errors import PacketError
from geartrain.texts import quoted, shown

__all__ = ["find_sources"]

# Jobs that wait for one job or batch; each is told of its end.
_MOST_WAITING: Final = 1000
# Jobs that wait for others, or were handed something; a few hundred bytes each.
_MOST_SUCCESSORS: Final = 100_000
# Jobs that are looked at to see whether one would wait for itself.
_MOST_LOOKED_AT: Final = 10_000

# The workload that stands for what the sources come to, as an empty one does:
# libgearman, and PHP's extension with it, refuses to submit an empty one.
_HANDED: Final = b"-"

_WORK: Final = 10


def find_sources(
    state: State, peer: Peer, submitted: Job, wanted: SubmissionOptions
) -> Successor | None:
    """Return what a submission waits for; None if the store has to be asked first.

    Raises:
        PacketError: it cannot wait for that, or not be in its batch.
    """
    if wanted.batch and not may_begin(state, wanted.batch):
        raise _refusal("there are too many batches that have not ended")
    successor = Successor(0, b"", wanted.when or SUCCESS)
    successor.batch = wanted.batch
    if wanted.after and submitted.workload == _HANDED:
        submitted.workload, submitted.size = b"", 0
    successor.is_handed = not submitted.size
    if not wanted.after:
        return successor
    if wanted.has_time():
        raise _refusal("a job that waits for others has no delay, and no at")
    answers = peer.take_answers()
    if _has_failed(peer, answers) or _is_asked_elsewhere(
        state, peer, wanted.after, answers
    ):
        return None
    asked: list[Query] = []
    for source in wanted.after:
        state.turns.work += _WORK
        if source.startswith(BATCH):
            _add_batch(state, successor, source)
        else:
            _add_job(state, peer, successor, source, answers, asked)
        if peer.is_asking:
            return None
    if asked:
        # One may have ended while the store was asked for another: asked for alone,
        # its answers would take the place of those, which would be asked for again.
        state.ask(peer, [*answers, *asked])
        return None
    _check(state, successor, wanted.after)
    _put_off(submitted, successor)
    return successor


def _has_failed(peer: Peer, answers: list[Query]) -> bool:
    """Tell a peer that the store could not answer, if so."""
    error = answers[0].error if answers else ""
    if error:
        send_error(peer, b"QUEUE_ERROR", error.encode())
    return bool(error)


def _is_asked_elsewhere(
    state: State, peer: Peer, sources: list[bytes], answers: list[Query]
) -> bool:
    """Tell whether other job servers are asked for the batch that is waited for.

    One of several sources is not: what the store has told of the others would be lost.

    Raises:
        PacketError: it cannot be waited for here.
    """
    for answer in answers:
        if isinstance(answer, Inquiry):
            refused = sources_elsewhere.refusal(peer, answer)
            if refused:
                raise _refusal(refused)
            if not answer.about.startswith(BATCH):
                raise _unknown(answer.about)
            return False
    if len(sources) > 1 or not sources[0].startswith(BATCH):
        return False
    return sources_elsewhere.is_asked(state, peer, sources[0])


def _put_off(submitted: Job, successor: Successor) -> None:
    """Let a job that is about to be admitted wait, or have what it is handed."""
    if successor.is_blocked():
        submitted.due, submitted.is_steady = NEVER, True
    elif successor.outcomes and successor.is_handed:
        submitted.workload = document(successor)
        submitted.size = len(submitted.workload)


def _add_batch(state: State, successor: Successor, source: bytes) -> None:
    batch = state.graph.batches.get(source.removeprefix(BATCH))
    if batch is None:
        raise _refusal(
            f"no job was submitted in the batch {quoted(source.removeprefix(BATCH))}"
        )
    has_failed = batch.failed > 0 or batch.dead > 0
    is_over = batch.left() == 0
    if is_over and (successor.when == DONE or not has_failed or batch.failed):
        outcome = SourceEnd(source, FAILED if has_failed else SUCCEEDED)
    elif has_failed and successor.when == FAILURE:
        outcome = SourceEnd(source, FAILED)
    else:
        successor.sources[source] = None
        return
    outcome.counts = (batch.total, batch.succeeded, batch.failed + batch.dead)
    successor.add(outcome)


def _add_job(
    state: State,
    peer: Peer,
    successor: Successor,
    handle: bytes,
    answers: list[Query],
    asked: list[Query],
) -> None:
    """Note a job in memory, one that has ended, or that the store is to be asked."""
    job = state.jobs.get(handle)
    number = state.number(handle)
    if job is not None:
        if not peer.knows(job.function.name):
            raise _unknown(handle)
        successor.sources[handle] = None
        return
    outcome = _ended(state, peer, handle, answers)
    if outcome is None and _is_found(state, peer, handle, answers):
        successor.sources[handle] = None
        return
    is_told = any(
        isinstance(each, FindJob) and each.number == number for each in answers
    )
    needs_result = (
        successor.is_handed
        and outcome is not None
        and outcome.outcome == SUCCEEDED
        and outcome.result is None
    )
    if (outcome is None or needs_result) and state.may_know(handle) and not is_told:
        now = state.server_time()
        asked += [
            FindJob(number, False),
            FindDead(number, False),
            FindResult(now, number),
        ]
    elif outcome is None:
        # What the store has told of others is forgotten: this one is refused anyway.
        if not sources_elsewhere.is_asked(state, peer, handle):
            raise _unknown(handle)
    elif outcome.outcome == DEAD and successor.when == SUCCESS:
        successor.sources[handle] = None
    else:
        successor.add(outcome)


def _ended(
    state: State, peer: Peer, handle: bytes, answers: list[Query]
) -> SourceEnd | None:
    """Return how a job ended, if that is known."""
    number = state.number(handle)
    kept = state.journal.result_of(number)
    for answer in answers:
        if isinstance(answer, FindResult) and answer.number == number:
            kept = kept or answer.record
    ending = state.history.find(handle, state.server_time())
    if kept is not None and kept.handle == handle and peer.knows(kept.function):
        outcome = SourceEnd(handle, kept.outcome)
        outcome.function, outcome.unique = kept.function, kept.unique
        if kept.is_whole:
            outcome.result = b"".join(kept.pieces)
        return outcome
    if ending is None or not peer.knows(ending.function):
        return None
    outcome = SourceEnd(handle, ending.outcome)
    outcome.function, outcome.unique = ending.function, ending.unique
    return outcome


def _is_found(state: State, peer: Peer, handle: bytes, answers: list[Query]) -> bool:
    """Tell whether the store has a job, or dead letter, with a handle."""
    for answer in answers:
        if isinstance(answer, FindJob | FindDead):
            record = answer.record
            if record is None or answer.number != state.number(handle):
                continue
            if state.is_waiting(record, handle) and peer.knows(record.function):
                return True
    return False


def _check(state: State, successor: Successor, sources: list[bytes]) -> None:
    """Refuse what would never run, or what is more than there may be."""
    graph = state.graph
    failed = [each for each in successor.outcomes if each.outcome != SUCCEEDED]
    if successor.when == SUCCESS and failed:
        first = failed[0]
        raise _refusal(
            f"{quoted(first.source)} ended: {shown(first.outcome)}; what waits for"
            " its success would never run"
        )
    if successor.when == FAILURE and failed:
        successor.sources.clear()
    elif successor.when == FAILURE and not successor.is_blocked():
        raise _refusal("nothing that it waits for has failed: it would never run")
    if not successor.is_blocked():
        return
    if len(graph.successors) >= _MOST_SUCCESSORS:
        raise _refusal(f"{_MOST_SUCCESSORS} jobs wait for others, which is the most")
    for source in successor.sources:
        if len(graph.waiting.get(source, ())) >= _MOST_WAITING:
            raise _refusal(
                f"{_MOST_WAITING} jobs wait for {quoted(source)}, which is the most"
            )
    if successor.batch and graph.reaches(sources, successor.batch, _MOST_LOOKED_AT):
        raise _refusal(
            f"a job of the batch {quoted(successor.batch)} would wait for itself"
        )


def _unknown(handle: bytes) -> PacketError:
    return _refusal(
        f"no job {quoted(handle)} is known: what has ended is known for as long as its"
        " history or result is kept"
    )


def _refusal(text: str) -> PacketError:
    return PacketError(b"INVALID_ARGUMENT", text.encode("utf-8", "surrogateescape"))
