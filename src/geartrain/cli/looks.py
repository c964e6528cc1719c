"""Looks at a listing, one after the other: what there is, and how fast it grows."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final, Generic, TypeVar

import click

from geartrain.admin import Admin, StatisticsRow
from geartrain.cli.columns import GROWTH, RATE, Column
from geartrain.cli.listing import Choice, Find, RowListing, View, clock
from geartrain.cli.tables import Drawing, bold, width
from geartrain.cli.times import age, brief
from geartrain.errors import AdminError

__all__ = ["Look", "Looks"]

# Maximum number of rows that one look goes through, to sort or filter them: it comes
# again every few seconds.
_MOST_ROWS: Final = 10_000
# Spaces between two parts of the head.
_GAP: Final = "  "

_Row = TypeVar("_Row")


@dataclass(frozen=True, kw_only=True)
class Look(Generic[_Row]):
    """What there was of a listing at a time.

    Attributes:
        head: parts of the line above it: who was asked, when, and the load.
        columns: its columns.
        rows: its rows.
        objects: the rows as JSON objects.
        now: the time by the job server's clock.
        notes: sentences below it, such as that there are more rows.
        nothing: is shown if there are no rows.
        has_more: whether there are more rows, which were not asked for.
    """

    head: Sequence[str]
    columns: Sequence[Column[_Row]]
    rows: Sequence[_Row]
    objects: Sequence[Any]
    now: float
    notes: Sequence[str]
    nothing: str
    has_more: bool

    def lines(self, screen: int | None, height: int | None) -> Iterator[str]:
        """Yield its lines, for a terminal of this size, or for a pipe."""
        head = list(_filled(self.head, screen))
        yield from (head if screen is None else map(bold, head))
        yield ""
        room = None
        if height is not None:
            room = max(2, height - len(head) - 1 - len(self.notes))
        notes = self.notes
        if self.rows:
            shown, left_out = self._table(screen, room)
            yield from shown
            if left_out or self.has_more:
                number = "" if self.has_more else f"{left_out:,} "
                notes = [*notes, f"… {number}more"]
        else:
            yield self.nothing
        yield from (note[:screen] for note in notes)

    def _table(self, screen: int | None, room: int | None) -> tuple[list[str], int]:
        """Return the lines of as many rows as there is room for, and how many lack."""
        drawing = Drawing(self.columns, screen)
        # A row has at least one line.
        rows = [
            drawing.titles,
            *(
                [column.text(row, self.now) for column in self.columns]
                for row in islice(self.rows, room)
            ),
        ]
        lines: list[str] = []
        number = 0
        for number, row in enumerate(drawing.rows(rows)):
            # One line is for how many are left out.
            most = None if room is None else room - (number < len(self.rows))
            if most is not None and len(lines) + len(row) > most:
                return lines, len(self.rows) - number + 1
            lines += row
        return lines, len(self.rows) - number


class Looks(Generic[_Row]):
    """Looks at a listing of a job server, which may be lost and come back.

    Attributes:
        as_json: whether JSON is wanted.
    """

    def __init__(self, view: View, listing: RowListing[_Row], find: Find[_Row]) -> None:
        """Prepare; nobody is asked yet.

        Raises:
            OptionError: an option names a column that there is not.
        """
        self._view = view
        self._listing = listing
        self._find = find
        self._columns = [self._measured(column) for column in listing.columns]
        self._choice = Choice(view, listing, self._columns)
        self._growth = Growth()
        self._admin: Admin | None = None
        self._command = click.get_current_context().command_path
        self.as_json = view.as_json

    def close(self) -> None:
        """Leave the job server."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def look(self, height: int | None) -> Look[_Row]:
        """Ask the job server; ``height`` rows are enough.

        Raises:
            AdminError: the job server is lost. The next look connects again.
        """
        try:
            if self._admin is None:
                self._admin = Admin(self._view.server)
            return self._look(self._admin, height)
        except AdminError:
            self.close()
            raise

    def _look(self, admin: Admin, height: int | None) -> Look[_Row]:
        now, total = clock(admin)
        most = None if height is None else height + 1
        self._choice.is_partial = False
        ask = self._choice.ask(most)
        found = self._find(admin, ask)
        self._growth.begin()
        rows = list(self._choice.rows(found, now, _MOST_ROWS))
        head = [self._command, str(self._view.server), brief(now)]
        notes: list[str] = []
        if self._choice.is_partial:
            notes.append(f"of the first {_MOST_ROWS:,} rows: narrow it by --function")
        notes += [f"{name} did not answer" for name in admin.unanswered]
        if admin.unread:
            notes.append(f"{len(admin.unread):,} lines were not understood")
        return Look(
            head=[*head, *(self._load(total) if total is not None else ())],
            columns=self._choice.worth_showing(rows),
            rows=rows,
            objects=list(map(self._listing.to_json, rows)) if self.as_json else [],
            now=now,
            notes=notes,
            nothing=self._choice.nothing,
            has_more=ask.limit is not None and ask.limit == most == len(rows),
        )

    def _load(self, total: StatisticsRow) -> Iterator[str]:
        """Yield what there is of all functions, and how fast it grows."""
        for name in ("waiting", "running", "dead"):
            yield f"{name} {total.now[name] or 0:,.0f}"
        if total.now["oldest"] is not None:
            yield f"oldest {age(total.now['oldest'])}"
        for label, name in (("in", "submitted"), ("ok", "succeeded")):
            rate = self._growth.rate((None, name), total.total.counts[name])
            if rate is not None:
                yield f"{label} {RATE.show(rate, 0.0)}/s"

    def _measured(self, column: Column[_Row]) -> Column[_Row]:
        """Return a column of growth as one of rates."""
        if column.kind is not GROWTH:
            return column
        return replace(column, kind=RATE, value=partial(self._rate, column))

    def _rate(self, column: Column[_Row], row: _Row) -> float | None:
        total = column.value(row)
        if total is None:
            return None
        key = (column.title, self._listing.key(row))
        return self._growth.rate(key, total)


class Growth:
    """How fast totals grow from one look to the next."""

    def __init__(self) -> None:
        self._now: dict[Hashable, float] = {}
        self._before: dict[Hashable, float] = {}
        self._seconds = 0.0
        self._time = 0.0

    def begin(self) -> None:
        """Begin a look."""
        moment = time.monotonic()
        self._seconds, self._time = moment - self._time, moment
        self._before, self._now = self._now, {}

    def rate(self, key: Hashable, total: float) -> float | None:
        """Return the growth a second of a total since the look before; None if unknown.

        It is unknown if the total was not seen before, or began anew.
        """
        self._now[key] = total
        before = self._before.get(key)
        if before is None or total < before or self._seconds <= 0:
            return None
        return (total - before) / self._seconds


def _filled(parts: Sequence[str], screen: int | None) -> Iterator[str]:
    """Yield parts, as many a line as fit."""
    line = ""
    for part in parts:
        longer = f"{line}{_GAP}{part}" if line else part
        if line and screen is not None and width(longer) > screen:
            yield line
            longer = part
        line = longer
    yield line[:screen]
