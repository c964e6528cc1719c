"""What lines of the log look like, whatever others had a say in them."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from geartrain.server.formatters import (
    NOTICE,
    GearmandFormatter,
    JsonFormatter,
    PlainFormatter,
    formatter_for,
)

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


def json_line(logged: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter().format(logged)
    assert "\n" not in text
    line: dict[str, Any] = json.loads(text)
    return line


def test_json_has_what_happened_and_the_fields_of_the_event() -> None:
    record = logging.makeLogRecord(
        {
            "name": "geartrain.server",
            "levelno": NOTICE,
            "msg": "%s left",
            "args": ("one",),
            "created": 1_750_000_000.25,
            "action": "peer_left",
            "handle": b"H:a:1\xff\n",
            "count": 3,
            "is_late": True,
            "nothing": None,
        }
    )
    assert json_line(record) == {
        "time": "2025-06-15T15:06:40.250000Z",
        "level": "NOTICE",
        "logger": "geartrain.server",
        "action": "peer_left",
        "message": "one left",
        "handle": "H:a:1\\xff\\n",
        "count": 3,
        "is_late": True,
        "nothing": None,
    }


def test_json_of_other_programs_and_of_exceptions() -> None:
    try:
        raise ValueError('a "forged"\n{"action": "line"}')
    except ValueError:
        found = sys.exc_info()
    record = logging.makeLogRecord(
        {"name": "shop", "msg": "\x1bbad", "exc_info": found}
    )
    line = json_line(record)
    assert line["action"] == "other"
    assert line["message"] == "\\x1bbad"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith('{"action": "line"}')


def test_a_field_cannot_take_the_place_of_what_every_line_has() -> None:
    record = logging.makeLogRecord(
        {"name": "a", "msg": "b", "levelno": NOTICE, "level": "x", "time": "y"}
    )
    assert json_line(record)["level"] == "NOTICE"
    assert json_line(record)["time"] != "y"


def test_a_long_field_is_cut() -> None:
    record = logging.makeLogRecord({"name": "a", "msg": "b", "error": b"e" * 100_000})
    assert len(json_line(record)["error"]) < 1100


@pytest.mark.parametrize(
    ("name", "on_terminal", "is_json"),
    [
        ("text", True, False),
        ("text", False, False),
        ("json", True, True),
        ("json", False, True),
        ("auto", True, False),
        ("auto", False, True),
    ],
)
def test_formats(name: str, on_terminal: bool, is_json: bool) -> None:
    formatter = formatter_for(name, on_terminal=on_terminal)
    assert isinstance(formatter, JsonFormatter if is_json else PlainFormatter)
