"""What the engine asks other job servers: who carries that, and where answers go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geartrain.engine.model.inquiries import Inquiry

if TYPE_CHECKING:
    from geartrain.server.driver import Driver

__all__ = ["Inquirer"]


class Inquirer:
    """Hands the engine's questions to whoever has links to other job servers.

    Attributes:
        ask: called with what is to be asked; each is ``informed`` some time later.
    """

    def __init__(self, driver: Driver) -> None:
        """Ask for a driver's engine; nobody, until ``ask`` is set."""
        self._driver = driver
        self.ask: Callable[[list[Inquiry]], None] = self.ask_nobody

    def informed(self, inquiry: Inquiry) -> None:
        """Tell the engine what other job servers said."""
        self._driver.engine.informed(inquiry, self._driver.monotonic())
        self._driver.go_on()

    def ask_nobody(self, inquiries: list[Inquiry]) -> None:
        """Ask no other job server: there are no links, or they have ended."""
        for each in inquiries:
            for said in each.said:
                said.error = said.error or "this job server stops"
            self._driver.call_soon(self.informed, each)
