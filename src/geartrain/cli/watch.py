"""``--watch``: show a listing again and again, until Ctrl-C.

A terminal is redrawn in place, on its second screen; the last look stays on the first.
In a pipe each look follows the last. If the job server is lost, that is said, the last
look stays, and it is asked again.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

from geartrain.cli.output import escaped, write_json, write_lines
from geartrain.cli.program import complain
from geartrain.cli.tables import reverse, wrapped
from geartrain.cli.times import age
from geartrain.errors import AdminError
from geartrain.texts import visible

if TYPE_CHECKING:
    from rich.console import Console, ScreenContext

    from geartrain.cli.looks import Look, Looks

__all__ = ["watch"]

# Maximum seconds until a new size of the terminal is noticed.
_TICK: Final = 0.1


def watch(looks: Looks[Any], every: float) -> None:
    """Show looks, ``every`` given seconds, until Ctrl-C.

    Raises:
        AdminError: the first look failed.
    """
    try:
        if sys.stdout.isatty() and not looks.as_json:
            from rich.console import Console

            console = Console()
            if not console.is_dumb_terminal:
                _on_terminal(looks, every, console)
                return
        _in_pipe(looks, every)
    except KeyboardInterrupt:
        pass
    finally:
        looks.close()


def _in_pipe(looks: Looks[Any], every: float) -> None:
    is_lost = False
    is_first = True
    while True:
        try:
            look = looks.look(None)
        except AdminError as error:
            if is_first:
                raise
            if not is_lost:
                complain("geartrain", f"{error}; trying again")
            is_lost = True
        else:
            is_lost = False
            if looks.as_json:
                write_json(look.objects)
            else:
                write_lines([] if is_first else [""])
                write_lines(look.lines(None, None))
            sys.stdout.flush()
            is_first = False
        time.sleep(every)


def _on_terminal(looks: Looks[Any], every: float, console: Console) -> None:
    look = looks.look(console.height)
    frame = _Screenful(console)
    try:
        with _terminated(), console.screen(hide_cursor=True) as screen:
            while True:
                frame.show(screen, look, every)
                try:
                    look = looks.look(console.height)
                    frame.trouble = None
                except AdminError as error:
                    frame.trouble = frame.trouble or _Trouble()
                    frame.trouble.error = str(error)
    finally:
        # What was seen last can still be read, and copied.
        write_lines(frame.lines)


class _Trouble:
    """Since when a job server has not answered, and why."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self.error = ""

    def __str__(self) -> str:
        seconds = time.monotonic() - self._since
        return f"no answer for {age(seconds)}, trying again: {visible(self.error)}"


class _Screenful:
    """What is on the screen.

    Attributes:
        lines: its lines.
        trouble: what is wrong with the job server; None if it answers.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.lines: list[str] = []
        self.trouble: _Trouble | None = None

    def show(self, screen: ScreenContext, look: Look[Any], seconds: float) -> None:
        """Show a look for some seconds; draw it anew if the terminal's size changes."""
        from rich.text import Text

        end = time.monotonic() + seconds
        drawn = None
        while drawn is None or time.monotonic() < end:
            current = (self._console.size, str(self.trouble))
            if current != drawn:
                self.lines = list(self._drawn(look))
                text = escaped("\n".join(self.lines), self._console.encoding)
                screen.update(Text.from_ansi(text, no_wrap=True, overflow="crop"))
                drawn = current
            time.sleep(max(0.0, min(_TICK, end - time.monotonic())))

    def _drawn(self, look: Look[Any]) -> Iterator[str]:
        width, height = self._console.size
        if self.trouble is not None:
            told = wrapped(str(self.trouble), width)[: max(1, height // 2)]
            yield from map(reverse, told)
            height -= len(told)
        yield from look.lines(width, height)


@contextmanager
def _terminated() -> Iterator[None]:
    """Leave the second screen when the process is told to end."""

    def leave(number: int, _: object) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
