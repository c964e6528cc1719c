"""Who is connected: workers, clients, their processes, and what owners use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import AFTER, Page
from geartrain.dashboard.searches import quoted_value
from geartrain.dashboard.snapshots import Row, are_of_several, row_key
from geartrain.http.endpoints import query, sorting

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
    "owner": "Limits",
}
"""By the value of the parameter ``show``: what there is to look at."""

# What lists that which is no connection.
_COMMANDS: Final = {"process": "show processes", "owner": "show owners"}

_SORTS: Final = ("number", "address", "id", "running", "succeeded", "failed", "silent")


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for one part of one list."""
    shown = call.values["show"]
    command = _COMMANDS.get(shown) or _connections(call)
    line = f"{command} limit={_LIMIT}{call.filters('match', 'after')}"
    rows, more = await call.part(line)
    return {
        "rows": [{**row, "key": row_key(row)} for row in rows],
        "more": more,
        "has_nodes": are_of_several(rows),
        "views": _VIEWS,
        "show": shown,
        "sort": call.values["sort"],
        "match": call.values.get("match", ""),
        "function": call.values.get("function", ""),
        "is_silent": lambda row: _is_silent(call, row),
        "search_of": lambda owner: f"owner:{quoted_value(owner)}",
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
        sorting(*_SORTS, default="running"),
        AFTER,
    ),
)
