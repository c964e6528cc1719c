"""Listings: rows of a text command, streamed as one JSON object.

``{"items": [...], "next": "…"}``, where ``next`` is the cursor of the next slice, or
null.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import Response

from geartrain.admin.connection import word
from geartrain.http.endpoints import Call
from geartrain.http.kept import Kept
from geartrain.http.links import TextLink
from geartrain.http.problems import ProblemError
from geartrain.http.rows import AFTER, lines_of
from geartrain.http.streams import begun

__all__ = ["listing"]

_JSON: Final = "application/json"


async def listing(call: Call, command: str) -> Response:
    """Answer with the rows of a command.

    The slice that ``call``'s ``cursor`` names is asked for, if it has one.

    Raises:
        ProblemError: the job server refuses.
    """
    cursor = call.values.get("cursor", "")
    link, after = _begun(call, cursor)
    if after:
        command += f" after={after}"
    response = await begun(_parts(link, command, call.bridge.kept), link, _JSON)
    call.unanswered.update(link.unanswered)
    return response


def _begun(call: Call, cursor: str) -> tuple[TextLink, str]:
    """Return the connection for a list, and where it is to go on."""
    name, dot, after = cursor.partition(".")
    # Only dead letters are listed without anything kept.
    if cursor and not (dot and (name or after.isdecimal())):
        raise ProblemError(
            "invalid", f"cursor={cursor[:60]!r} is none: take it from next"
        )
    if name:
        return call.bridge.kept.take(name), word(after)
    link = TextLink()
    call.bridge.open(link, call.visitor)
    return link, word(after)


async def _parts(
    link: TextLink, command: str, kept: Kept
) -> AsyncGenerator[bytes, None]:
    """Yield a list as JSON, in parts; the first comes once the first rows have."""
    following = None
    separator = b'{"items": [\n'
    is_kept = False
    try:
        link.ask(command)
        async with aclosing(link.rows()) as slices:
            async for rows in slices:
                if rows[-1].startswith(AFTER):
                    following = str(json.loads(rows.pop())["after"])
                if rows:
                    yield separator + b",\n".join(lines_of(rows))
                    separator = b",\n"
        name = ""
        if following is not None and not following.isdecimal():
            name = kept.keep(link)
            is_kept = True
        cursor = None if following is None else f"{name}.{following}"
        begin = b'{"items": [' if separator.startswith(b"{") else b"\n"
        yield begin + b'], "next": %s}\n' % json.dumps(cursor).encode()
    finally:
        if not is_kept:
            link.close()
