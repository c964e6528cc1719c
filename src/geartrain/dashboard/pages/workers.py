"""Who is connected: workers, clients, and the processes that workers run in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.snapshots import Row
from geartrain.http.endpoints import query

__all__ = ["PAGE"]

# Rows of a page, and functions that a row names.
_LIMIT: Final = 50
_NAMES: Final = 4
# Seconds after which a worker that has a job and says nothing is called silent: those
# of most libraries say nothing while they run one.
_SILENT: Final = 300.0

_VIEWS: Final[Mapping[str, str]] = {
    "worker": "Workers",
    "process": "Processes",
    "client": "Clients",
    "other": "Others",
}
"""By the value of the parameter ``show``: what there is to look at."""

_SORTS: Final = ("number", "address", "id", "running", "succeeded", "failed", "silent")


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for one part of one list."""
    shown = call.values["show"]
    command = "show processes" if shown == "process" else _connections(call)
    line = f"{command} limit={_LIMIT}{call.filters('match', 'after')}"
    rows = await call.ask(line)
    return {
        "rows": [row for row in rows if "address" in row],
        "more": next((row["after"] for row in rows if "after" in row), None),
        "views": _VIEWS,
        "show": shown,
        "sort": call.values["sort"],
        "match": call.values.get("match", ""),
        "function": call.values.get("function", ""),
        "is_silent": lambda row: _is_silent(call, row),
    }


def _connections(call: PageCall) -> str:
    line = f"show connections kind={call.values['show']} names={_NAMES}"
    function = call.values.get("function")
    if function:
        line += f" function={word(function)}"
    return f"{line} sort={call.values['sort']}"


def _is_silent(call: PageCall, row: Row) -> bool:
    return bool(row["running"]) and call.now - row["heard"] > _SILENT


PAGE: Final = Page(
    name="workers",
    path="/workers",
    title="Workers",
    load=load,
    parameters=(
        query("show", "What to look at.", enum=list(_VIEWS), default="worker"),
        query("function", "Only those that serve this function."),
        query("match", "A text in their ids, addresses or targets, or a glob."),
        query(
            "sort",
            "What they are sorted by.",
            enum=[sign + each for each in _SORTS for sign in ("", "-")],
            default="running",
        ),
        query("after", "Where to go on."),
    ),
)
