"""Call a handler, and send what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any, Final

from geartrain.worker import returns
from geartrain.worker.children import LINEAGE, end_if_forked
from geartrain.worker.functions import Function
from geartrain.worker.jobs import BaseJob, WorkerJob
from geartrain.worker.log import LOG
from geartrain.worker.outcomes import Retry, trace
from geartrain.worker.returns import ask

__all__ = ["NOTHING", "Passing", "perform", "raised"]

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
    except Retry as how:
        end_if_forked(born, how)
        _retry(job, how)
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


def _retry(job: WorkerJob, how: Retry) -> None:
    try:
        ask(returns.retry(job, how))
    except Exception as error:
        raised(job, error)


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
            job.let_go()
    LOG.error("the handler of %r raised", job, exc_info=error)
