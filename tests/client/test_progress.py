"""The line that says how far something long has come."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

from geartrain.client.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_last_line_tells_count_total_and_rate() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), Progress("resize", [b"x"] * 2000, True) as progress:
        for _ in range(1000):
            progress.add()
    last = terminal.getvalue().rpartition("\r")[2]
    assert last.startswith("resize: 1,000 of 2,000 (50%), ")
    assert last.endswith("s left\x1b[K\n")


def test_a_generator_has_no_total() -> None:
    terminal = Terminal()
    with (
        redirect_stderr(terminal),
        Progress("resize", (b"x" for _ in range(9)), True) as progress,
    ):
        progress.add(9)
    last = terminal.getvalue().rpartition("\r")[2]
    assert last.startswith("resize: 9, ")


def test_nothing_is_shown_unless_it_is_wanted() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), Progress("resize", [b"x"], False) as progress:
        progress.add()
    assert terminal.getvalue() == ""


def test_nothing_is_shown_where_there_is_no_terminal() -> None:
    output = io.StringIO()
    with redirect_stderr(output), Progress("resize", [b"x"], True) as progress:
        progress.add()
    assert output.getvalue() == ""
