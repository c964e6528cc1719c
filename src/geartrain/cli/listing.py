"""Listings: the options and the output that all commands share which list something.

Such a command names its columns in a ``RowListing``, and shows rows by the ``View``
that ``listing_options`` makes of its options: once, or again and again, as a table or
JSON, sorted and filtered.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain, islice
from typing import Any, Final, Generic, TypeVar, cast

import click

from geartrain.admin import Admin, StatisticsRow
from geartrain.cli.columns import AGE, GROWTH, Column
from geartrain.cli.common import json_option, server_option
from geartrain.cli.filters import SortOrder, column_named, is_glob, row_filter
from geartrain.cli.flags import typed
from geartrain.cli.output import warn_of_unread, write_json, write_lines
from geartrain.cli.tables import screen_width, table
from geartrain.configuration.kinds import whole
from geartrain.errors import OptionError, RefusedError
from geartrain.transport.connect import Connector

__all__ = ["Ask", "Find", "RowListing", "View", "clock", "listing_options"]

# Maximum number of rows that are sorted: they are in memory, about 1 kB each.
_MOST_SORTED: Final = 100_000
# Maximum number of rows that are looked at for columns which few rows have a value in.
_LOOKED_AT: Final = 1000
# Seconds between two looks.
_INTERVAL: Final = 2.0

# The column that --function is about. Without one, the job server must do it.
_FUNCTION_NAMES: Final = ("function", "functions")

_Row = TypeVar("_Row")
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Ask:
    """What a job server need not send, because it would not be shown.

    A command that cannot tell the job server need not: rows are filtered in any case.

    Attributes:
        function: only rows of this function are shown; None for any.
        limit: the maximum number of rows; None for any.
        sort: the name of the column to sort by, if the job server can do that.
    """

    function: str | None
    limit: int | None
    sort: str


Find = Callable[[Admin, Ask], Iterable[_Row]]
"""Asks a job server for the rows of a listing."""


@dataclass(frozen=True, kw_only=True)
class RowListing(Generic[_Row]):
    """What a command lists.

    Attributes:
        columns: its columns.
        to_json: returns a row as a JSON object.
        nothing: is shown if there are no rows.
        key: returns what a row is recognised by when it is seen again; needed for
            columns of growth.
        limit: the maximum number of rows where none is given; None for all.
        sort: the name of the column to sort by where none is given; empty for none.
        server_sorts: the names of the columns that the job server can sort by.
        is_total: whether a row is the sum of others: it is the last, and left out
            where rows are filtered. None if there is no such row.
        heading: returns lines to show above the table.
    """

    columns: Sequence[Column[_Row]]
    to_json: Callable[[_Row], Mapping[str, Any]]
    nothing: str
    key: Callable[[_Row], Hashable] = id
    limit: int | None = None
    sort: str = ""
    server_sorts: frozenset[str] = frozenset()
    is_total: Callable[[_Row], bool] | None = None
    heading: Callable[[Admin], list[str]] = lambda admin: []


@dataclass(frozen=True, kw_only=True)
class View:
    """How rows are to be shown, by the options of ``listing_options``.

    Attributes:
        server: the job server to ask.
        function: the name or glob of the functions whose rows are shown; None for all.
        filters: what rows must be like, as ``row_filter`` reads it.
        columns: the names of the columns to show; empty for all.
        sort: the name of the column to sort by; None for the job server's order.
        is_reverse: whether that is turned round.
        limit: the maximum number of rows; None for the listing's own.
        watch: seconds until it is shown again; None to show it once.
        as_json: whether to print objects.
    """

    server: Connector
    function: str | None = None
    filters: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    sort: str | None = None
    is_reverse: bool = False
    limit: int | None = None
    watch: float | None = None
    as_json: bool = False

    def show(self, listing: RowListing[_Row], find: Find[_Row]) -> None:
        """Show what a job server has of a listing: once, or until Ctrl-C.

        Raises:
            OptionError: an option names a column that there is not.
        """
        if self.watch is None:
            self._show_once(listing, find)
            return
        from geartrain.cli.looks import Looks
        from geartrain.cli.watch import watch

        watch(Looks(self, listing, find), self.watch)

    def _show_once(self, listing: RowListing[_Row], find: Find[_Row]) -> None:
        columns = [each for each in listing.columns if each.kind is not GROWTH]
        choice = Choice(self, listing, columns)
        with Admin(self.server) as admin:
            now, _ = clock(admin) if choice.needs_clock else (time.time(), None)
            rows = choice.rows(find(admin, choice.ask()), now)
            if self.as_json:
                write_json(map(listing.to_json, rows))
            else:
                write_lines(listing.heading(admin))
                write_lines(_lines(choice, rows, now))
            warn_of_unread(admin.unread)
        if choice.is_partial:
            note = f"only the first {_MOST_SORTED:,} rows were sorted"
            click.echo(f"{note}: narrow the list by --filter or --function", err=True)


def _lines(choice: Choice[_Row], rows: Iterable[_Row], now: float) -> Iterator[str]:
    remaining = iter(rows)
    first = list(islice(remaining, _LOOKED_AT))
    if not first:
        yield choice.nothing
        return
    shown = choice.worth_showing(first)
    yield from table(shown, chain(first, remaining), screen_width(), now)


class Choice(Generic[_Row]):
    """Which rows of a listing are shown, in which order, and which columns.

    Attributes:
        shown: the columns.
        needs_clock: whether ages are shown, compared or sorted by.
        is_partial: whether there were more rows than can be sorted or filtered.
    """

    def __init__(
        self, view: View, listing: RowListing[_Row], columns: Sequence[Column[_Row]]
    ) -> None:
        """Choose from ``columns``.

        Raises:
            OptionError: an option names a column that there is not.
        """
        if view.function == "":
            raise OptionError("the function is empty: name one, or leave it out")
        self._view = view
        self._listing = listing
        self._columns = columns
        if is_glob(view.function or "") and self._function_column() is None:
            raise OptionError(f"{view.function!r} is a glob: name one function here")
        self.is_partial = False
        self._sort = self._sort_there = None
        if view.sort or listing.sort:
            column = column_named(columns, view.sort or listing.sort)
            if column.name in listing.server_sorts and not view.is_reverse:
                self._sort_there = column
            else:
                self._sort = column
        names = [name for names in view.columns for name in names.split(",")]
        chosen = [column_named(columns, name) for name in names]
        self.shown = chosen or columns
        used = [] if view.as_json and not view.filters else columns
        self.needs_clock = any(column.kind is AGE for column in used)
        self._limit = listing.limit if view.limit is None else view.limit
        # Mistakes are told before anybody is asked.
        self._filters(0.0)

    @property
    def nothing(self) -> str:
        """What is said if there are no rows."""
        filters = self._view.filters or self._view.function is not None
        return "nothing is like that" if filters else self._listing.nothing

    def worth_showing(self, rows: Sequence[_Row]) -> Sequence[Column[_Row]]:
        """Return the columns that tell something of some rows, or that were chosen."""
        if self._view.columns:
            return self.shown
        return [
            each
            for each in self.shown
            if not each.is_rare or any(each.value(row) is not None for row in rows)
        ]

    def ask(self, most: int | None = None) -> Ask:
        """Return what the job server need not send, if ``most`` rows are shown."""
        view = self._view
        function = view.function
        if function is not None and is_glob(function):
            function = None
        is_chosen_here = self._sort or view.filters or function != view.function
        limits = [each for each in (self._limit, most) if each is not None]
        limit = None if is_chosen_here or not limits else min(limits)
        return Ask(function, limit, self._sort_there.name if self._sort_there else "")

    def rows(
        self, found: Iterable[_Row], now: float, most: int | None = None
    ) -> Iterable[_Row]:
        """Return rows as they are to be shown; look through ``most`` at most."""
        is_total, totals = self._listing.is_total, []
        if is_total is not None:
            all_rows = list(found)
            totals = list(filter(is_total, all_rows))
            found = (row for row in all_rows if not is_total(row))
        filters = self._filters(now)
        rows = self._bounded(found, most)
        if filters:
            rows = (row for row in rows if all(each(row) for each in filters))
        limit = self._limit
        if self._sort is not None:
            order = SortOrder(self._sort, now, is_reverse=self._view.is_reverse)
            rows = iter(order.first(rows, limit))
        return chain(islice(rows, limit), [] if filters else totals)

    def _bounded(self, found: Iterable[_Row], most: int | None) -> Iterator[_Row]:
        if most is None and self._sort is not None:
            most = _MOST_SORTED
        for number, row in enumerate(found):
            if most is not None and number >= most:
                self.is_partial = True
                return
            yield row

    def _filters(self, now: float) -> list[Callable[[_Row], bool]]:
        filters = [row_filter(self._columns, each, now) for each in self._view.filters]
        function, column = self._view.function, self._function_column()
        if function is not None and column is not None:
            if is_glob(function):
                filters.append(
                    row_filter(self._columns, f"{column.name}={function}", now)
                )
            else:
                filters.append(functools.partial(_is_of, column, function))
        return filters

    def _function_column(self) -> Column[_Row] | None:
        named = (each for each in self._columns if each.name in _FUNCTION_NAMES)
        return next(named, None)


def _is_of(column: Column[_Row], function: str, row: _Row) -> bool:
    value = column.value(row)
    return function in value if isinstance(value, tuple) else function == value


def clock(admin: Admin) -> tuple[float, StatisticsRow | None]:
    """Return the time by the job server's clock, and its statistics of all functions.

    Of one that does not tell, such as gearmand, they are this machine's time and None.
    """
    try:
        total = admin.statistics(over=1)
    except RefusedError:
        return time.time(), None
    return total.time, total


_VIEWED: Final = [field.name for field in fields(View)]
_OPTIONS: Final = (
    click.option(
        "--filter",
        "filters",
        multiple=True,
        metavar="FILTER",
        help="Only rows that are like this: a text, COLUMN=GLOB, COLUMN!=GLOB,"
        " COLUMN>NUMBER or COLUMN<NUMBER; an age is 45s, 30m, 12h or 7d. Repeatable.",
    ),
    click.option(
        "--sort",
        metavar="COLUMN",
        help="Sort by this column: numbers the largest first, texts by the alphabet.",
    ),
    click.option(
        "--reverse", "is_reverse", is_flag=True, help="Turn the order of --sort round."
    ),
    click.option(
        "--columns",
        multiple=True,
        metavar="COLUMN,...",
        help="Show these columns only, in this order.",
    ),
    click.option(
        "--limit",
        type=typed(whole(1)),
        metavar="N",
        help="Maximum number of rows.  [x>=1]",
    ),
    click.option(
        "--watch",
        is_flag=False,
        flag_value=_INTERVAL,
        type=click.FloatRange(min=0.1, max=86400),
        metavar="[SECONDS]",
        help=f"Show it again at this interval, by default {_INTERVAL:g} seconds,"
        " until Ctrl-C.",
    ),
    json_option,
    click.option(
        "--all",
        "every",
        is_flag=True,
        help="Ask all job servers that this one has links to, whatever store they have,"
        " also for what each tells of itself alone.",
    ),
)


def listing_options(function_help: str = "") -> Callable[[_Function], _Function]:
    """Add the options of a listing; the command gets them as ``view``.

    ``function_help`` says what ``--function`` does; without it there is none.
    """
    # A command may have an argument of its own that is named so.
    viewing = _VIEWED if function_help else [*set(_VIEWED) - {"function"}]

    def add(command: _Function) -> _Function:
        @functools.wraps(command)
        def viewed(*arguments: Any, **flags: Any) -> Any:
            given = {name: flags.pop(name) for name in viewing if name in flags}
            return command(*arguments, view=View(**given), **flags)

        # First, because click lists what is added last at the top of the help.
        decorated: Any = server_option(viewed)
        for option in reversed(_OPTIONS):
            decorated = option(decorated)
        if function_help:
            option = click.option("--function", metavar="F|GLOB", help=function_help)
            decorated = option(decorated)
        return cast("_Function", decorated)

    return add
