"""What needs somebody: what is wrong now, with the page and action that mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.snapshots import Row

__all__ = ["MENDING", "Mending", "Need", "needs"]


@dataclass(frozen=True, kw_only=True)
class Mending:
    """Where a problem is looked at, and what mends it.

    Attributes:
        page: the path of the page; ``{function}`` at its end is the function's name.
        label: what the link to it says.
        action: the name of the action that mends it; empty if none does.
        is_grave: whether jobs are kept from running, or lost.
    """

    page: str
    label: str
    action: str = ""
    is_grave: bool = True


MENDING: Final[Mapping[str, Mending]] = {
    "no_worker": Mending(page="/functions/{function}", label="See the function"),
    "old_jobs": Mending(
        page="/functions/{function}", label="See the function", is_grave=False
    ),
    "dead_letters": Mending(
        page="/failures",
        label="See the failures",
        action="retry-dead-letters",
        is_grave=False,
    ),
    "store_failing": Mending(page="/settings", label="See the store"),
    "store_refusing": Mending(page="/settings", label="See the store"),
    "store_slow": Mending(page="/settings", label="See the store", is_grave=False),
    "disk_nearly_full": Mending(
        page="/settings", label="See the store", is_grave=False
    ),
    "memory_nearly_full": Mending(
        page="/functions", label="See the functions", is_grave=False
    ),
}
"""By the name of the problem."""

# What is not known yet is shown, too.
_OTHER: Final = Mending(page="/functions", label="See the functions", is_grave=False)


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something that is wrong now.

    Attributes:
        name: the problem, as one word.
        text: what is wrong, in a sentence.
        remedy: what mends it, in a sentence.
        since: when it began, in seconds since 1970.
        function: the function it is about; None for the whole job server.
        mending: where it is looked at, and what mends it.
        link: the address of that page.
    """

    name: str
    text: str
    remedy: str
    since: float
    function: str | None
    mending: Mending
    link: str


async def needs(call: PageCall) -> list[Need]:
    """Return what is wrong now, the worst first, then the latest."""
    found = [_need(call, row) for row in await call.ask("problems")]
    return sorted(found, key=lambda each: (not each.mending.is_grave, -each.since))


def _need(call: PageCall, row: Row) -> Need:
    mending = MENDING.get(row["problem"], _OTHER)
    function = row["function"]
    page = mending.page.partition("/{function}")[0]
    is_named = page != mending.page and function is not None
    query: dict[str, Any] = {}
    if page == "/failures":
        query["function"] = function
    return Need(
        name=row["problem"],
        text=_sentence(row["text"]),
        remedy=_sentence(row["remedy"]),
        since=row["since"],
        function=function,
        mending=mending,
        link=call.url(page, function, **query) if is_named else call.url(page, **query),
    )


def _sentence(text: str) -> str:
    """Return a text of the job server's as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
