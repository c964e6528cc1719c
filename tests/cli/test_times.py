"""Times and durations: what is written and what is read."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
import pytest

from geartrain.cli.times import age, brief, duration, local


@pytest.fixture
def vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process live in Vienna."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Vienna")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("30m", 1800),
        ("12h", 43200),
        ("7d", 604800),
        ("2w", 1209600),
        ("0s", 0),
        ("7", 7),
        ("1.5h", 5400),
        ("1h30m", 5400),
        (" 1d ", 86400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "d", "-1d", "-7", "1y", "7 d", "\u0661d", "999999999999s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a duration: write 45s") as it:
        duration(text)
    assert repr(text) in it.value.message


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0.4, "0s"),
        (59.9, "59s"),
        (60, "1m 0s"),
        (200, "3m 20s"),
        (3600, "1h 0m"),
        (86399, "23h 59m"),
        (86400, "1d 0h"),
        (412 * 86400 + 3 * 3600 + 59, "412d 3h"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_a_time_is_local_with_its_offset(vienna: None) -> None:
    assert local(1_700_000_000) == "2023-11-14T23:13:20+01:00"
    assert local(1_690_000_000.9) == "2023-07-22T06:26:40+02:00"


def test_a_brief_time_has_no_offset(vienna: None) -> None:
    assert brief(1_690_000_000.9) == "2023-07-22T06:26:40"


@pytest.mark.parametrize("seconds", [1e18, 9e99])
def test_a_time_that_no_calendar_has(seconds: float) -> None:
    assert local(seconds).endswith("s after 1970")
