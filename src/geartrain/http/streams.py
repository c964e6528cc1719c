"""Answers that are sent as they come, and clients that leave meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from geartrain.http.bridge import Endless
from geartrain.http.links import Link
from geartrain.http.problems import ProblemError

__all__ = ["Stream", "begun", "leaving"]


@asynccontextmanager
async def leaving(receive: Receive, link: Endless) -> AsyncIterator[None]:
    """End a connection when the HTTP client leaves while the block waits on it.

    To the job server that is a client that has left: nobody waits for the job any more.
    """
    watch = asyncio.ensure_future(_close_when_gone(receive, link))
    try:
        yield
    finally:
        watch.cancel()


async def _close_when_gone(receive: Receive, link: Endless) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    link.close()


class Stream(Response):
    """An answer in parts, from what a connection to the job server tells.

    Starlette's own needs a task group of anyio for each, and 50 ms to load one.
    """

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        link: Endless,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        *,
        is_endless: bool = False,
    ) -> None:
        """Send ``parts``; ``link``, their source, ends when the client leaves.

        An endless one ends at once when the client sends no more.
        """
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._parts = parts
        self._link = link
        self._is_endless = is_endless

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the parts; where they break off, the connection does, too."""
        scope["state"]["connection"].is_endless = self._is_endless
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        try:
            async with leaving(receive, self._link), aclosing(self._parts) as parts:
                async for part in parts:
                    await _send(send, part, more=True)
        except ProblemError:
            # A list that ended here in order would pass for the whole.
            scope["state"]["connection"].transport.abort()
            await asyncio.sleep(0)
            return
        await _send(send, b"", more=False)


async def begun(
    parts: AsyncGenerator[bytes, None], link: Link, media_type: str
) -> Stream:
    """Return an answer whose first part has come: until then it may be refused.

    Raises:
        ProblemError: it is.
    """
    try:
        first = await anext(parts, b"")
    except BaseException:
        link.close()
        raise
    return Stream(_with_first(first, parts), link, media_type)


async def _with_first(
    first: bytes, parts: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    yield first
    async for part in parts:
        yield part


async def _send(send: Send, part: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": more})
