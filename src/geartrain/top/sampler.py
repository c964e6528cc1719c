"""What the screen shows of a job server at a time, and how that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from geartrain.admin import Admin, ProblemRow, StatisticsRow
from geartrain.cli.columns import Column
from geartrain.cli.listing import Choice, View
from geartrain.errors import OptionError, RefusedError, UnknownJobError
from geartrain.top.page import Page
from geartrain.top.search import Search
from geartrain.transport.connect import Connector

__all__ = ["Sample", "Sampler", "Wanted", "check"]

# Maximum number of rows that are looked through, to sort or search them here: it takes
# half a second, and comes again every few.
_MOST_ROWS: Final = 5_000
# Minutes that are shown one by one.
_MINUTES: Final = 30
# Functions that are told of for each kind of problem.
_MOST_PROBLEMS: Final = 20
# Seconds until the problems are asked for anew: each function is looked at for that.
_SLOW: Final = 5.0

# Said where nothing is found.
_NOTHING: Final = "nothing is like that"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the screen wants to show.

    Attributes:
        page: the page.
        search: what its rows must be like.
        sort: the name of the column that it is sorted by; None for its own.
        is_reverse: whether that is turned round.
        rows: how many rows there is room for.
    """

    page: Page[Any]
    search: Search = field(default_factory=Search)
    sort: str | None = None
    is_reverse: bool = False
    rows: int = 50


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What there was at a time.

    Attributes:
        wanted: what had been asked.
        columns: the page's columns that tell something of these rows.
        rows: its rows.
        has_more: whether there are more rows.
        notes: sentences about them.
        nothing: what is said if there are none.
        now: the time by the job server's clock.
        taken: the same by this machine's steady clock.
        seconds: how long it took.
        version: of the job server.
        load: how many jobs ``waiting``, ``running`` and so on; None for what the job
            server does not tell.
        total: its statistics of all functions, if it tells.
        problems: what is wrong, if it tells.
        refusal: why it does not tell, if it refuses who asks; empty if it does not.
    """

    wanted: Wanted
    columns: Sequence[Column[Any]]
    rows: Sequence[Any]
    has_more: bool
    notes: Sequence[str]
    nothing: str
    now: float
    taken: float
    seconds: float
    version: str
    load: Mapping[str, float | None]
    total: StatisticsRow | None
    problems: Sequence[ProblemRow] | None
    refusal: str


def check(server: Connector, wanted: Wanted) -> None:
    """Read what is searched for, to tell mistakes before anybody is asked.

    Raises:
        OptionError: there is no such column, or it cannot be compared so.
    """
    _choice(server, wanted)


class Sampler:
    """Asks one job server for samples; it leaves out what that has not got."""

    def __init__(self, server: Connector) -> None:
        self._server = server
        self._admin: Admin | None = None

    def sample(self, admin: Admin, wanted: Wanted) -> Sample:
        """Ask for what is wanted.

        Raises:
            AdminError: the job server is lost.
        """
        begun = time.monotonic()
        if admin is not self._admin:
            self._begin(admin)
        self._refusal = ""
        total = self._if_known(
            "statistics", lambda: admin.statistics(over=1, minutes=_MINUTES)
        )
        if begun >= self._slow_again:
            self._ask_slow(admin, begun)
        now = time.time() if total is None else total.time
        sample = self._of_page(admin, wanted, now)
        taken = time.monotonic()
        load = _load(admin) if total is None else total.now
        return replace(
            sample,
            taken=taken,
            seconds=taken - begun,
            load=load,
            total=total,
            problems=self._problems,
            version=self._version,
            refusal=self._refusal,
        )

    def _begin(self, admin: Admin) -> None:
        """Learn to know a job server: after a restart it may be another."""
        self._version = admin.version()
        self._unknown: set[str] = set()
        self._slow_again = 0.0
        self._admin = admin

    def _ask_slow(self, admin: Admin, now: float) -> None:
        self._problems = self._if_known(
            "problems", lambda: admin.problems(limit=_MOST_PROBLEMS)
        )
        self._slow_again = now + _SLOW

    def _if_known(self, name: str, ask: Callable[[], _T]) -> _T | None:
        """Ask what a job server need not know, or may refuse."""
        if name in self._unknown:
            return None
        try:
            return ask()
        except RefusedError as refusal:
            if refusal.code == "NOT_ALLOWED":
                # That may change while it runs.
                self._refusal = str(refusal)
            else:
                self._unknown.add(name)
            return None

    def _of_page(self, admin: Admin, wanted: Wanted, now: float) -> Sample:
        """Return a sample of the page alone."""
        choice = _choice(self._server, wanted)
        ask = replace(choice.ask(wanted.rows + 1), sort=_order(wanted) or "")
        given, _ = wanted.search.parted(wanted.page.asks)
        rows: list[Any] = []
        notes: list[str] = []
        nothing = choice.nothing if not wanted.search.conditions else _NOTHING
        admin.unread = []
        try:
            found = wanted.page.find(admin, ask, given)
            rows = list(choice.rows(found, now, _MOST_ROWS))
        except (RefusedError, UnknownJobError, OptionError) as refusal:
            nothing = _lacking(refusal)
        if choice.is_partial:
            notes.append(f"of the first {_MOST_ROWS:,} rows: search by function")
        notes += [f"{name} did not answer" for name in admin.unanswered]
        if admin.unread:
            notes.append(f"{len(admin.unread):,} lines were not understood")
        return Sample(
            wanted=wanted,
            columns=choice.worth_showing(rows[: wanted.rows]),
            rows=rows[: wanted.rows],
            has_more=len(rows) > wanted.rows,
            notes=notes,
            nothing=nothing,
            now=now,
            taken=0.0,
            seconds=0.0,
            version="",
            load={},
            total=None,
            problems=None,
            refusal="",
        )


def _choice(server: Connector, wanted: Wanted) -> Choice[Any]:
    """Return what is left to be sorted and searched here."""
    page = wanted.page
    _, left = wanted.search.parted(page.asks)
    is_sorted = _order(wanted) is not None
    view = View(
        server=server,
        filters=tuple(left),
        sort=None if is_sorted else wanted.sort,
        is_reverse=wanted.is_reverse and not is_sorted,
    )
    listing = replace(page.listing, limit=None, sort="" if is_sorted else page.sort)
    return Choice(view, listing, page.listing.columns)


def _order(wanted: Wanted) -> str | None:
    """Return what the job server is asked to sort by; None if it cannot."""
    orders = wanted.page.sorts.get(wanted.sort or wanted.page.sort)
    return (orders[wanted.is_reverse] or None) if orders is not None else None


def _lacking(refusal: Exception) -> str:
    if isinstance(refusal, RefusedError) and refusal.code.startswith("UNKNOWN_"):
        return "this job server does not tell: it is no Geartrain, or an older one"
    return str(refusal)


def _load(admin: Admin) -> Mapping[str, float | None]:
    """Return how many jobs there are at a server without statistics."""
    try:
        rows = admin.functions()
    except RefusedError:
        return {}
    return {
        "waiting": sum(row.waiting for row in rows),
        "running": sum(row.running for row in rows),
    }
