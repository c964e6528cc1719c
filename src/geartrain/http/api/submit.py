"""Submitting jobs, in the background or waiting for the result."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.responses import Response

from geartrain.engine.model.submission_options import SUBMISSION_OPTIONS
from geartrain.http.api.parts import FUNCTION_PATH, JSON, json_answer
from geartrain.http.endpoints import (
    Answer,
    Body,
    Call,
    Endpoint,
    asked_option,
    header,
    query,
)
from geartrain.http.problems import ProblemError
from geartrain.http.schemas import SUBMITTED
from geartrain.http.stories import EVENTS, LINES, result, story, story_form
from geartrain.http.streams import Stream, leaving
from geartrain.http.submissions import JobLink, Workload, job_headers, submit

__all__ = ["ENDPOINTS"]

_BYTES: Final = "application/octet-stream"
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
        "fail_without_worker",
        "Whether to fail at once if no worker has the function; with `wait` only.",
        "boolean",
    ),
    *(asked_option(name) for name in SUBMISSION_OPTIONS if name != "priority"),
)

_DESCRIPTION: Final = """\
The body, of any kind, is the workload as it is. In the background (the default) the
answer is 202 with the job's handle once the job is durable. With `wait` the result's
bytes are the answer; a client that leaves meanwhile is one that nobody need run the job
for. With `Accept: text/event-stream` or `application/x-ndjson` the job's story is
streamed as it happens: `created`, `data`, `warning`, `status`, and at the end
`complete`, `failed` or `timeout`, each with a JSON object. Bytes in it are `data`, as
text if they are UTF-8, or else base64, as `encoding` says.

Request headers `Gearman-Header-NAME` are headers of the job, which its worker is told;
so are `traceparent`, `tracestate` and `baggage`.
"""


async def submit_job(call: Call) -> Response:
    """Answer a submission."""
    values = call.values
    is_awaited = values["wait"] > 0
    _check(values, is_awaited)
    form = story_form(call.request.headers.get("accept", ""))
    workload = Workload(call.request, call.bridge.max_packet)
    headers = job_headers(call.request)
    link = JobLink()
    call.bridge.open(link, call.visitor)
    try:
        handle = await submit(link, values, headers, workload, is_awaited)
        if not is_awaited:
            return _accepted(call, handle)
        told_of = {"Gearman-Handle": _header(handle)}
        deadline = asyncio.get_running_loop().time() + values["wait"]
        if form is not None:
            told = link
            # From here on the answer ends the connection.
            link = JobLink()
            return Stream(story(told, handle, deadline, form), told, form, told_of)
        async with leaving(call.request.receive, link):
            data = await result(link, handle, deadline)
        return Response(data, headers=told_of, media_type=_BYTES)
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
    if not is_awaited and values.get("fail_without_worker"):
        raise ProblemError(
            "invalid",
            "a job in the background waits for a worker: give wait, or leave"
            " fail_without_worker out",
            parameter="fail_without_worker",
        )
    key = values.get("idempotency_key")
    if key is not None and values.get("unique", key) != key:
        raise ProblemError(
            "invalid", "unique and Idempotency-Key differ: give one of them"
        )


def _header(text: str) -> str:
    """Return a name as a header can hold it."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def _accepted(call: Call, handle: str) -> Response:
    values = call.values
    unique = values.get("unique") or values.get("idempotency_key")
    told = {"handle": handle, "function": values["function"], "unique": unique}
    return json_answer(told, 202, {"Location": call.path_of_job(handle)})


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
                content={_BYTES: {}, EVENTS: {}, LINES: {}},
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
            "too-many",
            "draining",
            "no-worker",
            "job-failed",
            "job-timeout",
        ),
    ),
)
