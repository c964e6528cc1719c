"""A stream of what happens to jobs and functions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from functools import lru_cache
from typing import Final

from starlette.responses import Response

from geartrain.admin.connection import word
from geartrain.http.api.parts import FUNCTION_FILTER
from geartrain.http.bridge import Bridge
from geartrain.http.endpoints import Answer, Call, Endpoint, header
from geartrain.http.links import TextLink
from geartrain.http.problems import ProblemError
from geartrain.http.rows import readable_row
from geartrain.http.streams import Stream

__all__ = ["ENDPOINTS"]

_EVENTS: Final = "text/event-stream"
# Seconds of silence after which a comment shows that the stream goes on.
_SILENCE: Final = 15.0
# Events that are at hand as they are sent: all of two seconds. To make one takes ten
# times as long as to find it, and each stream that is open needs it.
_AT_HAND: Final = 1000
_HEAD: Final = re.compile(rb'{(?:"id": "([0-9a-f-]+)", )?"event": "([a-z]+)"')

_DESCRIPTION: Final = """\
Server-sent events: `job` (with its `state`: `scheduled`, `ready`, `waiting` in the
store alone, `running`, and its outcome), `function` (with the `change`: `created`,
`workers`, `policy`, `forgotten`), `skipped` (with a `count`: 500 events are told in a
second, and of others their number), and `gap` where some are missing. A client that
comes back with `Last-Event-ID` within a minute, as browsers do, goes on where it was.
"""


async def follow(call: Call) -> Response:
    """Follow what happens."""
    command = f"events{call.filters('function')}"
    last = call.values.get("last_event_id")
    if last:
        command += f" after={word(last)}"
    link = TextLink()
    call.bridge.open(link, call.visitor)
    try:
        link.ask(command)
        await link.line()
    except BaseException:
        link.close()
        raise
    return Stream(_told(call.bridge, link), link, _EVENTS, is_endless=True)


async def _told(bridge: Bridge, link: TextLink) -> AsyncGenerator[bytes, None]:
    bridge.endless.add(link)
    try:
        yield b": follow\n\n"
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    rows = await link.some()
            except TimeoutError:
                yield b": still here\n\n"
            else:
                yield b"".join(map(_event, rows))
    except ProblemError:
        # The job server stops.
        return
    finally:
        bridge.endless.discard(link)
        link.close()


@lru_cache(maxsize=_AT_HAND)
def _event(row: bytes) -> bytes:
    """Return a row as an event; JSON has no line breaks of its own."""
    found = _HEAD.match(row)
    assert found is not None
    number = b"id: %s\n" % found[1] if found[1] else b""
    return b"%sevent: %s\ndata: %s\n\n" % (number, found[2], readable_row(row))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/events",
        name="followEvents",
        summary="Follow what happens to jobs and functions",
        description=_DESCRIPTION,
        tag="server",
        call=follow,
        parameters=(
            FUNCTION_FILTER,
            header("Last-Event-ID", "The id of the last event that was seen."),
        ),
        answers=(Answer(description="Events, without end.", content={_EVENTS: {}}),),
    ),
)
