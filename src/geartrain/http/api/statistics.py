"""Statistics: what happened to jobs, in numbers."""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response

from geartrain.http.api.parts import (
    CURSOR,
    FUNCTION_FILTER,
    FUNCTION_PATH,
    LIMIT,
    json_answer,
    listed,
    one,
)
from geartrain.http.endpoints import Call, Endpoint, query
from geartrain.http.listings import listing
from geartrain.http.schemas import COUNTERS, FAILURE, STATISTICS

__all__ = ["ENDPOINTS"]

_OVER: Final = query(
    "over", "Minutes that are recent.", "integer", minimum=1, maximum=60
)
_MINUTES: Final = query(
    "minutes",
    "Of how many of the last minutes to tell what happened in each.",
    "integer",
    minimum=0,
    maximum=60,
)
_BUCKETS: Final = query(
    "buckets", "Whether to tell the buckets of waiting and running times.", "boolean"
)
_LISTED: Final = ("match", "sort", "limit", "over", "minutes")
_DESCRIPTION: Final = """\
A row has what there is `now`, the `total` since the server started, and what happened
in the `recent` minutes, with the quantiles of how long jobs `waited` and `ran`, in
seconds. The row whose function is null is of all.
"""


def _filters(call: Call, *names: str) -> str:
    given = call.filters(*names)
    if call.values.get("buckets"):
        given += " buckets=true"
    return given


async def list_statistics(call: Call) -> Response:
    """List functions with their statistics."""
    return await listing(call, "statistics" + _filters(call, *_LISTED))


async def get_statistics(call: Call) -> Response:
    """Show a function's statistics."""
    given = _filters(call, "function", "over", "minutes")
    (row,) = await call.rows(f"statistics{given}")
    return json_answer(json.loads(row))


async def list_minutes(call: Call) -> Response:
    """List minutes in which something happened."""
    return await listing(call, f"statistics by=minute{_filters(call, 'function')}")


async def list_hours(call: Call) -> Response:
    """List hours in which something happened."""
    return await listing(call, f"statistics by=hour{_filters(call, 'function')}")


async def list_failures(call: Call) -> Response:
    """List kinds of failures."""
    return await listing(call, f"failures{call.filters('function', 'limit')}")


async def list_counters(call: Call) -> Response:
    """List counters."""
    return await listing(call, "counters")


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/statistics",
        name="listStatistics",
        summary="List functions with what happened to their jobs",
        description=_DESCRIPTION,
        tag="statistics",
        call=list_statistics,
        parameters=(
            query("match", "Only functions with this text in their names, or a glob."),
            query(
                "sort",
                "What there is most of comes first, or `function`. With `recent.`"
                " before it the last minutes count; after a `-` the least is first.",
            ),
            LIMIT,
            CURSOR,
            _OVER,
            _MINUTES,
            _BUCKETS,
        ),
        answers=(listed("Functions, and the row of all.", STATISTICS),),
    ),
    Endpoint(
        method="GET",
        path="/v1/functions/{function}/statistics",
        name="getStatistics",
        summary="Show what happened to a function's jobs",
        description=_DESCRIPTION,
        tag="statistics",
        call=get_statistics,
        parameters=(FUNCTION_PATH, _OVER, _MINUTES, _BUCKETS),
        answers=(one("The function's statistics.", STATISTICS),),
        problems=("unknown-function",),
    ),
    Endpoint(
        method="GET",
        path="/v1/statistics/minutes",
        name="listMinutes",
        summary="List what happened in each minute of the last hour",
        tag="statistics",
        call=list_minutes,
        parameters=(FUNCTION_FILTER, _BUCKETS),
        answers=(listed("Minutes in which something happened.", STATISTICS),),
        problems=("unknown-function",),
    ),
    Endpoint(
        method="GET",
        path="/v1/statistics/hours",
        name="listHours",
        summary="List what happened in each hour of the last three days",
        tag="statistics",
        call=list_hours,
        parameters=(FUNCTION_FILTER, _BUCKETS),
        answers=(listed("Hours in which something happened.", STATISTICS),),
        problems=("unknown-function",),
    ),
    Endpoint(
        method="GET",
        path="/v1/failures",
        name="listFailures",
        summary="List what made jobs fail lately, the most frequent first",
        description="Jobs that failed for good, among the latest 20,000 that ended, by"
        " function, state, reason and `kind`, as of dead letters.",
        tag="statistics",
        call=list_failures,
        parameters=(FUNCTION_FILTER, LIMIT),
        answers=(listed("Kinds of failures.", FAILURE),),
    ),
    Endpoint(
        method="GET",
        path="/v1/counters",
        name="listCounters",
        summary="List what has become of each function's jobs since the start",
        tag="statistics",
        call=list_counters,
        answers=(listed("All functions, and those that are forgotten.", COUNTERS),),
    ),
)
