"""Call a handler and send its result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any, Final

from geartrain.worker import returns
from geartrain.worker.children import LINEAGE, end_if_forked
from geartrain.worker.functions import WorkerFunction
from geartrain.worker.jobs import BaseJob, WorkerJob
from geartrain.worker.log import LOG
from geartrain.worker.outcomes import Retry, trace
from geartrain.worker.returns import ask

__all__ = ["NOTHING", "Passing", "perform", "raised"]

Passing = tuple[type[BaseException], ...]
NOTHING: Final[Passing] = ()


def perform(
    function: WorkerFunction,
    job: WorkerJob,
    passing: Passing = NOTHING,
    prepare: Callable[[], None] | None = None,
) -> None:
    """Call a handler and end its job, whatever it returns or raises.

    ``prepare`` is called first and may raise as the handler may. Exceptions of the
    classes ``passing`` are passed on, and the job is left to the caller. A process that
    the handler has forked ends here.
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


def _perform_chunked(
    function: WorkerFunction, job: WorkerJob, passing: Passing
) -> None:
    """Join the chunks of the workload first; remove them afterwards."""
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
    """Prepare nothing, for a workload that only looks like a manifest."""


def _stream(job: WorkerJob, pieces: Generator[Any]) -> Any:
    """Send what a generator yields; return what it returns.

    It is closed early if the job server no longer wants the job.
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
        LOG.error(
            "%s: the handler raised after the job's end",
            job,
            exc_info=error,
            extra={"action": "job_raised"},
        )
        return
    try:
        job.send_exception(trace(error))
    except Exception as refusal:
        # Out of memory, or the event loop has ended. Closing the connection ends it.
        LOG.error(
            "%s: the exception cannot be sent",
            job,
            exc_info=refusal,
            extra={"action": "exception_unsent"},
        )
        if job.outcome is None:
            job.let_go()
    LOG.error(
        "%s: the handler raised", job, exc_info=error, extra={"action": "job_raised"}
    )
