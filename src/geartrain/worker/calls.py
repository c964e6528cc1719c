"""Call a handler, and send what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any

from geartrain.worker import asking
from geartrain.worker.functions import Function
from geartrain.worker.jobs import BaseJob, WorkerJob
from geartrain.worker.outcomes import Retry, trace

__all__ = ["LOG", "perform", "raised", "settle_retry", "take_back"]

LOG = logging.getLogger("geartrain.worker")


def perform(
    function: Function,
    job: WorkerJob,
    caught: type[BaseException] = Exception,
    prepare: Callable[[], None] | None = None,
) -> None:
    """Call a handler and end the job as it says.

    ``prepare`` is called before it, in the same way. What is not ``caught`` passes, as
    ``sys.exit`` does where the process is to end: the job server finds the worker gone.
    """
    if prepare is None and job.workload.startswith(b"\0"):
        _perform_chunked(function, job, caught)
        return
    try:
        if prepare is not None:
            prepare()
        result = function.call(job)
        if type(result) is GeneratorType:
            result = _stream(function, job, result)
        if job.outcome is None:
            job.send_complete(result)
    except Retry as retry:
        settle_retry(
            job, asking.retry(job.connector, job.handle, retry.delay, retry.error)
        )
    except caught as error:
        raised(job, error)


def _perform_chunked(
    function: Function, job: WorkerJob, caught: type[BaseException]
) -> None:
    """Join the chunks of the workload first, if it came so; remove them afterwards."""
    from geartrain.worker.chunked import chunks_of

    chunks = chunks_of(job)
    if chunks is None:
        perform(function, job, caught, _nothing)
        return
    try:
        perform(function, job, caught, chunks.join)
    finally:
        chunks.settle()


def _nothing() -> None:
    """Prepare nothing: the workload only begins like a manifest."""


def _stream(function: Function, job: WorkerJob, pieces: Generator[Any]) -> Any:
    """Send what a generator yields; return what it returns."""
    try:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                return end.value
            job.send_data(piece)
    finally:
        pieces.close()


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
    LOG.error("the handler of %r raised", job, exc_info=error)
    job.send_exception(trace(error))
