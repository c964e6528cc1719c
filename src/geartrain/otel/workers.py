"""Spans of a worker: one ``process FUNCTION`` for each attempt of a job."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from inspect import isawaitable
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Final

from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    use_span,
)

from geartrain.otel.spans import attributes, failed, origin
from geartrain.worker.base import BaseWorker
from geartrain.worker.jobs import BaseJob
from geartrain.worker.outcomes import Retry

__all__ = ["trace_worker"]

_MARK: Final = "_is_traced"
_FAILURES: Final = frozenset({"fail", "exception", "lost"})


def trace_worker(worker: BaseWorker, tracer: Tracer) -> None:
    """Have each attempt of the worker's jobs make a span.

    It is a child of the submitter's, and linked to it, as the conventions want. One
    that is traced already is left as it is.
    """
    traced: Any = worker
    if hasattr(traced, _MARK):
        return
    setattr(traced, _MARK, True)

    def around(job: BaseJob, call: Callable[[Any], Any]) -> Any:
        return _Attempt(job, _begun(tracer, job)).run(call)

    worker.call_through(around)


def _begun(tracer: Tracer, job: BaseJob) -> Span:
    context = origin(job.headers)
    submitter = get_current_span(context).get_span_context()
    about = attributes("process", job.function)
    about["messaging.message.id"] = job.handle
    about["messaging.message.body.size"] = len(job.workload)
    about["server.address"] = job.server
    return tracer.start_span(
        f"process {job.function}",
        context=context,
        kind=SpanKind.CONSUMER,
        attributes=about,
        links=[Link(submitter)] if submitter.is_valid else [],
    )


class _Attempt:
    """An attempt and its span, which ends when the handler does."""

    def __init__(self, job: BaseJob, span: Span) -> None:
        self._job = job
        self._span = span

    def run(self, call: Callable[[Any], Any]) -> Any:
        """Call the handler; what it returns to be gone on with is traced to its end."""
        try:
            with self._within():
                result = call(self._job)
        except BaseException as error:
            self._raised(error)
            raise
        if type(result) is GeneratorType:
            return self._each(result)
        if isinstance(result, AsyncGeneratorType):
            return self._each_awaited(result)
        if self._job.definition.is_async and isawaitable(result):
            return self._awaited(result)
        self._end()
        return result

    def _within(self) -> Any:
        return use_span(
            self._span, record_exception=False, set_status_on_exception=False
        )

    async def _awaited(self, result: Awaitable[Any]) -> Any:
        try:
            with self._within():
                found = await result
        except BaseException as error:
            self._raised(error)
            raise
        self._end()
        return found

    def _each(self, pieces: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        try:
            while True:
                try:
                    with self._within():
                        piece = next(pieces)
                except StopIteration as end:
                    self._end()
                    return end.value
                yield piece
        except BaseException as error:
            self._raised(error)
            pieces.close()
            raise

    async def _each_awaited(self, pieces: AsyncGenerator[Any, Any]) -> Any:
        try:
            while True:
                try:
                    with self._within():
                        piece = await anext(pieces)
                except StopAsyncIteration:
                    self._end()
                    return
                yield piece
        except BaseException as error:
            self._raised(error)
            await pieces.aclose()
            raise

    def _raised(self, error: BaseException) -> None:
        if isinstance(error, Retry):
            self._span.set_attribute("error.type", "retry")
            self._end("retry")
            return
        if isinstance(error, GeneratorExit):
            # It is closed, because nobody wants the rest.
            self._end("lost")
            return
        failed(self._span, error)
        self._end(self._job.outcome or "exception")

    def _end(self, outcome: str = "") -> None:
        found = outcome or self._job.outcome or "complete"
        self._span.set_attribute("gearman.job.outcome", found)
        if found in _FAILURES and outcome != "exception":
            self._span.set_attribute("error.type", found)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
