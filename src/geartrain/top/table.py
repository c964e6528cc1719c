"""The table of a page: rows that change where they stand, under a cursor that stays."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from geartrain.cli.columns import Column, Fit
from geartrain.cli.layout import GAP, Layout
from geartrain.top.page import DIM
from geartrain.top.sampler import Sample
from geartrain.top.themes import ink

__all__ = ["RowTable"]

_RISING, _FALLING = "▲", "▼"


class RowTable(DataTable[Text]):
    """Rows of samples.

    Cells are changed where they stand, and the cursor follows its row to where that is
    now, so that nobody acts on a row that has slipped under it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open"),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g,home", "scroll_top", show=False),
        Binding("G,end", "scroll_bottom", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False)
        self._sample: Sample | None = None
        self._shown: tuple[object, ...] = ()

    @property
    def room(self) -> int:
        """How many rows it is worth asking for: those in sight, and a screen more."""
        # Its own height is nothing while there are no rows: it is hidden then.
        return int(self.scroll_offset.y) + 2 * self.screen.size.height

    @property
    def row(self) -> Any:
        """The row under the cursor; None if there is none."""
        rows = self._sample.rows if self._sample is not None else ()
        return rows[self.cursor_row] if 0 <= self.cursor_row < len(rows) else None

    def show(self, sample: Sample) -> None:
        """Show a sample."""
        key, before = self._key(), self._sample
        is_other = before is None or before.wanted.page is not sample.wanted.page
        self._sample = sample
        self._draw()
        if is_other:
            self.move_cursor(row=0, scroll=True)
        else:
            self._follow(key)

    def redraw(self) -> None:
        """Lay the same rows out anew, for another width or theme."""
        if self._sample is not None:
            self._draw()

    def _key(self) -> Hashable:
        row = self.row
        if row is None or self._sample is None:
            return None
        return self._sample.wanted.page.listing.key(row)

    def _follow(self, key: Hashable) -> None:
        """Put the cursor to the row that it was on."""
        if key is None or self._key() == key or self._sample is None:
            return
        keys = map(self._sample.wanted.page.listing.key, self._sample.rows)
        for number, each in enumerate(keys):
            if each == key:
                self.move_cursor(row=number, scroll=False)
                return

    def _draw(self) -> None:
        sample = self._sample
        assert sample is not None
        columns = [_on_one_line(n, each) for n, each in enumerate(sample.columns)]
        texts = [
            [each.text(row, sample.now) for each in columns] for row in sample.rows
        ]
        titles = [self._title(column) for column in columns]
        natural = [
            max(map(cell_len, (title, *(row[n] for row in texts))))
            for n, title in enumerate(titles)
        ]
        # Two places of padding a column, and one for the bar at the side.
        layout = Layout(columns, natural, max(self.screen.size.width - GAP - 1, 1))
        placed = [(columns[n], n, width) for n, width in layout.widths.items()]
        self._set_columns(placed, titles)
        self._set_rows(placed, texts)

    def _title(self, column: Column[Any]) -> str:
        assert self._sample is not None
        wanted = self._sample.wanted
        if column.name != (wanted.sort or wanted.page.listing.sort):
            return column.title
        is_falling = (column.kind.measure is not None) != wanted.is_reverse
        return f"{column.title}{_FALLING if is_falling else _RISING}"

    def _set_columns(
        self, placed: Sequence[tuple[Column[Any], int, int]], titles: Sequence[str]
    ) -> None:
        assert self._sample is not None
        page = self._sample.wanted.page.name
        wanted = (page, self.app.theme, *((titles[n], width) for _, n, width in placed))
        if wanted == self._shown:
            return
        row, offset = self.cursor_row, self.scroll_offset
        self.clear(columns=True)
        for column, n, width in placed:
            title = Text(_cut(titles[n], width), justify=_side(column))
            self.add_column(title, width=width, key=column.name)
        if self._shown[:1] == wanted[:1]:
            self._set_blank_rows(len(self._sample.rows), len(placed))
            self.move_cursor(row=row, scroll=False)
            self.scroll_to(y=offset.y, animate=False, immediate=True)
        self._shown = wanted

    def _set_blank_rows(self, count: int, columns: int) -> None:
        while self.row_count > count:
            self.remove_row(str(self.row_count - 1))
        while self.row_count < count:
            self.add_row(*[Text("")] * columns, key=str(self.row_count))

    def _set_rows(
        self, placed: Sequence[tuple[Column[Any], int, int]], texts: list[list[str]]
    ) -> None:
        assert self._sample is not None
        self._set_blank_rows(len(texts), len(placed))
        for number, (row, cells) in enumerate(
            zip(self._sample.rows, texts, strict=True)
        ):
            for column, n, width in placed:
                cell = self._cell(column, row, _cut(cells[n], width))
                if self.get_cell(str(number), column.name) != cell:
                    self.update_cell(str(number), column.name, cell)

    def _cell(self, column: Column[Any], row: Any, text: str) -> Text:
        assert self._sample is not None
        tone = self._sample.wanted.page.tones.get(column.name)
        meant = tone(row) if tone is not None else ""
        if text in ("-", "0") and not meant:
            meant = DIM
        style = ink(self.app, meant) if meant else ""
        return Text(text, style=style, justify=_side(column), no_wrap=True, end="")


def _on_one_line(number: int, column: Column[Any]) -> Column[Any]:
    """Return a column whose cells are cut instead of going below; the first stays."""
    fit = Fit.CUT if column.kind.fit in (Fit.KEEP, Fit.WRAP) else column.kind.fit
    return replace(column, kind=replace(column.kind, fit=fit if number else Fit.KEEP))


def _side(column: Column[Any]) -> Any:
    return "right" if column.kind.is_number else "left"


def _cut(text: str, width: int) -> str:
    """Cut a text to a width; of a handle the end tells it from others."""
    if cell_len(text) <= width:
        return text
    if width < 8:
        return set_cell_size(text, max(width - 1, 0)).rstrip() + "…"
    if text.startswith("H:"):
        return "…" + text[-(width - 1) :]
    return set_cell_size(text, width - 1).rstrip() + "…"
