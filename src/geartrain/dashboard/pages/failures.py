"""Dead letters: grouped by what went wrong, then each, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.page import Page
from geartrain.http.endpoints import query

__all__ = ["PAGE", "REASONS"]

_GROUPS: Final = 12
_LETTERS: Final = 50
# Seconds for which groups are not made anew: that reads thousands of letters.
_FRESH: Final = 5.0
_FILTERS: Final = ("function", "reason", "error")
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
    chosen = {name: call.values.get(name) or "" for name in _FILTERS}
    groups = await call.ask(
        f"dead groups limit={_GROUPS}{_words(call, 'function')}", fresh=_FRESH
    )
    place = _words(call, *_FILTERS, "after")
    letters = await call.ask(f"dead list order=newest limit={_LETTERS}{place}")
    (whole,) = await call.ask("statistics limit=0 over=1")
    lately = await call.ask(
        f"failures limit={_GROUPS}{_words(call, 'function')}", fresh=_FRESH
    )
    following = next((row["after"] for row in letters if "after" in row), None)
    return {
        "chosen": chosen,
        "is_chosen": any(chosen.values()),
        "filters": {name: value for name, value in chosen.items() if value},
        "groups": groups,
        "others": [row for row in lately if row["state"] != "dead"],
        "letters": [row for row in letters if "handle" in row],
        "more": following,
        "dead": whole["now"]["dead"],
        "reasons": REASONS,
    }


def _words(call: PageCall, *names: str) -> str:
    """Return parameters, where they say something, as arguments of a text command."""
    given = {name: call.values.get(name) for name in names}
    return "".join(f" {name}={word(value)}" for name, value in given.items() if value)


async def badge(call: PageCall) -> tuple[int, str]:
    """Count the dead letters."""
    (whole,) = await call.ask("statistics limit=0 over=1")
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
        query("error", "Only those with this in their error."),
        query("after", "The letter that the slice comes after."),
    ),
)
