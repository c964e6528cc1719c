"""Connections of HTTP clients, bounded in number, in their headers, and in time.

uvicorn ends a connection that is silent between two requests, and not one that never
sends the whole of its first: whoever drips a header a minute would keep it for ever.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from geartrain.engine.model.principals import Identity
from geartrain.http.problems import ProblemError
from geartrain.server.identities import identity_of

__all__ = ["MAX_CONNECTIONS", "BoundedProtocol"]

MAX_CONNECTIONS: Final = 4000
"""Connections at once: each may be a request that waits, and takes about 60 kB."""

_log = logging.getLogger("geartrain.http")

# Seconds for the headers of a request to arrive.
_PATIENCE: Final = 20.0


class BoundedProtocol(H11Protocol):
    """A connection of an HTTP client.

    Attributes:
        identity: who it is from.
    """

    identity: Identity

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "connection": self}, _loop)
        # A peer causes its lines at will: only our own are limited in number.
        self.logger = _log
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or turn it away."""
        super().connection_made(transport)
        self.identity = identity_of(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(
                ProblemError(
                    "unavailable",
                    f"there are {MAX_CONNECTIONS} connections: try again later",
                )
            )
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrives, unless the connection was turned away."""
        if not self.transport.is_closing():
            super().data_received(data)

    def handle_events(self) -> None:
        """Go on with what has arrived."""
        super().handle_events()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._watch()
        else:
            self._unwatch()

    def _should_upgrade(self) -> bool:
        """Answer by HTTP whoever would rather speak something else."""
        return False

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(_PATIENCE, self._give_up)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._refuse(
                ProblemError(
                    "too-slow", f"the headers took more than {_PATIENCE:g} seconds"
                )
            )

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(
            ProblemError("bad-request", "this is not a well-formed HTTP request")
        )

    def _refuse(self, problem: ProblemError) -> None:
        """Answer outside of a request, and end the connection."""
        self._unwatch()
        told = problem.response()
        state = self.conn.our_state
        if state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [*told.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=problem.status, headers=headers),
                h11.Data(data=bytes(told.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
