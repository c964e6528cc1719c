"""The endpoints, by what they are about."""

from __future__ import annotations

from geartrain.http.api import (
    batches,
    connections,
    control,
    dead,
    events,
    functions,
    health,
    jobs,
    metrics,
    results,
    schedules,
    server,
    session,
    statistics,
    submit,
)
from geartrain.http.endpoints import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *submit.ENDPOINTS,
    *jobs.ENDPOINTS,
    *results.ENDPOINTS,
    *functions.ENDPOINTS,
    *connections.ENDPOINTS,
    *control.ENDPOINTS,
    *batches.ENDPOINTS,
    *dead.ENDPOINTS,
    *schedules.ENDPOINTS,
    *statistics.ENDPOINTS,
    *events.ENDPOINTS,
    *server.ENDPOINTS,
    *session.ENDPOINTS,
    *metrics.ENDPOINTS,
    *health.ENDPOINTS,
)
"""All of them: what HTTP can do."""
