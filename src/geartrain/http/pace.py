"""Time limits of requests: who sends or reads too slowly is left.

A connection costs a descriptor and some kilobytes for as long as it lasts. So a body
has to arrive at some speed, and an answer has to be read on within a minute. How long a
job may be waited for is another matter: nothing is sent or read meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geartrain.http.problems import ProblemError

__all__ = ["Pace"]

# Seconds in which a body has to begin, and bytes a second that are enough after that.
_PATIENCE: Final = 30.0
_SLOWEST: Final = 4096
# Seconds for the client to read what is on its way: 64 KiB.
_UNREAD: Final = 60.0

_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
]


class Pace:
    """Limits how long a request may take to arrive, and its answer to be read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        began, arrived, has_all = loop.time(), 0, False

        async def received() -> Message:
            nonlocal arrived, has_all
            if has_all:
                return await receive()
            try:
                async with asyncio.timeout_at(began + _PATIENCE + arrived / _SLOWEST):
                    message = await receive()
            except TimeoutError:
                raise ProblemError(
                    "too-slow",
                    "the body arrives too slowly: send it whole, or by chunks",
                    headers={"Connection": "close"},
                ) from None
            arrived += len(message.get("body", b""))
            has_all = not message.get("more_body", False)
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                added = [each for each in _HEADERS if each[0] not in present]
                message["headers"] = [*message["headers"], *added]
            try:
                async with asyncio.timeout(_UNREAD):
                    await send(message)
            except TimeoutError:
                # What is still sent goes nowhere, and whoever waits learns of the end.
                scope["state"]["connection"].transport.abort()
                await asyncio.sleep(0)

        await self._app(scope, received, sent)
