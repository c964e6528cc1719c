"""One function: how it stands and fared, its policy, workers, jobs and failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from geartrain.admin.connection import word
from geartrain.admin.rows import setting
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.limits import LIMITS_MET, limits_at_work
from geartrain.dashboard.page import Page
from geartrain.dashboard.searches import quoted_value
from geartrain.dashboard.settings import settings_shown
from geartrain.dashboard.snapshots import LASTING, Row, are_of_several, row_key
from geartrain.dashboard.standing import standing
from geartrain.dashboard.trends import SPANS, trend_charts, trend_lines, trend_of
from geartrain.http.endpoints import in_path, query
from geartrain.http.problems import ProblemError

__all__ = ["PAGE"]

# Workers and running jobs on the page.
_WORKERS: Final = 10
_JOBS: Final = 10
# Flow keys on the page.
_KEYS: Final = 5
# Kinds of failures on the page.
_KINDS: Final = 8


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for everything about it."""
    function = call.values["function"]
    name = word(function)
    (row,) = await call.ask(f"statistics function={name} over=5")
    span = call.values["span"]
    hour = await trend_of(call, "hour", row["now"], function)
    trend = hour if span == "hour" else await trend_of(call, span, row["now"], function)
    known = await _if_known(call, f"show functions {name}")
    settings = await _settings(call, name)
    limits = limits_at_work(row, settings)
    workers = await _workers(call, name)
    jobs = await _running(call, name)
    return {
        "title": function,
        "function": function,
        "row": row,
        "stands": standing(row),
        "is_known": bool(known),
        "next": known[0]["next"] if known else None,
        "limits": limits,
        "limits_met": LIMITS_MET,
        "keys": await _keys(call, name) if row["now"]["flow_keys"] else [],
        "key_search": f"function:{quoted_value(function)} key:",
        "quoted": quoted_value,
        "searches": {
            state: f"function:{quoted_value(function)} state:{state}"
            for state in ("waiting", "delayed", "running")
        },
        "charts": trend_charts(trend),
        "span": span,
        "spans": SPANS,
        "hour": hour.total(),
        "lines": trend_lines(hour),
        "workers": [{**each, "key": row_key(each)} for each in workers],
        "jobs": jobs,
        "has_nodes": are_of_several([*workers, *jobs]),
        "failures": await call.ask(
            f"failures function={name} limit={_KINDS}", fresh=LASTING
        ),
        # It stands outside of regions: a reader may be changing it.
        "groups": [] if call.is_update else await _groups(call, function, settings),
    }


async def _keys(call: PageCall, name: str) -> list[Row]:
    """Ask for the flow keys that wait longest."""
    line = f"keys {name} sort=oldest limit={_KEYS}"
    rows = await call.ask(line, fresh=LASTING)
    return [row for row in rows if "key" in row]


async def _running(call: PageCall, name: str) -> list[Row]:
    line = f"jobs function={name} state=running limit={_JOBS}"
    return [row for row in await call.ask(line) if "handle" in row]


async def _workers(call: PageCall, name: str) -> list[Row]:
    line = f"show connections function={name} sort=running limit={_WORKERS} names=0"
    return [row for row in await _if_known(call, line) if "number" in row]


async def _if_known(call: PageCall, command: str) -> list[Row]:
    """Ask about a function that may be forgotten: its history still has a page."""
    try:
        return await call.ask(command)
    except ProblemError as error:
        if error.kind != "unknown-function":
            raise
        return []


async def _settings(call: PageCall, name: str) -> dict[str, Any]:
    answer = await call.line(f"policy {name}")
    pairs = (pair.partition("=") for pair in answer.split(" ")[1:])
    return {each: setting(unquote(value)) for each, _, value in pairs}


async def _groups(call: PageCall, function: str, settings: dict[str, Any]) -> Any:
    given = await call.ask(f"show policies {word(function)}")
    return settings_shown(function, settings, given)


PAGE: Final = Page(
    name="function",
    path="/functions/{function}",
    title="Function",
    load=load,
    parameters=(
        in_path("function", "The function's name", "resize"),
        query("span", "How far charts go back.", enum=list(SPANS), default="hour"),
    ),
    is_listed=False,
    under="functions",
)
