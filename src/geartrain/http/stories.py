"""What is told of a job: its result, or its story as it happens."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any, Final

from geartrain.client.updates import number
from geartrain.http.problems import ProblemError
from geartrain.http.submissions import JobLink
from geartrain.protocol.client import Event
from geartrain.protocol.constants import PacketType
from geartrain.texts import error_line

__all__ = ["EVENTS", "LINES", "result", "story", "story_form"]

EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"


def story_form(accepted: str) -> str | None:
    """Return in which form an Accept header wants a story, if it wants one."""
    for form in (EVENTS, LINES):
        if form in accepted.lower():
            return form
    return None


async def _next(link: JobLink, handle: str, deadline: float) -> Event:
    """Return what is told of a job next.

    Raises:
        ProblemError: nothing is, in time.
    """
    try:
        async with asyncio.timeout_at(deadline):
            return await link.next()
    except TimeoutError:
        raise ProblemError(
            "job-timeout",
            "the job took longer than it was waited for, and is given up: wait longer,"
            " or submit it in the background",
            handle=handle,
        ) from None


async def result(link: JobLink, handle: str, deadline: float) -> bytes:
    """Return a job's result, the data that it sent before included.

    Raises:
        ProblemError: it failed, or took too long.
    """
    pieces: list[bytes] = []
    while True:
        event = await _next(link, handle, deadline)
        if event.type in (PacketType.WORK_DATA, PacketType.WORK_COMPLETE):
            pieces.append(event.arguments[1])
        if event.type == PacketType.WORK_COMPLETE:
            return b"".join(pieces) if len(pieces) > 1 else pieces[0]
        if event.type in (PacketType.WORK_FAIL, PacketType.WORK_EXCEPTION):
            raise _failure(event, handle)


def _failure(event: Event, handle: str) -> ProblemError:
    said = event.arguments[1] if event.type == PacketType.WORK_EXCEPTION else b""
    error = said.decode("utf-8", "replace")
    line = error_line(error)
    return ProblemError(
        "job-failed",
        f"its worker says: {line}" if line else "its worker did not say why",
        handle=handle,
        error=error or None,
    )


async def story(
    link: JobLink, handle: str, deadline: float, form: str
) -> AsyncGenerator[bytes, None]:
    """Yield what is told of a job until its end."""
    try:
        yield _told(form, "created", {"handle": handle})
        while True:
            event = await _next(link, handle, deadline)
            name, values = _said(event)
            yield _told(form, name, values)
            if name in ("complete", "failed"):
                return
    except ProblemError as problem:
        name = "timeout" if problem.kind == "job-timeout" else "failed"
        yield _told(form, name, problem.members())
    finally:
        link.close()


def _said(event: Event) -> tuple[str, dict[str, Any]]:
    """Return what a packet tells of a job: its name, and an object."""
    kind, arguments = event.type, event.arguments
    if kind == PacketType.WORK_STATUS:
        done, of = number(arguments[1]), number(arguments[2])
        return "status", {"numerator": done, "denominator": of}
    if kind == PacketType.WORK_FAIL:
        return "failed", {"error": None}
    if kind == PacketType.WORK_EXCEPTION:
        return "failed", {"error": arguments[1].decode("utf-8", "replace")}
    names = {
        PacketType.WORK_DATA: "data",
        PacketType.WORK_WARNING: "warning",
        PacketType.WORK_COMPLETE: "complete",
    }
    return names[PacketType(kind)], _bytes(arguments[1])


def _bytes(data: bytes) -> dict[str, Any]:
    try:
        return {"data": data.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"data": base64.b64encode(data).decode(), "encoding": "base64"}


def _told(form: str, name: str, values: dict[str, Any]) -> bytes:
    """Return one event of a stream. JSON has no line breaks of its own."""
    if form == LINES:
        return json.dumps({"event": name, **values}).encode() + b"\n"
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps(values).encode())
