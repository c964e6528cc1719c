"""The screen of a page: the bars, the table, and the line to search by."""

from __future__ import annotations

from typing import Any, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from geartrain.errors import OptionError
from geartrain.texts import cut, visible
from geartrain.top.bars import LoadBar, ProblemBar, StateBar, TabBar
from geartrain.top.pages import PAGES
from geartrain.top.position import Position
from geartrain.top.sampler import Sample, check
from geartrain.top.search import Search, read_search
from geartrain.top.searchbar import SearchBar
from geartrain.top.table import RowTable
from geartrain.transport.connect import Connector

__all__ = ["MainScreen"]

# Characters of the text of a row that are shown below the table.
_DETAIL: Final = 600


class MainScreen(Screen[None]):
    """Shows samples of a page, and says what somebody wants of it.

    Attributes:
        sample: what is shown; None before the first.
    """

    class Ready(Message):
        """All is laid out."""

    class RowChanged(Message):
        """The row under the cursor is another, or is otherwise than it was."""

    class RowOpened(Message):
        """The row under the cursor is to be opened."""

    class RowsSearched(Message):
        """Rows are to be like something."""

        def __init__(self, search: Search) -> None:
            super().__init__()
            self.search = search

    class RowsSorted(Message):
        """Rows are to be sorted by a column."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    class RowsShort(Message):
        """More rows are needed, or others: the size has changed."""

    def __init__(self, server: Connector, *, is_read_only: bool) -> None:
        super().__init__()
        self._server = server
        self._is_read_only = is_read_only
        self._position = Position(PAGES[0])
        self.sample: Sample | None = None

    def compose(self) -> ComposeResult:
        """Lay out all there is."""
        yield StateBar(str(self._server), is_read_only=self._is_read_only)
        yield LoadBar()
        yield ProblemBar()
        yield TabBar(PAGES)
        yield RowTable()
        yield Static("", id="nothing", markup=False)
        yield Static("", id="detail", markup=False)
        yield SearchBar()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Let keys move the cursor, and ask for what is to be shown."""
        self._table.focus()
        self.post_message(self.Ready())

    def on_resize(self) -> None:
        """Lay everything out for the new size."""
        self.call_after_refresh(self.redraw)

    @property
    def _table(self) -> RowTable:
        return self.query_one(RowTable)

    @property
    def is_searching(self) -> bool:
        """Whether somebody writes what rows must be like."""
        return isinstance(self.focused, Input)

    @property
    def room(self) -> int:
        """How many rows it is worth asking for."""
        return self._table.room

    @property
    def row(self) -> Any:
        """The row under the cursor; None if there is none."""
        if self.sample is None or self.sample.wanted.page is not self._position.page:
            return None
        return self._table.row

    def go(self, position: Position) -> None:
        """Show another page, from the next sample on."""
        self._position = position
        self._show_tabs()

    def show(self, sample: Sample) -> None:
        """Show a sample."""
        self.sample = sample
        is_empty = not sample.rows
        nothing = self.query_one("#nothing", Static)
        self._table.set_class(is_empty, "empty")
        nothing.set_class(is_empty, "shown")
        nothing.update(Text(visible(sample.nothing), justify="center"))
        self._table.show(sample)
        if self.focused is None:
            # It loses the focus when it is hidden because there are no rows.
            self._table.focus()
        self.query_one(LoadBar).show(sample)
        self.query_one(ProblemBar).show(sample.problems, sample.refusal)
        self._show_tabs()
        self._show_detail()
        self.post_message(self.RowChanged())

    def show_trouble(self, trouble: str) -> None:
        """Say what is wrong with the connection, above what was seen last."""
        self.query_one(ProblemBar).show(None, trouble)

    def redraw(self) -> None:
        """Show the same for another size or theme, and ask for what lacks."""
        self._show_tabs()
        if self.sample is not None:
            self._table.redraw()
            self.show(self.sample)
        self.post_message(self.RowsShort())

    def search(self) -> None:
        """Ask what rows must be like."""
        columns = [column.name for column in self._position.page.listing.columns]
        self.query_one(SearchBar).open(self._position.search.text, columns)

    def _show_tabs(self) -> None:
        position, notes = self._position, [self._position.page.note]
        if self.sample is not None and self.sample.wanted.page is position.page:
            notes += self.sample.notes
        self.query_one(TabBar).show(position.page, position.search.text, notes)

    def _show_detail(self) -> None:
        row = self.row
        text = "" if row is None else visible(self._position.page.detail(row))
        detail = self.query_one("#detail", Static)
        detail.update(Text(cut(text, _DETAIL)))
        detail.display = bool(text)

    def on_input_submitted(self, submitted: Input.Submitted) -> None:
        """Search by what was written, or say what is wrong with it."""
        bar = self.query_one(SearchBar)
        try:
            search = read_search(submitted.value)
            check(self._server, self._position.wanted(1, search))
        except OptionError as error:
            bar.complain(str(error))
            return
        bar.close()
        self._table.focus()
        self.post_message(self.RowsSearched(search))

    def on_search_bar_left(self) -> None:
        """Leave the search as it was."""
        self._table.focus()

    def on_data_table_row_selected(self) -> None:
        """Open a row by Enter, or by a click on where the cursor is."""
        self.post_message(self.RowOpened())

    def on_data_table_header_selected(self, selected: RowTable.HeaderSelected) -> None:
        """Sort by the column whose title was clicked."""
        self.post_message(self.RowsSorted(str(selected.column_key.value)))

    def on_data_table_row_highlighted(self) -> None:
        """Show the keys for another row; ask for more rows near the end."""
        self.post_message(self.RowChanged())
        self._show_detail()
        sample, table = self.sample, self._table
        if sample is None or not sample.has_more:
            return
        if table.cursor_row > len(sample.rows) - table.size.height:
            self.post_message(self.RowsShort())
