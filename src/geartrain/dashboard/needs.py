"""What needs somebody: what is wrong now, with the page and action that mend it.

A problem that several functions have is one need with the functions that have most of
it, so that ten thousand functions without workers are one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.shown import count
from geartrain.dashboard.snapshots import FRESH, Row
from geartrain.dashboard.trends import MARKS

__all__ = ["MENDING", "Mending", "Need", "needs"]

# Functions of a problem that are named.
_NAMED: Final = 6


@dataclass(frozen=True, kw_only=True)
class Mending:
    """Where a problem is looked at, and what mends it.

    Attributes:
        page: the path of the page; ``{function}`` at its end is the function's name.
        label: what the link to it says.
        several: what is said of several functions, after their number.
        remedy: what mends it for several functions, in a sentence.
        action: the name of the action that mends it; empty if none does.
        acts_on_all: whether that mends it for all functions at once.
        is_grave: whether jobs are kept from running, or lost.
    """

    page: str
    label: str
    several: str = ""
    remedy: str = ""
    action: str = ""
    acts_on_all: bool = False
    is_grave: bool = True


_FUNCTION: Final = "/functions/{function}"

MENDING: Final[Mapping[str, Mending]] = {
    "no_worker": Mending(
        page=_FUNCTION,
        label="See the function",
        several="have waiting jobs and no worker",
        remedy="Start workers for them, or look for mistakes in their names.",
    ),
    "old_jobs": Mending(
        page=_FUNCTION,
        label="See the function",
        several="have jobs that have waited for long",
        remedy="Run more workers, or see what keeps those there are busy.",
        is_grave=False,
    ),
    "paused": Mending(
        page=_FUNCTION,
        label="See the function",
        several="are paused, and have waiting jobs",
        remedy="Resume those that should run.",
        action="resume",
        is_grave=False,
    ),
    "draining": Mending(
        page=_FUNCTION,
        label="See the function",
        several="are draining, and refuse new jobs",
        remedy="Resume those that should take jobs again.",
        action="resume",
        is_grave=False,
    ),
    "limit_of_each": Mending(
        page=_FUNCTION,
        label="See the function",
        several="have limits that hold at each job server by itself",
        remedy="Have the workers of each connect to one job server.",
        is_grave=False,
    ),
    "silent_worker": Mending(page="/workers", label="See the workers"),
    "dead_letters": Mending(
        page="/failures",
        label="See the failures",
        several="have new dead letters",
        remedy="See why they failed, and run them again.",
        action="retry-dead-letters",
        acts_on_all=True,
        is_grave=False,
    ),
    "store_failing": Mending(page="/settings", label="See the store"),
    "store_refusing": Mending(page="/settings", label="See the store"),
    "store_slow": Mending(page="/settings", label="See the store", is_grave=False),
    "disk_nearly_full": Mending(
        page="/settings", label="See the store", is_grave=False
    ),
    "peer_refuses": Mending(page="/cluster", label="See the cluster", is_grave=False),
    "lease_ended": Mending(page="/cluster", label="See the cluster"),
    "peer_away": Mending(page="/cluster", label="See the cluster", is_grave=False),
    "node_lost": Mending(page="/cluster", label="See the cluster"),
    "memory_nearly_full": Mending(
        page="/functions", label="See the functions", is_grave=False
    ),
}
"""By the name of the problem."""

_CRASHED: Final = Mending(page="/settings", label="See the server", is_grave=False)
_UNANSWERED: Final = Mending(page="/settings", label="See the server")
# Seconds that a crash is told of.
_LATELY: Final = 3600.0

# What is not known yet is shown, too.
_OTHER: Final = Mending(
    page="/functions",
    label="See the functions",
    several="have a problem",
    is_grave=False,
)


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something that is wrong now.

    Attributes:
        name: the problem, as one word.
        text: what is wrong, in a sentence.
        remedy: what mends it, in a sentence.
        since: when it began, in seconds since 1970.
        link: the address of the page where it is looked at.
        function: the function it is about; None for several, or the job server.
        named: the functions that have most of it, where it is about several.
        more: how many others there are.
        mending: where it is looked at, and what mends it.
    """

    name: str
    text: str
    remedy: str
    since: float
    link: str
    function: str | None
    named: Sequence[str]
    more: int
    mending: Mending

    @property
    def action(self) -> str:
        """Return the name of the action that mends it; empty if none does."""
        is_one = self.function is not None
        return self.mending.action if is_one or self.mending.acts_on_all else ""


async def needs(call: PageCall, *, fresh: float = FRESH) -> list[Need]:
    """Return what is wrong now, the worst first, then the latest.

    It may be ``fresh`` seconds old.
    """
    groups: dict[str, list[Row]] = {}
    for row in await call.ask(f"problems limit={_NAMED}", fresh=fresh):
        groups.setdefault(row["problem"], []).append(row)
    found = [need for rows in groups.values() for need in _alike(call, rows)]
    found += await _crashes(call)
    found += [_unanswered(call, *each) for each in call.missing().items()]
    return sorted(found, key=lambda each: (not each.mending.is_grave, -each.since))


async def _crashes(call: PageCall) -> list[Need]:
    """Return which job servers started again after a crash lately."""
    lives: dict[str | None, list[Row]] = {}
    for row in await call.ask(MARKS):
        # Where several share a store, each names itself.
        if row.get("number") and row["function"] is None:
            lives.setdefault(row.get("node"), []).append(row)
    return [
        _crashed(call, node, latest[0]["time"])
        for node, latest in lives.items()
        if [row["mark"] for row in latest[:2]] == ["started", "crashed"]
        and latest[0]["time"] >= call.now - _LATELY
    ]


def _crashed(call: PageCall, node: str | None, since: float) -> Need:
    named = f" {node}" if node else ""
    return Need(
        name="crashed",
        text=f"The job server{named} was killed or crashed, and has started again.",
        remedy="See its log and the system's for why. Jobs that ran run again.",
        since=since,
        link=_link(call, _CRASHED, None),
        function=None,
        named=[],
        more=0,
        mending=_CRASHED,
    )


def _unanswered(call: PageCall, name: str, reason: str) -> Need:
    """Return that what is shown lacks what a job server has."""
    return Need(
        name="unanswered",
        text=f"{name} does not answer: what is shown here lacks its jobs and workers.",
        remedy=_sentence(reason),
        since=call.now,
        link=call.url("/settings"),
        function=None,
        named=[],
        more=0,
        mending=_UNANSWERED,
    )


def _alike(call: PageCall, rows: Sequence[Row]) -> list[Need]:
    """Return one problem: of several functions, or of one at each job server."""
    if len({row["function"] for row in rows}) > 1:
        return [_need(call, rows)]
    return [_need(call, [row]) for row in rows]


def _need(call: PageCall, rows: Sequence[Row]) -> Need:
    first = rows[0]
    mending = MENDING.get(first["problem"], _OTHER)
    is_one = len(rows) == 1
    functions = list(dict.fromkeys(row["function"] for row in rows))
    # Each job server tells of those that have most of it there.
    whole = max(len(functions), *(row["functions"] or 1 for row in rows))
    told = first["text"] + (f", at {first['node']}" if first.get("node") else "")
    return Need(
        name=first["problem"],
        text=_sentence(
            told if is_one else f"{count(whole)} functions {mending.several}"
        ),
        remedy=_sentence(first["remedy"] if is_one else mending.remedy),
        since=max(row["since"] for row in rows),
        link=_link(call, mending, first["function"] if is_one else None),
        function=first["function"] if is_one else None,
        named=[] if is_one else functions[:_NAMED],
        more=0 if is_one else whole - len(functions[:_NAMED]),
        mending=mending,
    )


def _link(call: PageCall, mending: Mending, function: str | None) -> str:
    page = mending.page.removesuffix("/{function}")
    if page != mending.page and function is not None:
        return call.url(page, function)
    query: dict[str, Any] = {"function": function} if page == "/failures" else {}
    return call.url(page, **query)


def _sentence(text: str) -> str:
    """Return a text of the job server's as a sentence."""
    end = "." if text and text[-1] not in ".!?" else ""
    return f"{text[:1].upper()}{text[1:]}{end}"
