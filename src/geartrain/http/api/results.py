"""Results of background jobs, and the stories of jobs that were submitted before."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any, Final

from starlette.responses import Response

from geartrain.http.api.parts import HANDLE_PATH, JSON, json_answer
from geartrain.http.endpoints import Answer, Call, Endpoint, query
from geartrain.http.links import TextLink
from geartrain.http.problems import ProblemError
from geartrain.http.schemas import RESULT
from geartrain.http.stories import EVENTS, LINES, story, story_form
from geartrain.http.streams import Stream, leaving
from geartrain.http.submissions import JobLink, follow

__all__ = ["ENDPOINTS"]

_BYTES: Final = "application/octet-stream"
# Seconds; a story that is longer can be followed again.
_LONGEST: Final = 86400.0
_OVER: Final = frozenset({"failed", "dead", "expired", "cancelled", "dropped"})


async def get_result(call: Call) -> Response:
    """Answer with the result of a job, once it has ended."""
    row = await _row(call)
    if JSON in call.request.headers.get("accept", ""):
        return json_answer(row)
    state = row["state"]
    if state == "unknown":
        raise ProblemError(
            "unknown-job",
            "no job has this handle now: it has ended and is no longer remembered, or"
            " never was",
        )
    if state in _OVER:
        raise ProblemError(
            "job-failed",
            row["error"] or f"the job is {state}",
            handle=row["handle"],
            state=state,
            error=row["error"],
        )
    if state not in ("succeeded", "ended"):
        return json_answer({"handle": row["handle"], "state": state}, 202)
    if row["kept"] != "whole":
        raise ProblemError("no-result", _NOT_KEPT[row["kept"]], handle=row["handle"])
    return Response(_bytes(row), media_type=_BYTES)


_NOT_KEPT: Final = {
    # Which of the two, the job server cannot tell: the policy may have changed since.
    "none": "its result is not kept, or not any more: see result_ttl in the policy of"
    " its function",
    "too_large": "it is larger than the policy of its function keeps: result_size",
}


async def _row(call: Call) -> dict[str, Any]:
    """Return what the job server says of a result; raises ProblemError."""
    link = TextLink()
    call.bridge.open(link, call.visitor)
    try:
        link.ask(f"result {call.handle()} timeout={call.values['wait']!r}")
        async with leaving(call.request.receive, link):
            found: dict[str, Any] = json.loads(await link.line())
        return found
    finally:
        link.close()


def _bytes(row: dict[str, Any]) -> bytes:
    text: str = row["result"]
    if row["encoding"] == "base64":
        return base64.b64decode(text)
    return text.encode()


async def follow_job(call: Call) -> Response:
    """Stream what becomes of a job."""
    form = story_form(call.request.headers.get("accept", "")) or EVENTS
    link = JobLink()
    call.bridge.open(link, call.visitor)
    try:
        await follow(link, call.values["handle"])
    except BaseException:
        link.close()
        raise
    deadline = asyncio.get_running_loop().time() + _LONGEST
    told = story(link, call.values["handle"], deadline, form)
    return Stream(told, link, form)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/jobs/{handle}/result",
        name="getResult",
        summary="Fetch the result of a job",
        description=(
            "The policy setting `result_ttl` keeps results of background jobs. With"
            " `wait` the answer comes when the job has ended, or after so many seconds."
            " With `Accept: application/json` all that is known of it is told."
        ),
        tag="jobs",
        call=get_result,
        parameters=(
            HANDLE_PATH,
            query(
                "wait",
                "Seconds to wait for the job's end.",
                "number",
                minimum=0,
                maximum=86400,
                default=0,
            ),
        ),
        answers=(
            Answer(description="The result.", content={_BYTES: {}, JSON: RESULT}),
            Answer(
                status=202,
                description="The job has not ended.",
                content={
                    JSON: {
                        "type": "object",
                        "required": ["handle", "state"],
                        "properties": {
                            "handle": {"type": "string"},
                            "state": {"type": "string"},
                        },
                    }
                },
            ),
        ),
        problems=("unknown-job", "no-result", "job-failed"),
    ),
    Endpoint(
        method="GET",
        path="/v1/jobs/{handle}/events",
        name="followJob",
        summary="Follow a job",
        description=(
            "The same story as of a job that is submitted with `wait`, of one that was"
            " submitted before: `data`, `warning`, `status`, and its end."
        ),
        tag="jobs",
        call=follow_job,
        parameters=(HANDLE_PATH,),
        answers=(Answer(description="Its story.", content={EVENTS: {}, LINES: {}}),),
        problems=("unknown-job", "no-result"),
    ),
)
