"""The first page: what is wrong now, then how the job server fares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.needs import needs
from geartrain.dashboard.page import Page
from geartrain.dashboard.snapshots import LASTING
from geartrain.dashboard.trends import SPANS, trend_charts, trend_lines, trend_of
from geartrain.http.endpoints import query

__all__ = ["PAGE"]

# Functions in the table.
_TOP: Final = 10


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for everything."""
    rows = await call.ask(f"statistics sort=waiting limit={_TOP} over=5 minutes=60")
    (whole,) = (row for row in rows if row.get("functions") is not None)
    hour = await trend_of(call, "hour", whole["now"])
    span = call.values["span"]
    trend = hour if span == "hour" else await trend_of(call, span, whole["now"])
    return {
        "needs": await needs(call),
        "whole": whole,
        "functions": [row for row in rows if row.get("function") is not None],
        "lines": trend_lines(hour),
        "charts": trend_charts(trend),
        "span": span,
        "spans": SPANS,
        "last_hour": hour.total(),
        "finished": hour.rate_now("succeeded"),
    }


async def badge(call: PageCall) -> tuple[int, str]:
    """Count what is wrong."""
    return len(await needs(call, fresh=LASTING)), "needing attention"


PAGE: Final = Page(
    name="overview",
    path="/",
    title="Overview",
    load=load,
    parameters=(
        query("span", "How far charts go back.", enum=list(SPANS), default="hour"),
    ),
    badge=badge,
)
