"""Call a handler, and send what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any, Final

from geartrain.protocol.worker import Assignment
from geartrain.worker import asking
from geartrain.worker.children import LINEAGE, end_if_forked
from geartrain.worker.functions import Function, text
from geartrain.worker.jobs import BaseJob, Line, WorkerJob
from geartrain.worker.log import LOG
from geartrain.worker.outcomes import Retry, trace

__all__ = [
    "LOG",
    "NOTHING",
    "Passing",
    "ask_release",
    "ask_retry",
    "perform",
    "raised",
    "release_ahead",
    "settle_retry",
    "take_back",
]

Passing = tuple[type[BaseException], ...]
NOTHING: Final[Passing] = ()


def perform(
    function: Function,
    job: WorkerJob,
    passing: Passing = NOTHING,
    prepare: Callable[[], None] | None = None,
) -> None:
    """Call a handler and end the job as it says, whatever it raises.

    ``prepare`` is called before it, in the same way. Exceptions of the classes
    ``passing`` are raised, and the job is left to the caller. A child that the handler
    forked ends here.
    """
    if prepare is None and job.workload.startswith(b"\0"):
        _perform_chunked(function, job, passing)
        return
    born = LINEAGE.forks
    try:
        if prepare is not None:
            prepare()
        result = function.call(job)
        if type(result) is GeneratorType:
            result = _stream(job, result)
        if born != LINEAGE.forks:
            end_if_forked(born)
        if job.outcome is None:
            job.send_complete(result)
    except passing as error:
        end_if_forked(born, error)
        raise
    except Retry as retry:
        end_if_forked(born, retry)
        _retry(job, retry)
    except BaseException as error:
        end_if_forked(born, error)
        raised(job, error)


def _perform_chunked(function: Function, job: WorkerJob, passing: Passing) -> None:
    """Join the chunks of the workload first, if it came so; remove them afterwards."""
    from geartrain.worker.chunked import chunks_of

    chunks = chunks_of(job)
    if chunks is None:
        perform(function, job, passing, _nothing)
        return
    try:
        perform(function, job, passing, chunks.join)
    finally:
        chunks.settle()


def _nothing() -> None:
    """Prepare nothing: the workload only begins like a manifest."""


def _stream(job: WorkerJob, pieces: Generator[Any]) -> Any:
    """Send what a generator yields; return what it returns.

    One whose job is not wanted any more is closed.
    """
    try:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                return end.value
            if not job.send_data(piece):
                return None
    finally:
        pieces.close()


def _retry(job: WorkerJob, retry: Retry) -> None:
    try:
        settle_retry(job, ask_retry(job, retry))
    except Exception as error:
        raised(job, error)


def ask_retry(job: BaseJob, retry: Retry) -> asking.Answer:
    """Ask the job server to try a job again."""
    return asking.about(
        job, lambda: asking.retry(job.connector, job.handle, retry.delay, retry.error)
    )


def ask_release(job: BaseJob) -> asking.Answer:
    """Ask the job server to take a job back."""
    return asking.about(job, lambda: asking.release(job.connector, job.handle))


def release_ahead(line: Line, assignment: Assignment) -> asking.Answer:
    """Ask the job server to take a job back that no handler has begun."""
    if not line.protocol.owns(assignment):
        return "gone"
    try:
        return asking.release(line.connector, text(assignment.handle))
    except Exception as error:
        LOG.warning("%s cannot be asked", line.connector, exc_info=error)
        return "refused"


def settle_retry(job: BaseJob, answer: asking.Answer) -> None:
    """End a job whose handler wants it tried again, as the job server answered."""
    if job.outcome is not None:
        return
    if answer == "refused":
        LOG.info("%r is to be retried, which %s cannot: failed", job, job.server)
        job.send_fail()
    else:
        job.abandon("retry" if answer == "done" else "lost")


def take_back(job: BaseJob, answer: asking.Answer) -> bool:
    """End a job that was given back; return False if the job server cannot take it."""
    if job.outcome is not None:
        # It has ended while the job server was asked.
        return True
    if answer == "refused":
        return False
    job.abandon("release" if answer == "done" else "lost")
    return True


def raised(job: BaseJob, error: BaseException) -> None:
    """End a job whose handler raised an exception."""
    if job.outcome is not None:
        LOG.error("%r had ended when its handler raised", job, exc_info=error)
        return
    try:
        job.send_exception(trace(error))
    except Exception as refusal:
        # There may be no memory, or no event loop: the connection's end is an end.
        LOG.error("the exception of %r cannot be sent", job, exc_info=refusal)
        if job.outcome is None:
            job.give_up(refusal)
    LOG.error("the handler of %r raised", job, exc_info=error)
