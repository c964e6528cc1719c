"""The page from which a job is submitted, and where one is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.payloads import FIRST, payload_of
from geartrain.dashboard.trials import Trial
from geartrain.http.endpoints import query

__all__ = ["PAGE"]

# Functions whose names are offered: the busiest.
_OFFERED: Final = 100


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for the functions there are, and for the job that is waited for."""
    handle = call.values.get("job", "")
    trial = call.trials.find(handle) if handle else None
    if trial is not None and not call.may("see", trial.function):
        trial = None
    return {
        "functions": [] if call.is_update else await _functions(call),
        "function": trial.function if trial else call.values.get("function", ""),
        "handle": handle,
        "trial": trial,
        "told": None if trial is None else await _told(call, trial),
    }


async def _functions(call: PageCall) -> list[str]:
    rows = await call.ask(f"statistics sort=submitted limit={_OFFERED} over=60")
    return [row["function"] for row in rows if row.get("function") is not None]


async def _told(call: PageCall, trial: Trial) -> Mapping[str, Any]:
    """Return what a job has told, as it is shown."""

    async def shown(data: bytes, size: int) -> Any:
        return await payload_of(data, size, trial.function, call.redaction)

    took = (trial.ended or call.now) - trial.began
    return {
        "data": await shown(trial.data[-FIRST:], trial.data_size),
        "warnings": [await shown(each, len(each)) for each in trial.warnings],
        "result": await shown(trial.result, trial.result_size),
        "took": took,
    }


PAGE: Final = Page(
    name="try",
    path="/try",
    title="Try it",
    load=load,
    parameters=(
        query("function", "The function that is filled in."),
        query("job", "The handle of the job that is waited for."),
    ),
)
