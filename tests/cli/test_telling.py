"""What the log tells of starts and stops."""

from __future__ import annotations

import logging
import socket
from types import SimpleNamespace
from typing import cast

import pytest

from geartrain import __version__
from geartrain.cli.telling import tell_started, tell_stopped
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.transport.activation import Handed


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "geartrain.server")


def test_a_start_tells_where_jobs_are_and_where_it_listens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = Options(store="memory:")
    tell_started(options, Handed(), ["127.0.0.1:1", "http://[::1]:2"])
    assert caplog.messages == [
        "background jobs are kept in memory: they are gone when the server stops",
        f"geartrain {__version__} ready on 127.0.0.1:1, http://[::1]:2",
    ]


def test_a_start_tells_how_safe_a_store_is(caplog: pytest.LogCaptureFixture) -> None:
    options = Options(store="sqlite:///srv/jobs.db", durability="os")
    tell_started(options, Handed(), [])
    kept = "background jobs are kept in sqlite:///srv/jobs.db, durability os"
    assert caplog.messages[0] == kept


def test_a_start_tells_which_flags_are_not_used(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as listener:
        tell_started(Options(), Handed(http=(listener,)), [])
    told = [each for each in caplog.messages if "handed over" in each]
    assert told == ["listening sockets were handed over: --http is not used"]


@pytest.mark.parametrize(
    ("left", "status", "words"),
    [
        ({}, 0, "stopped"),
        ({"unsaved": 3}, 1, "what became of 3 jobs is not saved in the store"),
        ({"unkept": 2}, 1, "2 jobs that were acknowledged are lost"),
        ({"astray": 4}, 1, "4 jobs, dead letters and recurring jobs are not in the"),
    ],
)
def test_a_stop_tells_what_is_not_in_the_store(
    left: dict[str, int], status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    counts = {"unsaved": 0, "unkept": 0, "astray": 0, **left}
    server = cast("Server", SimpleNamespace(**counts))
    assert tell_stopped(server) == status
    (message,) = caplog.messages
    assert words in message
