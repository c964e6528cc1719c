"""The page of one schedule: its times, what came of them, and what it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.admin.job_rows import data_of
from geartrain.dashboard.actions.schedules import setting_texts
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.pages.schedules import OUTCOME_KINDS
from geartrain.dashboard.payloads import FIRST, payload_of
from geartrain.dashboard.shown import local
from geartrain.http.endpoints import in_path
from geartrain.server.zones import find_zone

__all__ = ["PAGE"]

# Next times that are shown.
_NEXT: Final = 5
# Bytes of a workload that a form has; a larger one stands in a file.
_EDITABLE: Final = 16 * 1024


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for all of it."""
    name = word(call.values["name"])
    (row,) = await call.ask(f"schedule show {name}")
    data = data_of(row["workload"], row["encoding"])
    is_text = row["encoding"] == "utf-8" and len(data) <= _EDITABLE
    return {
        "title": row["name"],
        "row": row,
        "times": await _times(call, name, row),
        "outcomes": OUTCOME_KINDS,
        "settings": setting_texts(row),
        "is_editable": is_text and not call.redaction.is_on,
        "workload": await payload_of(
            data[:FIRST], len(data), row["function"], call.redaction
        ),
    }


async def _times(
    call: PageCall, name: str, row: dict[str, Any]
) -> list[tuple[float, str]]:
    """Return the next times, and what clocks of the schedule's own zone show then."""
    if row["state"] in ("paused", "lost", "ended"):
        return []
    found = await call.ask(f"schedule next {name} count={_NEXT}")
    zone = find_zone(row["timezone"]) if row["timezone"] else None
    return [(each["time"], _there(each["time"], zone)) for each in found]


def _there(when: float, zone: tzinfo | None) -> str:
    return "" if zone is None else f"{local(when, zone):%a %d %b %H:%M}"


PAGE: Final = Page(
    name="schedule",
    path="/schedules/{name}",
    title="Schedule",
    load=load,
    parameters=(in_path("name", "The name of the schedule", "nightly"),),
    is_listed=False,
    under="schedules",
)
