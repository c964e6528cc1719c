"""The line that a page is searched by, which completes the names of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

__all__ = ["SearchBar"]


class _Columns(Suggester):
    """Completes the name of a column, at the end of what is written."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        """Return the whole line with the column's name and ``=``, if there is one."""
        before, space, word = value.rpartition(" ")
        found = (each for each in self._names if word and each.startswith(word))
        name = next(found, None)
        return None if name is None else f"{before}{space}{name}="


class SearchBar(Vertical):
    """Asks what rows must be like; it is hidden until it is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave it")]

    class Left(Message):
        """The search is to stay as it was."""

    def __init__(self) -> None:
        super().__init__(id="search")

    def compose(self) -> ComposeResult:
        """Lay out the line, and one for what is wrong with it."""
        yield Input(
            placeholder="text, column=glob, column!=glob, age>10m, size<1000;"
            " → completes a column"
        )
        yield Static("", markup=False)

    def open(self, text: str, columns: Sequence[str]) -> None:
        """Ask; ``text`` is what is searched for now."""
        line = self.query_one(Input)
        line.suggester = _Columns(columns)
        line.value = text
        self.complain("")
        self.add_class("shown")
        line.focus()

    def close(self) -> None:
        """Hide it."""
        self.remove_class("shown")

    def complain(self, error: str) -> None:
        """Say what is wrong with what was written."""
        told = self.query_one(Static)
        told.update(Text(error))
        told.display = bool(error)

    def action_leave(self) -> None:
        """Leave the search as it was."""
        self.close()
        self.post_message(self.Left())
