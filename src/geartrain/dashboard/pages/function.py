"""One function: how it stands and fared, its policy, workers, jobs and failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from geartrain.admin.connection import word
from geartrain.admin.rows import setting
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.searches import quoted_value
from geartrain.dashboard.settings import settings_shown
from geartrain.dashboard.snapshots import Row
from geartrain.dashboard.standing import standing
from geartrain.dashboard.trends import SPANS, trend_charts, trend_lines, trend_of
from geartrain.http.endpoints import in_path, query
from geartrain.http.problems import ProblemError

__all__ = ["PAGE"]

# Workers and running jobs on the page.
_WORKERS: Final = 10
_JOBS: Final = 10
# Kinds of failures on the page, and seconds for which they are not counted anew: many
# ends are looked at for it.
_KINDS: Final = 8
_FAILURES_FRESH: Final = 5.0


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for everything about it."""
    function = call.values["function"]
    name = word(function)
    (row,) = await call.ask(f"statistics function={name} over=5")
    span = call.values["span"]
    hour = await trend_of(call, "hour", row["now"], function)
    trend = hour if span == "hour" else await trend_of(call, span, row["now"], function)
    is_known = bool(await _if_known(call, f"show functions {name}"))
    return {
        "title": function,
        "function": function,
        "row": row,
        "stands": standing(row),
        "is_known": is_known,
        "searches": {
            state: f"function:{quoted_value(function)} state:{state}"
            for state in ("waiting", "delayed", "running")
        },
        "charts": trend_charts(trend),
        "span": span,
        "spans": SPANS,
        "hour": hour.total(),
        "lines": trend_lines(hour),
        "workers": await _workers(call, name),
        "jobs": await _running(call, name),
        "failures": await call.ask(
            f"failures function={name} limit={_KINDS}", fresh=_FAILURES_FRESH
        ),
        # It stands outside of regions: a reader may be changing it.
        "settings": [] if call.is_update else await _settings(call, name, function),
    }


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


async def _settings(call: PageCall, name: str, function: str) -> Any:
    answer = await call.line(f"policy {name}")
    pairs = (pair.partition("=") for pair in answer.split(" ")[1:])
    values = {each: setting(unquote(value)) for each, _, value in pairs}
    given = await call.ask(f"show policies {name}")
    return settings_shown(function, values, given)


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
