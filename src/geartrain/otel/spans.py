"""Spans of jobs: names and attributes of the conventions, and context in headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from geartrain.client.requests import header_bytes, shown
from geartrain.errors import OptionError

__all__ = ["attributes", "carrying", "failed", "origin"]

# What may be left out where headers have no room: it is nobody's parent.
_DISPENSABLE: Final = ("baggage", "tracestate")


def attributes(operation: str, function: Any) -> dict[str, Any]:
    """Return what the conventions want of every span: ``send`` or ``process``."""
    return {
        "messaging.system": "gearman",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": shown(function)
        if isinstance(function, str | bytes)
        else repr(function),
    }


def carrying(span: Span, headers: Any) -> Any:
    """Return a job's headers with the context of a span, as far as there is room.

    Headers that are none are returned as they are, for the client to refuse.
    """
    if headers is not None and not isinstance(headers, Mapping):
        return headers
    given = dict(headers or {})
    carrier: dict[str, str] = {}
    propagate.inject(carrier, set_span_in_context(span))
    for name in (None, *_DISPENSABLE):
        carrier.pop(name or "", None)
        both = carrier | given
        if not both:
            return headers
        try:
            header_bytes(both)
        except OptionError:
            continue
        return both
    return headers


def origin(headers: Mapping[str, str]) -> Context:
    """Return the context that a job's headers carry."""
    return propagate.extract(headers)


def failed(span: Span, error: BaseException) -> None:
    """Note the exception that a span ends with."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    span.set_attribute("error.type", name)
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, f"{kind.__name__}: {error}"))
