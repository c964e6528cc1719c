"""Submitting jobs, in the background or waiting for the result."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.responses import Response

from geartrain.client.updates import number
from geartrain.http.api.parts import FUNCTION_PATH, JSON, json_answer
from geartrain.http.endpoints import Answer, Body, Call, Endpoint, header, query
from geartrain.http.problems import ProblemError
from geartrain.http.schemas import SUBMITTED
from geartrain.http.streams import Stream, leaving
from geartrain.http.submissions import JobLink, Workload, submit
from geartrain.protocol.client import Event
from geartrain.protocol.constants import PacketType

__all__ = ["ENDPOINTS"]

_BYTES: Final = "application/octet-stream"
_EVENTS: Final = "text/event-stream"
_LINES: Final = "application/x-ndjson"
# Seconds; whoever waits longer than a day may as well come back.
_LONGEST_WAIT: Final = 86400

_PARAMETERS: Final = (
    FUNCTION_PATH,
    query(
        "wait",
        "Run the job in the foreground, and wait up to this many seconds for its"
        " result. 0 runs it in the background.",
        "number",
        minimum=0,
        maximum=_LONGEST_WAIT,
        default=0,
    ),
    query(
        "unique",
        "Jobs of a function with the same unique are one job while it waits or runs:"
        " it is safe to submit it again.",
        maxLength=64,
    ),
    header("Idempotency-Key", "The same as `unique`."),
    query(
        "priority",
        "Jobs of higher priority run before others.",
        enum=["high", "normal", "low"],
        default="normal",
    ),
    query(
        "delay",
        "Seconds until it may run, by the job server's clock; background only.",
        "number",
        minimum=0,
        maximum=3155760000,
    ),
    query(
        "at",
        "When it may run, in seconds since 1970; background only.",
        "number",
        minimum=0,
        maximum=253402300799,
    ),
)

_DESCRIPTION: Final = """\
The body, of any kind, is the workload as it is. In the background (the default) the
answer is 202 with the job's handle once the job is durable. With `wait` the result's
bytes are the answer; a client that leaves meanwhile is one that nobody need run the job
for. With `Accept: text/event-stream` or `application/x-ndjson` the job's story is
streamed as it happens: `created`, `data`, `warning`, `status`, and at the end
`complete`, `failed` or `timeout`, each with a JSON object. Bytes in it are `data`, as
text if they are UTF-8, or else base64, as `encoding` says.
"""


async def submit_job(call: Call) -> Response:
    """Answer a submission."""
    values = call.values
    is_awaited = values["wait"] > 0
    _check(values, is_awaited)
    form = _form(call) if is_awaited else JSON
    workload = Workload(call.request, call.bridge.max_packet)
    link = JobLink()
    call.bridge.open(link, call.address)
    try:
        handle = await submit(link, values, workload, is_awaited)
        if not is_awaited:
            return _accepted(call, handle)
        headers = {"Gearman-Handle": _header(handle)}
        deadline = asyncio.get_running_loop().time() + values["wait"]
        if form != _BYTES:
            told = link
            # From here on the answer ends the connection.
            link = JobLink()
            return Stream(_story(told, handle, deadline, form), told, form, headers)
        async with leaving(call.request.receive, link):
            data = await _result(link, handle, deadline)
        return Response(data, headers=headers, media_type=_BYTES)
    finally:
        link.close()


def _check(values: dict[str, Any], is_awaited: bool) -> None:
    for name in ("delay", "at"):
        if is_awaited and name in values:
            raise ProblemError(
                "invalid",
                f"a job with {name} runs in the background: leave wait out",
                parameter=name,
            )
    key = values.get("idempotency_key")
    if key is not None and values.get("unique", key) != key:
        raise ProblemError(
            "invalid", "unique and Idempotency-Key differ: give one of them"
        )


def _form(call: Call) -> str:
    """Return how the result of a job that is awaited is to be told."""
    accepted = call.request.headers.get("accept", "*/*").lower()
    for form in (_EVENTS, _LINES):
        if form in accepted:
            return form
    return _BYTES


def _header(text: str) -> str:
    """Return a name as a header can hold it."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def _accepted(call: Call, handle: str) -> Response:
    values = call.values
    unique = values.get("unique") or values.get("idempotency_key")
    told = {"handle": handle, "function": values["function"], "unique": unique}
    return json_answer(told, 202, {"Location": call.path_of_job(handle)})


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


async def _result(link: JobLink, handle: str, deadline: float) -> bytes:
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
    return ProblemError(
        "job-failed",
        f"its worker says: {error}" if error else "its worker did not say why",
        handle=handle,
        error=error or None,
    )


async def _story(
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
    if form == _LINES:
        return json.dumps({"event": name, **values}).encode() + b"\n"
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps(values).encode())


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path="/v1/functions/{function}/jobs",
        name="submitJob",
        summary="Submit a job",
        description=_DESCRIPTION,
        tag="jobs",
        call=submit_job,
        parameters=_PARAMETERS,
        body=Body(description="The workload.", media_type="*/*", example="picture.jpg"),
        answers=(
            Answer(
                description="The result of a job that was awaited.",
                content={_BYTES: {}, _EVENTS: {}, _LINES: {}},
            ),
            Answer(
                status=202,
                description="The job is queued, and durable.",
                content={JSON: SUBMITTED},
            ),
        ),
        problems=(
            "length-required",
            "too-large",
            "unsupported-type",
            "queue-full",
            "job-failed",
            "job-timeout",
        ),
    ),
)
