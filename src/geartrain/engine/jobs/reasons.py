"""Reasons: why a job does not run, or where it runs, or how it ended.

One answer for any job, in a sentence for people and in fields for programs. All counts
are sizes of structures: nothing here walks a queue.
"""

from __future__ import annotations

import difflib
from itertools import islice
from typing import Final

from geartrain.engine.jobs.limits_met import limit_met, limit_of_nodes
from geartrain.engine.model.addressees import is_addressed
from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import BATCH, NEVER, Successor
from geartrain.engine.model.jobs import BEHIND, READY, RUNNING, TENTATIVE, Job
from geartrain.engine.records import Failures, StoredJob
from geartrain.engine.results import DEAD, SUCCEEDED, ResultRecord
from geartrain.engine.state import functions
from geartrain.engine.state.graph import progress
from geartrain.engine.state.state import State
from geartrain.texts import (
    counted,
    cut,
    error_line,
    quoted,
    shown,
    shown_worker,
    span_of,
    visible,
)

__all__ = [
    "Reason",
    "nearest_name",
    "reason_of_end",
    "reason_of_job",
    "reason_of_stored",
    "state_word",
    "waiting_word",
    "without_worker",
]

# Functions that are looked at for a name near to another, those of them that are
# compared letter by letter, and the bytes of a name that are: two milliseconds.
_MOST_NAMES: Final = 2000
_MOST_COMPARED: Final = 60
_MOST_LETTERS: Final = 64
# Units of work, as ``turns`` counts it, of a comparison.
_COMPARISON: Final = 25
# Workers of a function that are looked at for what they do.
_MOST_WORKERS: Final = 100
# Characters of an error that a sentence has.
_MOST_ERROR: Final = 200


class Reason:
    """Why a job is where it is.

    All times are server times, but for ``due`` of a job that goes by the calendar.
    """

    def __init__(self, state: str, code: str, sentence: str) -> None:
        self.state = state
        """Where it is, in a word."""
        self.code = code
        """Why, in a word: ``paused``, ``no_worker``, ``busy``, ``not_due``, …."""
        self.sentence = sentence
        """Why, for people."""
        self.since = 0.0
        """Since when it runs, its workers are busy, or it has ended; 0 for never."""
        self.due = 0.0
        """When it may run; 0 for at once."""
        self.is_steady = True
        """``due`` is a server time; else the calendar's."""
        self.worker = b""
        """Who runs it, or ran it last: client id, a space, and address."""
        self.workers = 0
        """How many workers have its function."""
        self.running = 0
        """How many jobs of its function run."""
        self.higher = 0
        """How many jobs of its function and a higher priority wait."""
        self.earlier = 0
        """How many of its own priority wait before it, at most."""
        self.nearest = b""
        """The function with workers whose name is most like its function's."""
        self.failures: Failures | None = None
        """How its attempts have failed; None for not at all."""


def state_word(state: State, job: Job) -> str:
    """Return ``running``, or what ``waiting_word`` does."""
    return "running" if job.state is RUNNING else waiting_word(state, job)


def waiting_word(state: State, job: StoredJob) -> str:
    """Return ``waiting``, ``delayed``, ``retrying`` or ``blocked``: by others."""
    if job.due >= NEVER:
        return "blocked"
    failures = job.failures
    if failures is not None and failures.attempts + failures.crashes:
        return "retrying"
    is_due = job.due <= state.time_by(job.is_steady)
    return "waiting" if is_due else "delayed"


def reason_of_job(state: State, job: Job) -> Reason:
    """Say why a job in memory does not run, or who runs it."""
    function = job.function
    if job.state is RUNNING:
        reason = _running(state, job)
    else:
        reason = _waiting(state, function, job, job.priority, waiting_word(state, job))
    _add_counts(reason, function, job.priority)
    if job.state is READY:
        reason.earlier = _most_earlier(job)
    reason.failures = job.failures
    return reason


def reason_of_stored(state: State, job: StoredJob, name: bytes) -> Reason:
    """Say why a job does not run that only the store has."""
    function = functions.find(state, name)
    word = waiting_word(state, job)
    reason = _waiting(state, function, job, job.priority, word)
    if reason.code in ("busy", "woken"):
        waiting = function.waiting_count(job.priority)
        reason.code = "stored"
        reason.sentence = (
            f"it is in the store and comes into memory when it is its turn: {waiting} "
            f"jobs of {quoted(name)} and its priority wait"
        )
    _add_counts(reason, function, job.priority)
    waiting = function.waiting_count(job.priority)
    reason.earlier = max(0, waiting - 1)
    reason.failures = job.failures
    return reason


def reason_of_end(state: State, record: ResultRecord) -> Reason:
    """Say how a job ended."""
    ran = f" on {shown_worker(record.worker)}" if record.worker else ""
    ago = span_of(state.server_time() - record.ended)
    word = record.outcome.decode()
    if record.outcome == SUCCEEDED:
        took = span_of(record.ended - record.started)
        sentence = f"it succeeded {ago} ago{ran}, after {took}"
    else:
        sentence = f"{_ENDS[word]} {ago} ago{ran}{_said(record.reason, record.error)}"
    reason = Reason(word, "ended", sentence)
    reason.since = record.ended
    reason.worker = record.worker
    return reason


_ENDS: Final = {
    "failed": "it failed for good",
    "dead": "it failed for good and became a dead letter",
    "expired": "it waited longer than its time to live and was dropped",
    "cancelled": "it was cancelled",
    "abandoned": "nobody waited for it any more, and it was dropped",
    "dropped": "it was dropped: newer ones took its place, or it was a dead letter",
}


def _running(state: State, job: Job) -> Reason:
    worker = job.worker
    assert worker is not None
    name = worker.client_id + b" " + worker.address
    span = span_of(state.server_time() - job.started)
    attempt = "" if job.failures is None else ", which is another attempt"
    who = shown_worker(name)
    if worker.node is not None:
        who = f"a worker of node {quoted(worker.node.name)}"
    sentence = f"{who} has run it for {span}{attempt}"
    reason = Reason("running", "running", sentence)
    reason.since = job.started
    reason.worker = name
    return reason


def _waiting(
    state: State, function: Function, job: StoredJob, priority: int, word: str
) -> Reason:
    """Say why a job waits: what has to happen first comes first."""
    wait = job.due - state.time_by(job.is_steady) if job.due > 0 else 0.0
    if functions.policy(state, function).paused:
        said = f"{quoted(function.name)} is paused: geartrain resume ends that"
        return Reason(word, "paused", said)
    if job.due >= NEVER:
        return _blocked(state, job, word)
    if not (function.workers or is_addressed(job.flow_key)):
        return _without_worker(state, function, word)
    if wait > 0:
        reason = _not_due(job, word, wait)
    elif isinstance(job, Job) and job.state is TENTATIVE:
        said = "the store is looking whether a job with its unique waits already"
        reason = Reason(word, "store", said)
    elif isinstance(job, Job) and job.state is BEHIND:
        reason = _behind(job, word)
    elif (
        limit := limit_met(state, function, job) or limit_of_nodes(state, function)
    ) is not None:
        reason = Reason(word, limit.code, limit.sentence)
        reason.due = limit.due
    else:
        reason = _busy(state, function, priority, word)
    return reason


def _behind(job: Job, word: str) -> Reason:
    twin = job.function.twin(job)
    handle = b"" if twin is None else twin.handle
    said = f"{quoted(handle)} has the same unique and runs: it follows when that ends"
    return Reason(word, "unique", said)


def _blocked(state: State, job: StoredJob, word: str) -> Reason:
    """Say what a job waits for."""
    successor = state.graph.successors.get(job.number)
    if successor is None:
        said = "what it waits for is not known any more: geartrain run lets it run"
        return Reason(word, "blocked", said)
    done, total = progress(state, successor)
    first = next(iter(successor.sources), b"")
    said = f"it waits for {total - done} of {counted(total, 'job')}"
    batch = state.graph.batches.get(first.removeprefix(BATCH))
    if successor.is_broadcast:
        said = f"it is a broadcast, which ends with its jobs: {done} of {total} have"
        return Reason(word, "broadcast", said)
    if first.startswith(BATCH) and batch is not None:
        if batch.dead:
            letters = counted(batch.dead, "dead letter")
            return Reason(
                word,
                "blocked",
                f"it waits for the batch {quoted(batch.name)}, which has {letters}:"
                f" retry them, or run this job without them ({batch.done()} of"
                f" {counted(batch.total, 'job')} have ended)",
            )
        said += f": of the batch {quoted(batch.name)} {batch.done()} have ended"
    elif first:
        said += _first_of(state, successor)
    return Reason(word, "blocked", said)


def _first_of(state: State, successor: Successor) -> str:
    """Name a job that a job waits for: best a dead letter, for which it may wait long.

    Those that died longer ago than their history goes back are not known any more.
    """
    now = state.server_time()
    for source in successor.sources:
        ending = None
        if source not in state.jobs:
            ending = state.history.find(source, now)
        if ending is not None and ending.outcome == DEAD:
            return f": {shown(source)} is a dead letter, which it waits to be retried"
    return f": the first is {shown(next(iter(successor.sources)))}"


def without_worker(state: State, function: Function, *, is_near_told: bool) -> str:
    """Say that no worker has a function, and which name that one has is near."""
    nearest = nearest_name(state, function.name) if is_near_told else b""
    return _no_worker(function, nearest)


def _no_worker(function: Function, nearest: bytes) -> str:
    near = f": the nearest that one has is {quoted(nearest)}" if nearest else ""
    return f"no worker has the function {quoted(function.name)}{near}"


def _without_worker(state: State, function: Function, word: str) -> Reason:
    nearest = nearest_name(state, function.name)
    reason = Reason(word, "no_worker", _no_worker(function, nearest))
    reason.nearest = nearest
    return reason


def _not_due(job: StoredJob, word: str, wait: float) -> Reason:
    failures = job.failures
    if failures is None:
        reason = Reason(word, "not_due", f"it is due in {span_of(wait)}")
    else:
        tries = failures.attempts + failures.crashes
        sentence = (
            f"it pauses for {span_of(wait)} more after attempt {tries}"
            f"{_said(failures.reason, failures.error)}"
        )
        reason = Reason(word, "pausing", sentence)
    reason.due = job.due
    reason.is_steady = job.is_steady
    return reason


def _busy(state: State, function: Function, priority: int, word: str) -> Reason:
    if len(function.promised) > 0:
        said = "a worker has been woken and is about to take the next job"
        return Reason(word, "woken", said)
    higher = _higher(function, priority)
    before = ""
    if higher:
        verb = "is" if higher == 1 else "are"
        before = f"; {counted(higher, 'job')} of a higher priority {verb} before it"
    since, count = _busy_since(state, function)
    workers = len(function.workers)
    who = "its worker is" if workers == 1 else f"its {workers} workers are"
    if count == 0:
        have = "has" if workers == 1 else "have"
        sentence = f"{who} idle and {have} not asked for a job{before}"
        return Reason(word, "idle", sentence)
    span = span_of(state.server_time() - since)
    sentence = f"{who} busy, the first of them for {span}{before}"
    reason = Reason(word, "busy", sentence)
    reason.since = since
    return reason


def _busy_since(state: State, function: Function) -> tuple[float, int]:
    """Return since when the first of some workers is busy, and how many of them are.

    A worker of several functions may be busy with another one.
    """
    since, count = 0.0, 0
    for worker in islice(function.workers, _MOST_WORKERS):
        if worker.running:
            started = next(iter(worker.running)).started
            since = started if count == 0 else min(since, started)
            count += 1
    state.turns.work += min(len(function.workers), _MOST_WORKERS) >> 3
    return since, count


def _add_counts(reason: Reason, function: Function, priority: int) -> None:
    reason.workers = len(function.workers)
    reason.running = len(function.running)
    reason.higher = _higher(function, priority)


def _higher(function: Function, priority: int) -> int:
    """Return how many jobs of higher priorities are ready, in memory or the store."""
    return sum(
        function.ready[each].size() + function.windows[each].size()
        for each in range(priority)
    )


def _most_earlier(job: Job) -> int:
    """Return how many jobs of its priority may be before a ready job.

    Where it is in the queue only a walk could tell. No more can be before it than its
    queue has, and of jobs in the order of their submission no more than there were
    between the first and it.
    """
    queue = job.function.ready[job.priority]
    head = queue.head()
    if head is None or head is job:
        return 0
    most = queue.size() - 1
    if job.failures is None and head.failures is None and head.number < job.number:
        most = min(most, job.number - head.number)
    return most


def nearest_name(state: State, name: bytes) -> bytes:
    """Return the name of a function with workers that is most like another's, if any.

    Of many functions only some are looked at.
    """
    folded = name.lower()
    length = len(name)
    compared: dict[str, bytes] = {}
    for function in islice(state.functions.values(), _MOST_NAMES):
        other = function.name
        if not function.workers or other == name:
            continue
        if other.lower() == folded:
            return other
        is_like = abs(len(other) - length) <= max(2, length // 3)
        if is_like and len(compared) < _MOST_COMPARED:
            compared[_letters(other)] = other
    state.turns.work += min(len(state.functions), _MOST_NAMES) >> 3
    state.turns.work += len(compared) * _COMPARISON
    found = difflib.get_close_matches(_letters(name), list(compared), 1)
    return compared[found[0]] if found else b""


def _letters(name: bytes) -> str:
    return name[:_MOST_LETTERS].decode("utf-8", "surrogateescape").lower()


def _said(reason: bytes, error: bytes) -> str:
    """Return what follows the word that an attempt failed: what went wrong."""
    line = error_line(error) or reason.decode("utf-8", "replace")
    return f": {cut(visible(line), _MOST_ERROR)}" if line else ""
