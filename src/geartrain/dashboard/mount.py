"""What the job server has of the dashboard until somebody looks at it.

jinja2, the templates and the static files take 0.1 s and 6 MB to load: a job server
whose pages nobody opens goes without.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from geartrain.dashboard.redaction import Redaction
from geartrain.http.bridge import Bridge
from geartrain.http.gate import Gate

__all__ = ["Dashboard"]


class Dashboard:
    """The dashboard as an ASGI application, made at the first request."""

    def __init__(
        self, bridge: Bridge, gate: Gate, redaction: Redaction | None = None
    ) -> None:
        """Ask the job server by ``bridge``; let people in by ``gate``.

        What is shown of workloads is what ``redaction`` lets pass.
        """
        self._bridge = bridge
        self._gate = gate
        self._redaction = redaction or Redaction()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            from geartrain.dashboard.app import make_dashboard

            self._app = make_dashboard(self._bridge, self._gate, self._redaction)
        await self._app(scope, receive, send)
