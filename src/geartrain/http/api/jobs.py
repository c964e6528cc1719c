"""Jobs: found, shown and ended."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import Response

from geartrain.http.api.parts import (
    ALL_STATES,
    CURSOR,
    DONE,
    HANDLE_PATH,
    LIMIT,
    OUTCOMES,
    conditions,
    done,
    json_answer,
    listed,
    names_of,
    one,
)
from geartrain.http.endpoints import Answer, Call, Endpoint, query
from geartrain.http.links import TextLink
from geartrain.http.listings import listing
from geartrain.http.schemas import JOB, REASON
from geartrain.http.streams import begun

__all__ = ["ENDPOINTS"]

_BYTES: Final = "application/octet-stream"
_NAMES: Final = (*names_of(conditions(ALL_STATES)), "limit")


async def list_jobs(call: Call) -> Response:
    """List jobs."""
    return await listing(call, f"jobs{call.filters(*_NAMES)}")


async def get_job(call: Call) -> Response:
    """Show a job."""
    command = f"job {call.word('handle')}"
    command += call.filters("first") or " workload=no"
    if call.values["tail"]:
        command += " tail=yes"
    rows = await call.rows(command)
    return json_answer(json.loads(rows[0]))


async def get_workload(call: Call) -> Response:
    """Give a job's workload."""
    link = TextLink()
    call.bridge.open(link, call.visitor)
    parts = _decoded(link, f"job {call.word('handle')} workload=only")
    return await begun(parts, link, _BYTES)


async def _decoded(link: TextLink, command: str) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a workload as its lines come."""
    link.ask(command)
    try:
        async with aclosing(link.rows()) as slices:
            async for lines in slices:
                yield b"".join(map(base64.b64decode, lines))
    finally:
        link.close()


async def why(call: Call) -> Response:
    """Tell why a job does not run."""
    (row,) = await call.rows(f"why {call.handle()}")
    return json_answer(json.loads(row))


async def list_history(call: Call) -> Response:
    """List what became of jobs."""
    return await listing(call, f"history{call.filters(*_NAMES)}")


async def cancel_job(call: Call) -> Response:
    """End a job or a schedule."""
    await call.line(f"cancel job {call.handle()}")
    return done()


async def release_job(call: Call) -> Response:
    """Make a running job ready again."""
    await call.line(f"release job {call.handle()}")
    return done()


async def retry_job(call: Call) -> Response:
    """End the attempt of a running job, and have another one."""
    delay = f" delay={call.values['delay']!r}"
    await call.line(f"retry job {call.handle()}{delay}{call.filters('error')}")
    return done()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/jobs",
        name="listJobs",
        summary="List and search jobs: those that wait or run, or in any state",
        description=(
            "Slices of at most `limit`; one may have fewer, or none, before the last,"
            " where many jobs had to be looked at. A"
            " cursor is good for a minute."
        ),
        tag="jobs",
        call=list_jobs,
        parameters=(*conditions(ALL_STATES), LIMIT, CURSOR),
        answers=(listed("Jobs, without their workloads.", JOB),),
    ),
    Endpoint(
        method="GET",
        path="/v1/history",
        name="listHistory",
        summary="List what became of jobs, the latest first",
        description="For as long as the policy setting `history` says.",
        tag="jobs",
        call=list_history,
        parameters=(*conditions(OUTCOMES), LIMIT, CURSOR),
        answers=(listed("Jobs that have ended, with their story.", JOB),),
    ),
    Endpoint(
        method="GET",
        path="/v1/jobs/{handle}",
        name="getJob",
        summary="Show a job, also one that has ended, with the story of its attempts",
        tag="jobs",
        call=get_job,
        description=(
            "With `first`, `workload` are the first bytes of its workload, as text or"
            " in base64: see `encoding`. With `tail`, `data` are the last 8 KiB of what"
            " the job streams, from when they are first asked for: ask each second or"
            " so, since they are dropped when nobody asks."
        ),
        parameters=(
            HANDLE_PATH,
            query(
                "first",
                "Bytes of its workload.",
                "integer",
                minimum=1,
                maximum=1048576,
            ),
            query("tail", "The last of its data, too.", "boolean", default=False),
        ),
        answers=(one("The job.", JOB),),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="GET",
        path="/v1/jobs/{handle}/workload",
        name="getWorkload",
        summary="Get the workload of a job or dead letter",
        tag="jobs",
        call=get_workload,
        parameters=(HANDLE_PATH,),
        answers=(Answer(description="The workload.", content={_BYTES: {}}),),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="GET",
        path="/v1/jobs/{handle}/why",
        name="getReason",
        summary="Tell why a job does not run, who runs it, or how it ended",
        tag="jobs",
        call=why,
        parameters=(HANDLE_PATH,),
        answers=(one("A sentence in `why`, and the same in fields.", REASON),),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/jobs/{handle}",
        name="cancelJob",
        summary="Cancel a job or a recurring job",
        tag="jobs",
        call=cancel_job,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{handle}/release",
        name="releaseJob",
        summary="Give a running job to another worker",
        description="It is ready again, as if it had not been assigned.",
        tag="jobs",
        call=release_job,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs/{handle}/retry",
        name="retryJob",
        summary="End the attempt of a running job, and have another one",
        tag="jobs",
        call=retry_job,
        parameters=(
            HANDLE_PATH,
            query(
                "delay",
                "Seconds until it may run.",
                "number",
                minimum=0,
                maximum=3155760000,
                default=0,
            ),
            query("error", "The error to keep with it.", maxLength=2000),
        ),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
)
