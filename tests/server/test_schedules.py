"""Schedules in the configuration file: what is read, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from geartrain.configuration.file import read_file
from geartrain.errors import OptionError
from geartrain.server.cron import calendar
from geartrain.server.schedules import Definitions, read_schedules, schedule_places
from tests.support.configuration_files import Write, write

__all__ = ["write"]


def schedules_in(path: str) -> Definitions:
    return read_schedules(read_file(path), calendar("UTC"))


@pytest.mark.parametrize("content", ["", "[schedules]", "[server]"])
def test_a_file_may_say_nothing(content: str, write: Write) -> None:
    assert schedules_in(write(content)) == {}


def test_every_setting_is_read(write: Write, tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"\xff big")
    path = write(
        """
        [schedules.nightly]
        function = "report"
        cron = "0 3 * * mon-fri"
        timezone = "Europe/Vienna"
        until = 2030-12-31
        jitter = 60
        missed = "all"
        overlap = "wait"
        priority = "low"
        unique = "nightly"
        paused = true
        workload = "all"
        headers = { tenant = "a b", x = "1" }

        [schedules.ping]
        function = "ping"
        every = 90
        json = { urls = ["a", "b"] }

        [schedules.file]
        function = "f"
        cron = "@daily"
        workload_file = "big.bin"
        """
    )
    found = schedules_in(path)
    assert found[b"nightly"] == {
        "function": "report",
        "cron": "0 3 * * mon-fri",
        "timezone": "Europe/Vienna",
        "until": "2030-12-31",
        "jitter": 60.0,
        "missed": "all",
        "overlap": "wait",
        "priority": "low",
        "unique": "nightly",
        "paused": True,
        "workload": "all",
        "headers": "tenant=a+b&x=1",
    }
    assert found[b"ping"]["workload"] == '{"urls": ["a", "b"]}'
    assert found[b"file"]["workload"] == "\udcff big"
    assert schedule_places(read_file(path))[1] == ("schedules.ping", f"{path}:16")


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ('[schedules."a b"]', 1, "'a b' is no name of a schedule"),
        ('[schedules]\nfunction = "f"', 2, "write [schedules.x]"),
        ('[schedules.x]\nfunction = "f"', 1, "[schedules.x]: it needs either cron"),
        ('[schedules.x]\ncorn = "@daily"', 2, "did you mean 'cron'?"),
        ('[schedules.x]\nfunction = "f"\ncron = "61 * * * *"', 3, "Bad minute"),
        ('[schedules.x]\nfunction = "f"\ncron = ""', 3, "cron is empty"),
        ('[schedules.x]\nfunction = "f"\nevery = [5]', 3, "no table and no list"),
        ('[schedules.x]\nfunction = "f"\nevery = 5\ntimezone = "X/Y"', 4, "X/Y"),
        ('[schedules.x]\njson = 1\nworkload = "w"', 3, "the workload is given twice"),
        ('[schedules.x]\nworkload_file = "none"', 2, "No such file"),
        ("[schedules.x]\nworkload_file = 5", 2, "is the name of a file"),
        ('[schedules.x]\nmissed = "never"', 2, "once or skip or all"),
        ('[schedules.x]\nfunction = "f"\nevery = 5\nuntil = "soon"', 4, "soon"),
        ('[schedules.x]\nevery = 0.5\nfunction = "f"', 2, "at least one second"),
        ('[schedules.x]\njitter = 9\nevery = 5\nfunction = "f"', 2, "jitter cannot"),
        ('[schedules.x]\ncron = "@daily"\nevery = 5\nfunction = "f"', 3, "either"),
        ('[schedules.x]\nevery = 5\nheaders = "="\nfunction = "f"', 3, "headers"),
        ('[schedules.x]\nevery = 5\nheaders = {"" = 1}\nfunction = "f"', 3, "header"),
        ('[schedules.x]\nevery = 5\noptions = {tll = 1}\nfunction = "f"', 3, "tll"),
        ("[schedules.x]\nevery = 5", 1, "it needs a function"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    content: str, line: int, reason: str, write: Write
) -> None:
    path = write(content)
    with pytest.raises(OptionError) as caught:
        schedules_in(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{line}: ")
    assert reason in said


def test_a_file_that_is_too_large_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(2**20 + 1))
    with pytest.raises(OptionError, match="larger than 1048576 bytes"):
        schedules_in(write('[schedules.x]\nworkload_file = "big"'))
