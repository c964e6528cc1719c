"""The screen that says what the keys do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from geartrain.top.page import DIM, AnyPage
from geartrain.top.themes import ink

__all__ = ["HelpScreen"]

_KEYS: Final = (
    ("1 … 9", "the pages; a click on one, too"),
    ("!", "what is wrong, and what mends it"),
    ("↑ ↓  j k", "one row up or down; page up, page down"),
    ("enter", "open the row: its jobs, its story"),
    ("esc", "back; end the search"),
    ("/", "search this page"),
    ("s S", "sort by the next column, or that before; click a title"),
    ("r", "turn the order round"),
    ("space", "hold what is shown, or go on"),
    ("t", "colours: dark, light, the terminal's own"),
    ("q", "quit"),
)
_SEARCH: Final = (
    ("mail", "this text, in any column"),
    ("function=mail*", "a column that is so, where * and ? are anything"),
    ("state!=ready", "a column that is not so"),
    ("age>10m size<100", "more, less; ages in s, m, h, d; all must hold"),
    ("'error=no route'", "in quotes, with spaces"),
)
_NAMES: Final = {"plus": "+"}
_WIDTH: Final = 18


class HelpScreen(ModalScreen[None]):
    """Keys, those of a page, and how to search it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss_help", "Back"),
    ]

    def __init__(self, page: AnyPage) -> None:
        super().__init__()
        self._page = page

    def compose(self) -> ComposeResult:
        """Lay out the text, which scrolls."""
        with VerticalScroll(classes="dialog"):
            yield Static(Text("\n").join(self._lines()), markup=False)

    def _lines(self) -> Iterator[Text]:
        yield from self._section("Keys", _KEYS)
        actions = [
            (_NAMES.get(action.key, action.key), action.label)
            for action in self._page.actions
        ]
        if actions:
            yield Text("")
            yield from self._section(f"{self._page.title}: what can be done", actions)
            told = "each asks first, and says how many jobs it is about"
            yield Text(told, style=ink(self.app, DIM))
        yield Text("")
        columns = ", ".join(column.name for column in self._page.listing.columns)
        yield from self._section("Search", _SEARCH)
        yield Text(f"columns: {columns}", style=ink(self.app, DIM))

    def _section(self, title: str, keys: Iterable[tuple[str, str]]) -> Iterator[Text]:
        yield Text(title, style=f"bold {ink(self.app, 'primary')}")
        for key, told in keys:
            yield Text.assemble((f"{key:<{_WIDTH}}", "bold"), told)

    def action_dismiss_help(self) -> None:
        """Go back."""
        self.dismiss()
