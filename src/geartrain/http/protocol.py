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
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
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
# Seconds for an answer to a client that has ended its side of the connection.
_LAST_ANSWER: Final = 10.0


class BoundedProtocol(H11Protocol):
    """A connection of an HTTP client.

    Attributes:
        identity: who it is from.
        is_endless: the answer has no end, so a client that sends no more has left.
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
        self._is_ending = False
        self.is_endless = False

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

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that sends nothing more, if that does not take long.

        One that has left looks the same. Who waits for a job's end is not worth much
        patience: nobody should work for a client that has gone.
        """
        is_plain = self.transport.get_extra_info("sslcontext") is None
        is_whole = self.conn.their_state in (h11.DONE, h11.MUST_CLOSE)
        is_due = self._is_answering() and not self.is_endless
        if not (is_plain and is_whole and is_due):
            return False
        self._is_ending = True
        self._unwatch()
        self._deadline = self.loop.call_later(_LAST_ANSWER, self.transport.close)
        return True

    def on_response_complete(self) -> None:
        """Go on with the next request, or end a connection that has none."""
        super().on_response_complete()
        if self._is_ending and not self._is_answering():
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def handle_events(self) -> None:
        """Go on with what has arrived."""
        super().handle_events()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._watch()
        elif not self._is_ending:
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

    def _abandon(self) -> None:
        """Let a request whose body turned out malformed have no other answer."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()

    def _refuse(self, problem: ProblemError) -> None:
        """Answer outside of a request, and end the connection."""
        self._unwatch()
        self._abandon()
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
