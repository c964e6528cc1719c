"""Dead letters: grouped by what went wrong, then each, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.dashboard.snapshots import LASTING, are_of_several
from geartrain.http.endpoints import query

__all__ = ["PAGE", "REASONS"]

_GROUPS: Final = 12
_LETTERS: Final = 50
_FILTERS: Final = ("function", "reason", "kind", "error")
REASONS: Final = {
    "exception": "raised an exception",
    "fail": "failed, and said nothing",
    "timeout": "took too long",
    "crash": "lost its worker",
    "retry": "wanted another attempt",
}
"""Why an attempt failed, in words."""


async def load(call: PageCall) -> Mapping[str, Any]:
    """Ask for the groups and for one slice of the letters."""
    chosen = {name: call.values.get(name, "") for name in _FILTERS}
    part = f"limit={_GROUPS}{call.filters('function')}"
    groups = await call.ask(f"dead groups {part}", fresh=LASTING)
    letters, more = await call.part(
        f"dead list order=newest limit={_LETTERS}{call.filters(*_FILTERS, 'after')}"
    )
    (whole,) = await call.ask("statistics limit=0 over=1")
    lately = await call.ask(f"failures {part}", fresh=LASTING)
    return {
        "chosen": chosen,
        "is_chosen": any(chosen.values()),
        "filters": {name: value for name, value in chosen.items() if value},
        "groups": groups,
        "others": [row for row in lately if row["state"] != "dead"],
        "letters": letters,
        "has_nodes": are_of_several(letters),
        "more": more,
        "dead": whole["now"]["dead"],
        "reasons": REASONS,
    }


async def badge(call: PageCall) -> tuple[int, str]:
    """Count the dead letters."""
    (whole,) = await call.ask("statistics limit=0 over=1", fresh=LASTING)
    return whole["now"]["dead"], "dead letters"


PAGE: Final = Page(
    name="failures",
    path="/failures",
    title="Failures",
    load=load,
    badge=badge,
    parameters=(
        query("function", "Only those of this function."),
        query("reason", "Only those that died for this reason.", enum=["", *REASONS]),
        query("kind", "Only those whose error is of this kind."),
        query("error", "Only those with this in their error."),
        query("after", "The letter that the slice comes after."),
    ),
)
