"""What a start waits for, how long, and what it says of that."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from typing import cast

import pytest

from geartrain.cli import starting
from geartrain.cli.starting import is_in_use, start_again, start_with_patience
from geartrain.errors import GeartrainError, ListenError, StoreError, StoreInUseError
from geartrain.server.server import Server


def caused_by(cause: Exception, error: GeartrainError) -> GeartrainError:
    error.__cause__ = cause
    return error


def busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def taken() -> GeartrainError:
    return caused_by(OSError(errno.EADDRINUSE, "in use"), ListenError("taken"))


class Starts:
    """A server whose starts fail with some errors, one after another."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.count = 0

    async def start(self) -> None:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)

    @property
    def server(self) -> Server:
        return cast("Server", self)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses between two attempts short."""
    monkeypatch.setattr(starting, "_PAUSE", 0.001)
    monkeypatch.setattr(starting, "_PAUSE_ANEW", 0.001)


@pytest.mark.parametrize(
    ("error", "is_another_process"),
    [
        (StoreInUseError("it has a lock"), True),
        (caused_by(busy(), StoreError("locked")), True),
        (taken(), True),
        (caused_by(OSError(errno.EACCES, "no"), ListenError("forbidden")), False),
        (StoreError("damaged"), False),
    ],
)
def test_what_another_process_has_is_in_use(
    error: GeartrainError, is_another_process: bool
) -> None:
    assert is_in_use(error) is is_another_process


def test_a_start_waits_for_what_is_in_use() -> None:
    starts = Starts(taken(), StoreInUseError("it has a lock"))
    asyncio.run(start_with_patience(starts.server, 60.0))
    assert starts.count == 3


@pytest.mark.parametrize(
    ("error", "patience"), [(taken(), 0.0), (StoreError("damaged"), 60.0)]
)
def test_a_start_fails_out_of_patience_or_where_waiting_is_of_no_use(
    error: GeartrainError, patience: float
) -> None:
    starts = Starts(error)
    with pytest.raises(type(error)):
        asyncio.run(start_with_patience(starts.server, patience))
    assert starts.count == 1


def test_one_that_begins_anew_waits_for_anything_and_tells_each_reason_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = StoreError("the database is away")
    starts = Starts(away, away, StoreError("it is starting up"), away)
    with caplog.at_level(logging.ERROR, "geartrain.server"):
        asyncio.run(start_again(starts.server))
    assert starts.count == 5
    assert caplog.messages == [
        f"cannot begin anew yet: {reason}"
        for reason in (away, "it is starting up", away)
    ]
