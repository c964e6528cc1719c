"""The page from which a job is submitted, and where one is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.payloads import FIRST, payload_of
from geartrain.dashboard.settings import MEANINGS
from geartrain.dashboard.trials import Trial
from geartrain.engine.model.submission_options import SUBMISSION_OPTIONS
from geartrain.http.endpoints import query

__all__ = ["PAGE"]

# Options that have fields of their own.
_FIELDS: Final = ("delay", "priority")
# Functions whose names are offered: the busiest.
_OFFERED: Final = 100


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for the functions there are, and for the job that is waited for."""
    handle = call.values.get("job", "")
    trial = call.trials.find(handle) if handle else None
    if trial is not None and not _may_be_told(call, trial):
        trial = None
    return {
        "functions": await _functions(call) if _is_offered(call) else [],
        "function": trial.function if trial else call.values.get("function", ""),
        "options": [
            (_label(name), each)
            for name, each in SUBMISSION_OPTIONS.items()
            if name not in _FIELDS
        ],
        "handle": handle,
        "trial": trial,
        "told": None if trial is None else await _told(call, trial),
    }


def _may_be_told(call: PageCall, trial: Trial) -> bool:
    """Tell whether somebody may see what became of a job: who may submit it, too."""
    return any(call.may(right, trial.function) for right in ("see", "submit"))


def _is_offered(call: PageCall) -> bool:
    return not call.is_update and call.may("see")


def _label(option: str) -> str:
    """Return what an option is called; one that is a setting, too, as that is."""
    meaning = MEANINGS.get(option)
    return option.capitalize() if meaning is None else meaning.label


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
    right="submit",
    parameters=(
        query("function", "The function that is filled in."),
        query("job", "The handle of the job that is waited for."),
    ),
)
