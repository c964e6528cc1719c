"""What comes when: delayed jobs and recurring ones."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from geartrain.http.api.parts import (
    DONE,
    FUNCTION_FILTER,
    HANDLE_PATH,
    LIMIT,
    done,
    json_answer,
    listed,
)
from geartrain.http.endpoints import Call, Endpoint, query
from geartrain.http.listings import listing
from geartrain.http.schemas import SCHEDULE, UPCOMING

__all__ = ["ENDPOINTS"]


async def list_upcoming(call: Call) -> Response:
    """List what comes."""
    return await listing(call, f"upcoming{call.filters('function', 'kind', 'limit')}")


async def list_schedules(call: Call) -> Response:
    """List recurring jobs."""
    rows = await call.rows("show schedules")
    return json_answer({"items": [_schedule(row) for row in rows], "next": None})


def _schedule(row: bytes) -> dict[str, Any]:
    text = row.decode("utf-8", "surrogateescape")
    handle, function, unique, fields, due = text.split("\t")
    return {
        "handle": handle,
        "function": function,
        "unique": unique,
        "fields": fields,
        "due": int(due),
    }


async def run_schedule(call: Call) -> Response:
    """Submit a recurring job now."""
    await call.line(f"run {call.handle()}")
    return done()


async def skip_schedule(call: Call) -> Response:
    """Leave the next time of a recurring job out."""
    await call.line(f"skip {call.handle()}")
    return done()


async def end_schedule(call: Call) -> Response:
    """End a recurring job."""
    await call.line(f"cancel job {call.handle()}")
    return done()


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/upcoming",
        name="listUpcoming",
        summary="List delayed and recurring jobs, the soonest first",
        description="Of what the store alone has, a row for each function and priority"
        " says how much that is, and when the first is due.",
        tag="schedules",
        call=list_upcoming,
        parameters=(
            FUNCTION_FILTER,
            query("kind", "Only those.", enum=["job", "schedule", "stored"]),
            LIMIT,
        ),
        answers=(listed("What comes, and when.", UPCOMING),),
    ),
    Endpoint(
        method="GET",
        path="/v1/schedules",
        name="listSchedules",
        summary="List recurring jobs",
        tag="schedules",
        call=list_schedules,
        answers=(listed("All of them.", SCHEDULE),),
    ),
    Endpoint(
        method="POST",
        path="/v1/schedules/{handle}/run",
        name="runSchedule",
        summary="Submit a recurring job now, beside its times",
        tag="schedules",
        call=run_schedule,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job", "queue-full", "draining"),
    ),
    Endpoint(
        method="POST",
        path="/v1/schedules/{handle}/skip",
        name="skipSchedule",
        summary="Leave the next time of a recurring job out",
        tag="schedules",
        call=skip_schedule,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/schedules/{handle}",
        name="endSchedule",
        summary="End a recurring job",
        tag="schedules",
        call=end_schedule,
        parameters=(HANDLE_PATH,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
)
