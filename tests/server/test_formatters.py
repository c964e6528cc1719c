"""What lines of the log look like, whatever others had a say in them."""

from __future__ import annotations

import logging
import sys

import pytest

from geartrain.server.formatters import GearmandFormatter, PlainFormatter

FORMATTERS = [GearmandFormatter(), PlainFormatter()]


def record(words: str, error: BaseException | None = None) -> logging.LogRecord:
    trace = None
    if error is not None:
        try:
            raise error
        except BaseException:
            trace = sys.exc_info()
    made = logging.LogRecord("geartrain.x", logging.ERROR, "", 0, words, (), trace)
    made.threadName = "MainThread"
    return made


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_no_name_makes_a_line_long(formatter: logging.Formatter) -> None:
    line = formatter.format(record("f" * 1_000_000 + ": no room"))
    assert len(line) < 4700
    assert "… (996009 more) …" in line
    assert line.endswith(": no room")
    for wide in ("\udcff", "\ud800", "\U000e0001"):
        assert len(formatter.format(record(wide * 1_000_000))) < 4700
        assert len(formatter.format(record(wide * 1_001))) < 4700


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_an_exceptions_text_cannot_forge_a_line(formatter: logging.Formatter) -> None:
    forged = formatter.format(record("the database is gone"))
    error = ValueError(f"no\n{forged}\r{forged}\x1b[2J\u2028{forged}")
    first, *below = formatter.format(record("it raised", error)).split("\n")
    assert first.endswith("it raised")
    assert below[0] == "  | Traceback (most recent call last):"
    assert all(line.startswith("  | ") for line in below)
    assert forged not in below
    assert all(line.isprintable() for line in below)


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_a_long_traceback_is_cut(formatter: logging.Formatter) -> None:
    error = ValueError("a line\n" * 100_000 + "the end" + "!" * 100_000)
    lines = formatter.format(record("it raised", error)).split("\n")
    assert len(lines) < 130
    assert max(map(len, lines)) < 1100
    assert any("lines are left out here" in line for line in lines)
    assert "the end" in lines[-1]
