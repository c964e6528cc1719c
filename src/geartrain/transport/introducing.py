"""Show a job server a token without blocking the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from geartrain.errors import ProtocolError
from geartrain.protocol.token import Introduction
from geartrain.transport.tokens import refused

__all__ = ["Introducer"]

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


class Introducer(asyncio.Protocol):
    """Has a connection until the job server has answered to the token."""

    def __init__(self, token: bytes) -> None:
        self._introduction = Introduction(token)
        self._answered: asyncio.Future[None] = asyncio.Future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Show the token."""
        # uvloop's transports are Transports in all but name.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._introduction.request)

    def data_received(self, data: bytes) -> None:
        """Take the answer, after which nothing comes before something is asked."""
        try:
            self._introduction.feed(data)
        except ProtocolError as error:
            self._end(refused(error.text.decode()))
            return
        if self._introduction.wanted() == 0:
            refusal = self._introduction.refusal
            self._end(refused(refusal) if refusal else None)

    def connection_lost(self, error: Exception | None) -> None:
        """Note that there will be no answer."""
        said = "it ended the connection when shown a token"
        self._end(error if isinstance(error, OSError) else ConnectionResetError(said))

    def _end(self, error: OSError | None) -> None:
        if self._answered.done():
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)

    async def hand_over(self, factory: Callable[[], _Protocol]) -> _Protocol:
        """Give the connection to what ``factory`` makes, once the token is known.

        Raises:
            OSError: the token is unknown there, or the connection is lost.
        """
        try:
            await self._answered
        except BaseException:
            self._transport.abort()
            raise
        protocol = factory()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        return protocol
