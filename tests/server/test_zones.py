"""Time zones by name, and the system's own however it is set."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from geartrain.errors import OptionError
from geartrain.server.zones import find_zone

# Winter and summer of a year, and both passes of an hour that comes twice in Vienna.
MOMENTS = [1769900000, 1782900000, 1792887600, 1792891200]


def offsets(text: str | None, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    if text is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", text)
    zone = find_zone(None)
    return [datetime.fromtimestamp(each, zone).utcoffset() for each in MOMENTS]


def of_the_system(text: str | None) -> list[object]:
    """Return what the C library makes of the same text, in a process of its own."""
    program = (
        f"import os, time\nif {text!r} is None: os.environ.pop('TZ', None)\n"
        f"else: os.environ['TZ'] = {text!r}\n"
        f"time.tzset()\n"
        f"for each in {MOMENTS}: print(time.localtime(each).tm_gmtoff)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return [int(line) for line in done.stdout.split()]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "Europe/Vienna",
        ":Europe/Vienna",
        "/usr/share/zoneinfo/Europe/Vienna",
        "Australia/Lord_Howe",
        "UTC",
        "UTC0",
        "",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "EST5EDT,M3.2.0,M11.1.0",
        "<+0530>-5:30",
        "Mars/Olympus",
        "/no/such/file",
    ],
)
def test_the_systems_zone_is_the_c_librarys(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [each.total_seconds() for each in offsets(text, monkeypatch)]  # type: ignore[attr-defined]
    assert seconds == of_the_system(text)


def test_a_named_zone_does_not_look_at_the_systems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert find_zone("Europe/Vienna") == ZoneInfo("Europe/Vienna")


def test_a_zone_that_is_not_there_is_named() -> None:
    with pytest.raises(OptionError, match="'Mars/Olympus' is unknown"):
        find_zone("Mars/Olympus")


@pytest.mark.parametrize("text", ["CET-1CEST,M3", "A", "x" * 5000, "\u00e4"])
def test_a_text_without_meaning_is_utc(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zero = datetime.fromtimestamp(0, ZoneInfo("UTC")).utcoffset()
    assert offsets(text, monkeypatch) == [zero] * len(MOMENTS)
