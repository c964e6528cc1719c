"""What ends mean for batches and for jobs that wait.

All of it is noted where a job ends, so that the batch of the store that has the end has
this, too: after a crash no job waits for one that is no more. What waits no more is in
``Graph.ready``, for ``jobs.successors`` to let go.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.broadcasts import Broadcast
from geartrain.engine.model.graph import (
    BATCH,
    DONE,
    FAILURE,
    JobBatch,
    SourceEnd,
    Successor,
)
from geartrain.engine.model.jobs import SUBMITTED, Job
from geartrain.engine.records import Entry, kept_text
from geartrain.engine.results import DEAD, DROPPED, FAILED, SUCCEEDED
from geartrain.engine.state import broadcasts
from geartrain.engine.state.kept_graph import (
    drop_batch,
    drop_successor,
    keep_batch,
    keep_successor,
    read_graph,
)
from geartrain.engine.state.source_ends import come_to, tell
from geartrain.engine.state.state import State

__all__ = [
    "begin_broadcast",
    "is_member",
    "is_wanted",
    "let_go",
    "may_begin",
    "note_end",
    "note_job",
    "note_kept",
    "note_loss",
    "note_result",
    "note_revival",
    "progress",
    "refuse_member",
    "rejoin",
    "restore_graph",
    "withdraw",
]

# Bytes of a result that is handed on. Larger ones are fetched by handle: entries are
# all read at the start.
_LARGEST: Final = 64 * 1024
# Batches that are kept. Those that ended first are forgotten.
_MOST_BATCHES: Final = 10_000


def may_begin(state: State, name: bytes) -> bool:
    """Tell whether a job may be submitted in a batch with this name."""
    batches = state.graph.batches
    if name in batches or len(batches) < _MOST_BATCHES:
        return True
    return _forget_one(state)


def _forget_one(state: State) -> bool:
    """Forget the earliest batch that nothing is left of; tell whether there is one."""
    graph = state.graph
    for name, batch in graph.batches.items():
        if (
            batch.left() == 0
            and batch.dead == 0
            and batch.source() not in graph.waiting
        ):
            del graph.batches[name]
            drop_batch(state, name)
            return True
    return False


def note_job(state: State, job: Job, name: bytes) -> None:
    """Count one job more in the batch with a name."""
    graph = state.graph
    batch = graph.batches.get(name)
    if batch is None:
        batch = graph.batches[name] = JobBatch(name, state.server_time())
        graph.is_used = True
    if batch.to_make:
        batch.to_make -= 1
    else:
        batch.total += 1
    batch.ended = 0.0
    if batch.broadcast is not None:
        batch.broadcast.members[job.number] = None
    if not job.batch:
        batch.fleeting += 1
    keep_batch(state, batch)


def begin_broadcast(state: State, job: Job, count: int) -> None:
    """Begin the batch of a broadcast, which is to have so many jobs."""
    batch = state.graph.batches[job.handle] = JobBatch(job.handle, state.server_time())
    batch.total = batch.to_make = count
    batch.is_broadcast = True
    batch.is_kept = job.batch != 0
    batch.broadcast = Broadcast(job.number, batch.is_kept)
    state.graph.is_used = True
    keep_batch(state, batch)


def note_kept(state: State, job: Job) -> None:
    """Know that the store keeps a job from now on, which was to end with this life.

    It is in no batch: one in the foreground that is, nobody joins.
    """
    for successor in state.graph.waiting.get(job.handle, {}).values():
        keep_successor(state, successor)


def refuse_member(state: State, name: bytes, job: Job, why: bytes) -> None:
    """Count a job of a broadcast that could not be made among those that failed."""
    batch = state.graph.batches.get(name)
    if batch is None:
        return
    batch.to_make -= 1
    batch.failed += 1
    if batch.broadcast is not None:
        broadcasts.note_refusal(state, batch.broadcast, job, why)
    if batch.left() == 0:
        batch.ended = state.server_time()
    _judge_batch(state, batch)
    keep_batch(state, batch)


def rejoin(state: State, job: Job) -> None:
    """Know a job again that comes from the store and may be a broadcast's."""
    batch = _batch_of(state, job)
    if batch is not None and batch.broadcast is not None:
        batch.broadcast.members[job.number] = None


def is_wanted(state: State, job: Job) -> bool:
    """Tell whether a job is to run: it is one of the background, or a client waits.

    That may wait for the broadcast that the job is one of.
    """
    if job.background or job.is_awaited():
        return True
    batch = _batch_of(state, job)
    if batch is None or batch.broadcast is None:
        return False
    whole = state.jobs.get(batch.name)
    return whole is not None and whole.is_awaited()


def withdraw(state: State, job: Job) -> None:
    """Count a job no more that was refused after all, or is another's twin."""
    graph = state.graph
    successor = graph.successors.get(job.number)
    if successor is not None:
        _end_broadcast(state, successor, is_over=False)
        let_go(state, successor)
    _tell_failed(state, job)
    batch = _batch_of(state, job)
    job.options = b""
    if batch is not None:
        batch.total -= 1
        if not job.batch:
            batch.fleeting -= 1
        _judge_batch(state, batch)
        keep_batch(state, batch)


def note_result(state: State, job: Job, pieces: list[bytes]) -> None:
    """Remember the result of a job that is about to end well, if it is handed on."""
    is_wanted = job.handle in state.graph.waiting or is_member(state, job)
    if is_wanted and sum(map(len, pieces)) <= _LARGEST:
        state.graph.result = b"".join(pieces)


def note_end(state: State, job: Job, outcome: bytes) -> None:
    """React to the end of a job, or to its becoming a dead letter."""
    graph = state.graph
    result, graph.result = graph.result, None
    reason, graph.reason = graph.reason, b""
    successor = graph.successors.get(job.number)
    if successor is not None and outcome != DEAD:
        _end_broadcast(state, successor, is_over=outcome in (SUCCEEDED, FAILED))
        let_go(state, successor)
    if job.handle in graph.waiting:
        said = SourceEnd(job.handle, outcome)
        said.function = job.function.name
        said.unique = job.unique
        said.result = result
        tell(state, said)
    batch = _batch_of(state, job)
    if batch is not None:
        _count(batch, job, outcome)
        if batch.broadcast is not None:
            came_to = result if outcome == SUCCEEDED else reason
            broadcasts.note_end(state, batch.broadcast, job, outcome, came_to)
        if batch.left() == 0:
            batch.ended = state.server_time()
        _judge_batch(state, batch)
        keep_batch(state, batch)


def let_go(state: State, successor: Successor) -> None:
    """Have a job wait no more, and forget what it waited for."""
    state.graph.forget(successor)
    state.graph.ready.pop(successor.number, None)
    drop_successor(state, successor)


def note_revival(state: State, job: Job) -> None:
    """React to a dead letter becoming a job again."""
    batch = _batch_of(state, job)
    if batch is not None:
        batch.dead -= 1
        batch.ended = 0.0
        keep_batch(state, batch)


def note_loss(state: State, job: Job) -> None:
    """React to a dead letter that is none after all: its job has failed for good."""
    _tell_failed(state, job)
    batch = _batch_of(state, job)
    if batch is not None:
        batch.dead -= 1
        batch.failed += 1
        _judge_batch(state, batch)
        keep_batch(state, batch)


def _tell_failed(state: State, job: Job) -> None:
    """Tell who waits for a job, if anybody does, that it has failed for good."""
    if job.handle in state.graph.waiting:
        said = SourceEnd(job.handle, FAILED)
        said.function, said.unique = job.function.name, job.unique
        tell(state, said)


def _end_broadcast(state: State, successor: Successor, *, is_over: bool) -> None:
    """Note that a broadcast has ended; what has not of its jobs is to be cancelled.

    Where it ``is_over``, all of its jobs had ended: one that has not is a dead letter
    which somebody has retried since, and runs.
    """
    if not successor.is_broadcast:
        return
    batch = state.graph.batches.get(successor.handle)
    broadcast = None if batch is None else batch.broadcast
    if batch is not None and broadcast is not None:
        batch.broadcast = None
        broadcasts.forget(state, broadcast)
        if batch.left() > 0 and not is_over:
            state.graph.recalled[broadcast.number] = broadcast


def is_member(state: State, job: Job) -> bool:
    """Tell whether a job is one of a broadcast that has not ended."""
    batch = _batch_of(state, job)
    return batch is not None and batch.broadcast is not None


def _count(batch: JobBatch, job: Job, outcome: bytes) -> None:
    if outcome == SUCCEEDED:
        batch.succeeded += 1
    elif outcome == DEAD:
        batch.dead += 1
    else:
        batch.failed += 1
        if outcome == DROPPED and job.state is SUBMITTED:
            # It was a dead letter, and waited nowhere.
            batch.dead -= 1
    if not job.batch:
        batch.fleeting -= 1


def _batch_of(state: State, job: Job) -> JobBatch | None:
    if not job.options:
        return None
    name = kept_text(job.options, b"batch")
    return state.graph.batches.get(name) if name else None


def _judge_batch(state: State, batch: JobBatch) -> None:
    """Tell who waits for a batch what it has come to, if it has come to something."""
    source = batch.source()
    if source not in state.graph.waiting:
        return
    state.graph.moved.update(state.graph.waiting[source])
    has_failed = batch.failed > 0 or batch.dead > 0
    is_over = batch.left() == 0
    if not (has_failed or is_over):
        return
    said = SourceEnd(source, FAILED if has_failed else SUCCEEDED)
    said.counts = (batch.total, batch.succeeded, batch.failed + batch.dead)
    for successor in list(state.graph.waiting[source].values()):
        if successor.when == FAILURE or (is_over and successor.when == DONE):
            come_to(state, successor, said)
        elif is_over and (not has_failed or batch.failed):
            # Dead letters may be retried, so that it succeeds yet.
            come_to(state, successor, said)


def progress(state: State, successor: Successor) -> tuple[int, int]:
    """Return how many of the jobs that a successor waits for have ended, and of all."""
    done = total = 0
    for outcome in successor.outcomes:
        count = max(outcome.counts[0], 1)
        done += count
        total += count
    for source in successor.sources:
        batch = state.graph.batches.get(source.removeprefix(BATCH))
        if source.startswith(BATCH) and batch is not None:
            done += batch.done()
            total += batch.total
        else:
            total += 1
    return done, total


def restore_graph(state: State, entries: list[Entry]) -> None:
    """Take back batches, successors and broadcasts of an earlier life.

    What cannot be read is logged; its job stays delayed until somebody runs it.
    """
    graph = state.graph
    kept = read_graph(state, entries)
    batches = [_take_in(state, each) for each in kept.batches]
    for successor in kept.successors:
        _take_back(state, successor)
    for said in kept.ended:
        graph.ended[said.source] = said
    for successor, source in kept.lost:
        come_to(state, successor, SourceEnd(source, FAILED))
    for batch in batches:
        _judge_batch(state, batch)
    broadcasts.restore(state, entries)


def _take_in(state: State, batch: JobBatch) -> JobBatch:
    """Take in a batch; return it, or the one of the same name with its jobs, too.

    Jobs of one batch may be at several job servers that share a store.
    """
    graph = state.graph
    graph.is_used = True
    known = graph.batches.setdefault(batch.name, batch)
    if known is not batch:
        known.merge(batch)
        keep_batch(state, known)
    return known


def _take_back(state: State, successor: Successor) -> None:
    graph = state.graph
    graph.add(successor)
    graph.size += successor.size()
    if successor.is_broadcast:
        _take_up(state, successor)
    if not successor.is_blocked() and not successor.workload:
        graph.ready[successor.number] = successor


def _take_up(state: State, successor: Successor) -> None:
    """Go on with a broadcast of an earlier life."""
    batch = state.graph.batches.get(successor.handle)
    if batch is not None and successor.is_blocked():
        batch.broadcast = Broadcast(successor.number, True)
