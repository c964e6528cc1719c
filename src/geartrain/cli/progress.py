"""A progress bar on the terminal, for commands that take a while."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["ProgressBar"]


class ProgressBar:
    """A bar on stderr from the first ``show`` until ``hide`` or the end of the block.

    Where stderr is no terminal, or the bar is not wanted, nothing is shown, and rich
    is not even loaded.
    """

    def __init__(self, *, is_wanted: bool = True) -> None:
        self._is_wanted = is_wanted and sys.stderr.isatty()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hide()

    def show(self, text: str, done: float = 0, total: float | None = None) -> None:
        """Show a text, and how much is done of a total if that is known."""
        if not self._is_wanted:
            return
        if self._bar is None:
            self._bar = _new_bar()
            self._bar.add_task(text)
        task = self._bar.task_ids[0]
        self._bar.update(task, description=text, completed=done, total=total)
        self._bar.start()

    def hide(self) -> None:
        """Erase the bar: before other output, and at the end."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _new_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    text = TextColumn("{task.description}", markup=False)
    return Progress(BarColumn(), text, console=Console(stderr=True), transient=True)
