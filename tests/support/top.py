"""Drive ``geartrain top`` in a test: press keys, and wait for what is on the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from geartrain.top.app import Top
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector
from tests.support.servers import RunningServer
from tests.support.waiting import PATIENCE


class Driven:
    """A ``Top`` without a terminal."""

    def __init__(self, app: Top, pilot: Pilot[None]) -> None:
        self.app = app
        self._pilot = pilot

    def text(self) -> str:
        """Return what is on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def line(self, text: str) -> str:
        """Return the last line with a text; empty if there is none."""
        found = [each for each in self.text().splitlines() if text in each]
        return found[-1] if found else ""

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self._pilot.press(*keys)

    async def write(self, text: str) -> None:
        """Press the keys of a text."""
        named = {
            " ": "space",
            "=": "equals_sign",
            "*": "asterisk",
            ">": "greater_than_sign",
        }
        await self._pilot.press(*(named.get(each, each) for each in text))

    async def click(self, text: str) -> None:
        """Click where a text stands for the last time."""
        lines = list(enumerate(self.text().splitlines()))
        for y, line in reversed(lines):
            if text in line:
                await self._pilot.click(offset=(line.index(text) + 1, y))
                return
        raise AssertionError(f"{text!r} is not in\n{self.text()}")

    async def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal."""
        await self._pilot.resize_terminal(columns, lines)

    async def until(self, *texts: str, gone: tuple[str, ...] = ()) -> str:
        """Return the screen once these texts are on it, and others are not."""
        deadline = time.monotonic() + PATIENCE
        while True:
            screen = self.text()
            is_there = all(text in screen for text in texts)
            if is_there and not any(text in screen for text in gone):
                return screen
            assert time.monotonic() < deadline, f"{texts} without {gone}:\n{screen}"
            await self._pilot.pause(0.05)


def drive(
    server: RunningServer | str,
    scenario: Callable[[Driven], Awaitable[None]],
    size: tuple[int, int] = (120, 30),
    **options: Any,
) -> None:
    """Run ``top`` on a job server, and a scenario with it."""
    address = server if isinstance(server, str) else server.address

    async def run() -> None:
        connector = SocketConnector(parse_address(address))
        app = Top(connector, **{"interval": 0.2, **options})
        async with app.run_test(size=size, notifications=True) as pilot:
            await scenario(Driven(app, pilot))

    asyncio.run(run())
