"""The endpoints, by what they are about."""

from __future__ import annotations

from geartrain.http.api import dead, functions, jobs, server, submit
from geartrain.http.endpoints import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *submit.ENDPOINTS,
    *jobs.ENDPOINTS,
    *functions.ENDPOINTS,
    *dead.ENDPOINTS,
    *server.ENDPOINTS,
)
"""All of them: what HTTP can do."""
