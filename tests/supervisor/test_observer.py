"""What a process writes down while its worker works."""

from __future__ import annotations

import contextlib
import math
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import pytest

from geartrain.supervisor.channel import Channel, Note, channel_pair
from geartrain.supervisor.observer import ProcessObserver
from geartrain.supervisor.scoreboard import Scoreboard


@dataclass
class Job:
    handle: str
    connector: str = "127.0.0.1:4730"
    outcome: str | None = "complete"
    timeout: float | None = None
    started: float = 1.5


class LeftError(Exception):
    """The process would have ended."""


def leave(end: SystemExit) -> NoReturn:
    raise LeftError(end.code)


def unwind(observer: ProcessObserver, job: Job) -> None:
    """Do what a worker does whose handler calls ``sys.exit``."""
    try:
        raise SystemExit(7)
    finally:
        observer.on_end(job, "lost")


@dataclass
class Scene:
    """An observer and all that it tells."""

    scoreboard: Scoreboard = field(default_factory=Scoreboard)
    ended: list[int] = field(default_factory=list)
    pair: tuple[Channel, Channel] = field(default_factory=channel_pair)

    def observer(self, job_seconds: float | None = None) -> ProcessObserver:
        return ProcessObserver(
            self.scoreboard,
            self.pair[0],
            token=None,
            tls={"ca": "ca.pem"},
            job_seconds=job_seconds,
            after_job=self.ended.append,
            leave=leave,
        )

    def told(self) -> list[Note]:
        """Return all notes that were sent."""
        self.pair[1].set_blocking(False)
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found += self.pair[1].receive()
        return found


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    for end in made.pair:
        end.close()


def test_the_parent_gets_a_duplicate_of_each_connection(scene: Scene) -> None:
    observer = scene.observer()
    here, there = socket.socketpair()
    with here, there:
        observer.on_connect(here, "one:4730")
        (note,) = scene.told()
        assert note.kind == "connected"
        assert note.values == {
            "number": 1,
            "server": "one:4730",
            "tls": {"ca": "ca.pem"},
            "token": None,
        }
        here.close()
        assert note.descriptor is not None
        os.write(note.descriptor, b"still open")
        assert there.recv(100) == b"still open"
        os.close(note.descriptor)


def test_a_job_is_written_down_with_the_connection_it_came_on(scene: Scene) -> None:
    observer = scene.observer(job_seconds=2.5)
    here, there = socket.socketpair()
    with here, there:
        for server in ("one:4730", "two:4730", "one:4730"):
            observer.on_connect(here, server)
    notes = scene.told()
    for note in notes:
        if note.descriptor is not None:
            os.close(note.descriptor)
    job = Job("H:a:1", "one:4730")
    observer.on_begin(job)
    (at_hand,) = scene.scoreboard.jobs()
    assert (at_hand.handle, at_hand.connection, at_hand.limit) == (b"H:a:1", 3, 2.5)
    assert at_hand.started == 1.5
    # The one that the third took the place of is let go.
    assert [note.values["number"] for note in notes if note.kind[0] == "d"] == [1]
    observer.on_end(job, "complete")
    assert scene.scoreboard.jobs() == []


def test_outcomes_are_counted_as_done_failed_or_neither(scene: Scene) -> None:
    observer = scene.observer()
    outcomes = ["complete", "fail", "exception", "retry", "release", "lost"]
    for number, outcome in enumerate(outcomes):
        job = Job(f"H:a:{number}", outcome=outcome)
        observer.on_begin(job)
        observer.on_end(job, outcome)
    assert (scene.scoreboard.done, scene.scoreboard.failed) == (1, 3)
    assert scene.ended == [1, 2, 3, 4, 5, 6]


def test_a_functions_own_timeout_is_a_limit_with_a_margin(scene: Scene) -> None:
    scene.observer(job_seconds=30.0).on_begin(Job("H:a:1", timeout=2.0))
    scene.observer(job_seconds=2.5).on_begin(Job("H:a:2", timeout=2.0))
    scene.observer().on_begin(Job("H:a:3", timeout=2.0))
    limit = scene.scoreboard.jobs()[0].limit
    assert 2.0 < limit < 4.0
    assert [job.limit for job in scene.scoreboard.jobs()] == [limit, 2.5, limit]


def test_without_a_limit_a_job_may_run_for_ever(scene: Scene) -> None:
    scene.observer().on_begin(Job("H:a:1"))
    assert scene.scoreboard.jobs()[0].limit == math.inf


def test_a_handler_that_exits_leaves_its_job_on_the_board(scene: Scene) -> None:
    observer = scene.observer()
    job = Job("H:a:1", outcome=None)
    observer.on_begin(job)
    with pytest.raises(LeftError):
        unwind(observer, job)
    assert len(scene.scoreboard.jobs()) == 1
    assert scene.ended == []
