"""The program: it samples a job server again and again, and goes where it is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches

from geartrain.errors import AdminError, GeartrainError
from geartrain.top.bars import StateBar
from geartrain.top.help import HelpScreen
from geartrain.top.link import Link
from geartrain.top.main import MainScreen
from geartrain.top.page import Action, ActionTarget, AnyPage, Story, Visit
from geartrain.top.pages import PAGES, action_named, page_named
from geartrain.top.pages.problems import mended_at
from geartrain.top.position import Position
from geartrain.top.sampler import Sample, Sampler, check
from geartrain.top.search import Search, read_search
from geartrain.top.steering import steer
from geartrain.top.story import StoryScreen
from geartrain.top.themes import THEMES
from geartrain.transport.connect import Connector

__all__ = ["Top"]

# Seconds between two looks at the clock.
_TICK: Final = 0.5
# A sample that took long is not taken again before this many times as long.
_REST: Final = 4.0


def _action_bindings() -> Iterator[Binding]:
    """Yield the keys of all actions of all pages: those of other pages are hidden."""
    for page in PAGES:
        for action in page.actions:
            yield Binding(
                action.key, f"act('{page.name}', '{action.name}')", action.label
            )


class Top(App[None]):
    """A job server on a full screen.

    Attributes:
        server: the job server.
        orders: the connection for what is to be done to it.
        link: the one for what is shown.
        interval: seconds between two looks.
        is_paused: whether what is shown stays as it is.
        trouble: why there is no answer; empty if there is one.
    """

    TITLE = "geartrain top"
    CSS_PATH = "top.tcss"
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - as in App
        (0, "-tiny"),
        (14, "-short"),
        (24, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        *_action_bindings(),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("space", "pause", "Hold", key_display="space"),
        Binding("s", "sort(1)", "Sort"),
        Binding("S", "sort(-1)", show=False),
        Binding("r", "reverse", "Reverse", show=False),
        Binding("exclamation_mark", "page('problems')", show=False),
        Binding("t", "theme", "Colours", show=False),
        Binding("question_mark", "help", "Keys", key_display="?"),
        Binding("q", "quit", "Quit"),
        *(
            Binding(str(number), f"page('{page.name}')", page.title, show=False)
            for number, page in enumerate(PAGES, 1)
        ),
    ]

    def __init__(
        self,
        server: Connector,
        *,
        page: str = PAGES[0].name,
        search: str = "",
        interval: float = 2.0,
        is_read_only: bool = False,
        theme: str = "dark",
    ) -> None:
        """Prepare to show a page of a job server, every ``interval`` seconds.

        Raises:
            OptionError: the page has no such column.
        """
        # Without colours textual leaves them all out, instead of showing greys.
        super().__init__(ansi_color="NO_COLOR" in os.environ or None)
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self.server = server
        self.is_read_only = is_read_only
        self.is_paused = False
        self.interval = interval
        self.trouble = ""
        self._position = Position(page_named(page), read_search(search))
        check(server, self._position.wanted(1))
        self.link, self.orders = Link(server), Link(server)
        self._sampler = Sampler(server)
        self._wanted = asyncio.Event()
        self._before: list[Position] = []
        self._keys: list[object] = []
        self._main = MainScreen(server, is_read_only=is_read_only)

    def get_default_screen(self) -> MainScreen:
        """Return the screen below all others."""
        return self._main

    def on_mount(self) -> None:
        """Follow the clock and the theme."""
        self.set_interval(_TICK, self._show_state)
        self.theme_changed_signal.subscribe(self, lambda theme: self._main.redraw())

    def on_main_screen_ready(self) -> None:
        """Begin to ask."""
        self._main.go(self._position)
        self._show_state()
        self._sample_on()

    def on_unmount(self) -> None:
        """Leave the job server."""
        self.link.close()
        self.orders.close()

    @property
    def sample(self) -> Sample | None:
        """What was seen last; None before the first answer."""
        return self._main.sample

    @work(name="sampling")
    async def _sample_on(self) -> None:
        """Take samples until the program ends."""
        while True:
            self._wanted.clear()
            # When the program ends, widgets go before this does.
            with contextlib.suppress(NoMatches):
                await self._take_sample()
            seconds = self.sample.seconds if self.sample is not None else 0.0
            pause = max(self.interval, _REST * seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause)
            if self.is_paused:
                await self._wanted.wait()

    async def _take_sample(self) -> None:
        position = self._position
        wanted = position.wanted(self._main.room)
        try:
            sample = await self.link.ask(
                lambda admin: self._sampler.sample(admin, wanted)
            )
        except AdminError as error:
            self.trouble = str(error)
            self._main.show_trouble(self.trouble)
        else:
            self.trouble = ""
            if position is self._position:
                self._main.show(sample)
        self._show_state()

    def _show_state(self) -> None:
        for screen in self.screen_stack:
            for bar in screen.query(StateBar):
                bar.show(self.sample, self.trouble, self.is_paused)

    def look_again(self) -> None:
        """Take a sample now, even if updates are paused."""
        self._wanted.set()

    def _go(self, position: Position) -> None:
        self._position = position
        self._main.go(position)
        self.look_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say which keys do something where somebody is."""
        is_elsewhere = self.screen is not self._main or self._main.is_searching
        if action == "act":
            page, name = parameters
            return self._is_possible(str(page), str(name))
        if action in ("sort", "reverse", "search"):
            return not is_elsewhere
        if action == "leave":
            return not is_elsewhere and bool(self._before or self._position.search.text)
        return True

    def on_main_screen_row_changed(self) -> None:
        """Show the keys for it."""
        self.update_keys()

    def update_keys(self) -> None:
        """Show other keys if other ones do something now.

        The footer is made anew for that: with each sample it would flicker.
        """
        if not self.screen_stack:
            # The program ends.
            return
        page, _ = self._subject()
        keys: list[object] = [self.check_action("leave", ())]
        if page is not None:
            names = [action.name for action in page.actions]
            possible = filter(partial(self._is_possible, page.name), names)
            keys += [page.name, *possible]
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def _is_possible(self, page: str, name: str) -> bool:
        subject, row = self._subject()
        if self.is_read_only or subject is None or subject.name != page:
            return False
        action = action_named(subject, name)
        if action.bulk is None:
            return row is not None and action.is_possible(row)
        if self.screen is not self._main:
            return False
        given, left = self._position.search.parted(subject.asks)
        is_named = bool(given) or not action.needs_search
        return is_named and not left and action.bulk.issuperset(given)

    def _subject(self) -> tuple[AnyPage | None, Any]:
        """Return what keys act on: a row, and the page that it is of."""
        if isinstance(self.screen, StoryScreen):
            return self.screen.page, self.screen.row
        if self.screen is not self._main or self._main.is_searching:
            return None, None
        return self._position.page, self._main.row

    def action_page(self, name: str) -> None:
        """Show a page."""
        while self.screen is not self._main:
            self.pop_screen()
        self._before.clear()
        self._go(Position(page_named(name)))

    def action_mend(self, number: int) -> None:
        """Show what a problem is about."""
        problems = self.sample.problems if self.sample is not None else None
        if problems and number < len(problems):
            self._visit(mended_at(problems[number]))

    def on_main_screen_row_opened(self) -> None:
        """Show what the row under the cursor leads to."""
        row = self._main.row
        if row is not None:
            self._visit(self._position.page.leads_to(row))

    def _visit(self, where: Visit | Story | None) -> None:
        if isinstance(where, Story):
            self.push_screen(StoryScreen(where.handle))
        elif where is not None:
            self._before.append(self._position)
            self._go(Position(page_named(where.page), read_search(where.search)))

    def action_leave(self) -> None:
        """Go back to where a row was opened, or end a search."""
        if self._before:
            self._go(self._before.pop())
        else:
            self._go(replace(self._position, search=Search()))

    def action_pause(self) -> None:
        """Leave what is shown as it is, or go on."""
        self.is_paused = not self.is_paused
        self._show_state()
        if not self.is_paused:
            self.look_again()

    def action_sort(self, step: int) -> None:
        """Sort by the next column, or the one before."""
        self._go(self._position.sorted_next(step))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._go(self._position.reversed())

    def on_main_screen_rows_sorted(self, wanted: MainScreen.RowsSorted) -> None:
        """Sort by a column whose title was clicked."""
        self._go(self._position.sorted_by(wanted.column))

    def on_main_screen_rows_searched(self, wanted: MainScreen.RowsSearched) -> None:
        """Show only rows that are like something."""
        self._go(replace(self._position, search=wanted.search))

    def on_main_screen_rows_short(self) -> None:
        """Take a sample with more rows, unless updates are paused."""
        if not self.is_paused:
            self.look_again()

    def action_search(self) -> None:
        """Ask what rows must be like."""
        self._main.search()

    def action_theme(self) -> None:
        """Use the next colours."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_help(self) -> None:
        """Show what all keys do."""
        self.push_screen(HelpScreen(self._position.page))

    def action_act(self, page: str, name: str) -> None:
        """Do something to the row under the cursor, or to all that are found."""
        action = action_named(page_named(page), name)
        if action.bulk is None:
            target = ActionTarget(row=self._subject()[1])
        else:
            given, _ = self._position.search.parted(self._position.page.asks)
            target = ActionTarget(given=given)
        self._act(action, target)

    @work(name="acting")
    async def _act(self, action: Action[Any], target: ActionTarget[Any]) -> None:
        try:
            await steer(self, action, target)
        except GeartrainError as error:
            self.tell(str(error), is_error=True)
        if isinstance(self.screen, StoryScreen):
            self.screen.look_again()
        self.look_again()

    def tell(self, text: str, *, is_error: bool = False) -> None:
        """Say what has been done, or could not be."""
        severity: Any = "error" if is_error else "information"
        self.notify(text, severity=severity, markup=False, timeout=6.0)
