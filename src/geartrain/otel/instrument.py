"""The one call that has a client or a worker traced."""

from __future__ import annotations

from typing import TypeVar

from opentelemetry.trace import TracerProvider, get_tracer

from geartrain.client import AsyncClient, Client
from geartrain.otel.clients import trace_client
from geartrain.otel.workers import trace_worker
from geartrain.worker.base import BaseWorker

__all__ = ["instrument"]

TracedT = TypeVar("TracedT", bound=Client | AsyncClient | BaseWorker)


def instrument(
    traced: TracedT, tracer_provider: TracerProvider | None = None
) -> TracedT:
    """Make spans for what a client submits or a worker runs; return it.

    Without a ``tracer_provider`` the program's global one is used, as
    ``opentelemetry-instrument`` sets it by the OTEL_* variables. To call it again for
    the same object changes nothing.
    """
    tracer = get_tracer("geartrain", tracer_provider=tracer_provider)
    if isinstance(traced, BaseWorker):
        trace_worker(traced, tracer)
    else:
        trace_client(traced, tracer)
    return traced
