"""What comes when: delayed jobs, and recurring ones by their names."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from geartrain.http.api.parts import (
    CURSOR,
    DONE,
    FUNCTION_FILTER,
    LIMIT,
    done,
    json_answer,
    listed,
    one,
    setting_words,
)
from geartrain.http.bodies import json_object
from geartrain.http.endpoints import Body, Call, Endpoint, in_path, query
from geartrain.http.listings import listing
from geartrain.http.schemas import SCHEDULE, TIME, UPCOMING

__all__ = ["ENDPOINTS"]

_NAME: Final = in_path(
    "name", "The schedule's name; that of a client's is its handle", "nightly"
)
_COUNT: Final = query(
    "count", "How many.", "integer", minimum=1, maximum=100, default=5
)
_EXAMPLE: Final = {
    "function": "report",
    "cron": "0 3 * * mon-fri",
    "timezone": "Europe/Vienna",
}
_SETTINGS: Final = Body(
    description="Settings by their names, as in the file's `[schedules.NAME]`. Headers"
    " and options are objects. `null` takes back what was changed at run time.",
    schema={
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": ["number", "boolean", "string", "object", "null"]
        },
    },
    example=_EXAMPLE,
)


async def list_upcoming(call: Call) -> Response:
    """List what comes."""
    return await listing(call, f"upcoming{call.filters('function', 'kind', 'limit')}")


async def list_schedules(call: Call) -> Response:
    """List schedules."""
    return await listing(call, f"schedule list{call.filters('function', 'limit')}")


async def get_schedule(call: Call) -> Response:
    """Show all of a schedule."""
    (row,) = await call.rows(f"schedule show {call.word('name')}")
    return json_answer(json.loads(row))


async def add_schedule(call: Call) -> Response:
    """Add a schedule."""
    await call.line(f"schedule add {call.word('name')}{await _given(call)}")
    return done()


async def change_schedule(call: Call) -> Response:
    """Change settings of a schedule."""
    await call.line(f"schedule change {call.word('name')}{await _given(call)}")
    return done()


async def _given(call: Call) -> str:
    """Return the settings of the body as words of a command."""
    settings = await json_object(call.request, "settings", json.dumps(_EXAMPLE))
    plain = {
        name: (urlencode(value) or None) if isinstance(value, dict) else value
        for name, value in settings.items()
    }
    return setting_words(plain)


async def next_times(call: Call) -> Response:
    """List the next times of a schedule."""
    return await _times(call, f" {call.word('name')}", "count")


async def plan_times(call: Call) -> Response:
    """List the next times of what could become a schedule."""
    return await _times(call, "", "cron", "every", "timezone", "until", "count")


async def _times(call: Call, name: str, *filters: str) -> Response:
    rows = await call.rows(f"schedule next{name}{call.filters(*filters)}")
    return json_answer({"items": [json.loads(row) for row in rows], "next": None})


def _steering(verb: str) -> Callable[[Call], Awaitable[Response]]:
    """Return what carries out a verb that takes a name and nothing else."""

    async def steer(call: Call) -> Response:
        await call.line(f"schedule {verb} {call.word('name')}")
        return done()

    return steer


def _steer(verb: str, summary: str, *problems: str) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/v1/schedules/{{name}}/{verb}",
        name=f"{verb}Schedule",
        summary=summary,
        tag="schedules",
        call=_steering(verb),
        parameters=(_NAME,),
        answers=(DONE,),
        problems=("unknown-job", *problems),
    )


def _set(method: str, name: str, summary: str, call: Any, *problems: str) -> Endpoint:
    return Endpoint(
        method=method,
        path="/v1/schedules/{name}",
        name=name,
        summary=summary,
        tag="schedules",
        call=call,
        parameters=(_NAME,),
        body=_SETTINGS,
        answers=(DONE,),
        problems=("bad-request", "too-large", "unsupported-type", *problems),
    )


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
        summary="List recurring jobs, with the last and the next time of each",
        tag="schedules",
        call=list_schedules,
        parameters=(FUNCTION_FILTER, LIMIT, CURSOR),
        answers=(listed("Schedules in the order of their names.", SCHEDULE),),
    ),
    Endpoint(
        method="GET",
        path="/v1/schedules/{name}",
        name="getSchedule",
        summary="Show a recurring job, its workload, and what came of its last times",
        tag="schedules",
        call=get_schedule,
        parameters=(_NAME,),
        answers=(one("The schedule.", SCHEDULE),),
        problems=("unknown-job",),
    ),
    _set("POST", "addSchedule", "Add a recurring job", add_schedule),
    _set(
        "PATCH",
        "changeSchedule",
        "Change settings of a recurring job",
        change_schedule,
        "unknown-job",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/schedules/{name}",
        name="removeSchedule",
        summary="End a recurring job; jobs that it has submitted stay",
        description="One of the configuration file cannot be removed, but paused.",
        tag="schedules",
        call=_steering("remove"),
        parameters=(_NAME,),
        answers=(DONE,),
        problems=("unknown-job",),
    ),
    _steer(
        "run",
        "Submit a recurring job now, beside its times",
        "queue-full",
        "draining",
        "unavailable",
    ),
    _steer("skip", "Leave the next time of a recurring job out"),
    _steer("pause", "Let a recurring job have no times until it is resumed"),
    _steer("resume", "Let a recurring job have times again"),
    Endpoint(
        method="GET",
        path="/v1/schedules/{name}/next",
        name="nextTimes",
        summary="List the next times of a recurring job",
        tag="schedules",
        call=next_times,
        parameters=(_NAME, _COUNT),
        answers=(listed("Times in seconds since 1970.", TIME),),
        problems=("unknown-job",),
    ),
    Endpoint(
        method="GET",
        path="/v1/schedule-times",
        name="planTimes",
        summary="List the next times that cron or every would name",
        tag="schedules",
        call=plan_times,
        parameters=(
            query("cron", "Five fields, or six with seconds first, or @daily."),
            query("every", "Seconds from one time to the next, instead."),
            query("timezone", "A time zone, such as Europe/Vienna."),
            query("until", "The date after which there are none."),
            _COUNT,
        ),
        answers=(listed("Times in seconds since 1970.", TIME),),
    ),
)
