"""Spans of a client: ``send FUNCTION`` from the submission to the answer or result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from opentelemetry.trace import Span, SpanKind, Tracer

from geartrain.client import AsyncClient, Client
from geartrain.client.jobs import SubmittedJob
from geartrain.otel.spans import attributes, carrying, failed

__all__ = ["trace_client"]

_MARK = "_is_traced"


def trace_client(client: Client | AsyncClient, tracer: Tracer) -> None:
    """Have each submission make a span, whose context goes with the job.

    The methods of this one object are replaced: other clients cost what they did.
    """
    if hasattr(client, _MARK):
        return
    kind = _Awaited if isinstance(client, AsyncClient) else _Blocking
    traced = kind(tracer)
    inner: Any = client
    for name in ("_result", "_handle", "_submitted"):
        setattr(inner, name, traced.call(getattr(inner, name)))
    inner._add = traced.task(inner._add)
    inner._many = traced.many(inner._many)
    setattr(inner, _MARK, True)


class _Sender(ABC):
    """Makes spans of what one client submits."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, function: Any) -> Span:
        about = attributes("send", function)
        name = f"send {about['messaging.destination.name']}"
        return self._tracer.start_span(name, kind=SpanKind.PRODUCER, attributes=about)

    @abstractmethod
    def call(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method of the client with a span that ends with the call."""

    def task(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``_add`` with a span: it ends when the task is added."""

        def add(job: Any, context: Any, callbacks: Any) -> Any:
            with _Ending(self.begin(job[0])) as span:
                return inner(_headed(job, span), context, callbacks)

        return add

    def many(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``_many`` with one span for all of its jobs."""

        def submit(*given: Any, **options: Any) -> Any:
            *others, special = given
            span = self.begin(given[0])
            try:
                found = inner(*others, _carrying(span, special), **options)
            except BaseException as error:
                failed(span, error)
                span.end()
                raise
            return self.each(found, span)

        return submit

    @abstractmethod
    def each(self, items: Any, span: Span) -> Any:
        """Return what ``_many`` gave, with a span that ends with the last of it."""


class _Blocking(_Sender):
    def call(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def submit(job: Any, timeout: Any) -> Any:
            with _Ending(self.begin(job[0])) as span:
                found = inner(_headed(job, span), timeout)
                _answered(span, found, job)
                return found

        return submit

    def each(self, items: Iterator[Any], span: Span) -> Iterator[Any]:
        with _Ending(span) as counted:
            for item in items:
                counted.count += 1
                yield item


class _Awaited(_Sender):
    def call(self, inner: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        async def submit(job: Any, timeout: Any) -> Any:
            with _Ending(self.begin(job[0])) as span:
                found = await inner(_headed(job, span), timeout)
                _answered(span, found, job)
                return found

        return submit

    async def each(self, items: AsyncIterator[Any], span: Span) -> AsyncIterator[Any]:
        with _Ending(span) as counted:
            async for item in items:
                counted.count += 1
                yield item


class _Ending:
    """Ends a span with what its block ends with."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.count = 0

    def __enter__(self) -> _Ending:
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        if self.count:
            self.span.set_attribute("messaging.batch.message_count", self.count)
        handle = getattr(error, "handle", "")
        if handle:
            self.span.set_attribute("messaging.message.id", handle)
        if error is not None and not isinstance(error, GeneratorExit):
            failed(self.span, error)
        self.span.end()


def _headed(job: Any, ending: _Ending) -> Any:
    """Return a job whose headers carry the context of a span."""
    *others, special = job
    return (*others, _carrying(ending.span, special))


def _carrying(span: Span, special: Any) -> Any:
    """Return what is special about a job, its headers with the context of a span."""
    *most, headers = special
    return (*most, carrying(span, headers))


def _answered(ending: _Ending, found: Any, job: Any) -> None:
    """Note the handle, where it is known."""
    is_background = job[5]
    if isinstance(found, str) and is_background:
        ending.span.set_attribute("messaging.message.id", found)
    elif isinstance(found, SubmittedJob) or hasattr(found, "handle"):
        ending.span.set_attribute("messaging.message.id", found.handle)
