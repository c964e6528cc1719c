"""The line about all processes."""

from __future__ import annotations

import logging
import os

import pytest

from geartrain.supervisor.status import (
    ProcessCounts,
    StatusLine,
    StatusLog,
    status_text,
)

COUNTS = ProcessCounts(wanted=4, up=3, busy=2, done=12345, failed=6)


def test_the_line_names_all_counts() -> None:
    text = status_text(COUNTS, 1234.56)
    assert text == "3/4 processes, 2 busy, 12,345 done, 6 failed, 1,234.6/s"


def test_a_terminals_line_is_drawn_in_place() -> None:
    there, terminal = os.pipe()
    line = StatusLine(terminal)
    line.show(COUNTS)
    line.show(COUNTS)
    drawn = os.read(there, 4096).decode()
    assert "\n" not in drawn
    assert drawn.count("\r\x1b[K3/4 processes") == 2
    assert drawn.endswith(" 0.0/s\r")
    line.erase()
    assert os.read(there, 4096) == b"\r\x1b[K"
    os.close(there)
    # A terminal that is gone, or that nobody reads, is passed over.
    line.show(COUNTS)
    os.close(terminal)


def test_the_log_gets_the_line_when_something_has_changed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = StatusLog()
    with caplog.at_level(logging.INFO, "geartrain.supervisor"):
        log.show(COUNTS)
        log.show(COUNTS)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("3/4 processes, 2 busy")


def test_jobs_that_ended_did_so_well_or_not() -> None:
    assert ProcessCounts(wanted=1, up=1, busy=3, done=4, failed=5).ended == 9
