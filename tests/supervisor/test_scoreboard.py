"""The jobs at hand, as a parent reads them."""

from __future__ import annotations

import math
import os

from geartrain.supervisor.scoreboard import CAPACITY, JobAtHand, Scoreboard


def job(handle: bytes, limit: float = math.inf, started: float = 5.0) -> JobAtHand:
    return JobAtHand(handle=handle, connection=1, started=started, limit=limit)


def begin(scoreboard: Scoreboard, at_hand: JobAtHand) -> int | None:
    values = (at_hand.connection, at_hand.started, at_hand.limit)
    return scoreboard.begin(at_hand.handle, *values)


def test_a_job_is_there_from_begin_to_end() -> None:
    scoreboard = Scoreboard()
    first, second = job(b"H:a:1"), job(b"H:a:2", limit=2.5)
    entry = begin(scoreboard, first)
    begin(scoreboard, second)
    assert scoreboard.jobs() == [first, second]
    scoreboard.end(entry, done=True)
    assert scoreboard.jobs() == [second]


def test_ended_jobs_are_counted() -> None:
    scoreboard = Scoreboard()
    scoreboard.end(begin(scoreboard, job(b"H:a:1")), done=True)
    scoreboard.end(begin(scoreboard, job(b"H:a:2")), failed=True)
    scoreboard.end(begin(scoreboard, job(b"H:a:3")))
    assert (scoreboard.done, scoreboard.failed) == (1, 1)


def test_a_place_that_is_free_again_is_taken_again() -> None:
    scoreboard = Scoreboard()
    for number in range(3 * CAPACITY):
        scoreboard.end(begin(scoreboard, job(b"H:a:%d" % number)), done=True)
    last = job(b"H:a:last")
    assert begin(scoreboard, last) == 0
    assert scoreboard.jobs() == [last]


def test_a_job_too_many_is_counted_though_not_seen() -> None:
    scoreboard = Scoreboard()
    for number in range(CAPACITY):
        assert begin(scoreboard, job(b"H:a:%d" % number)) is not None
    assert begin(scoreboard, job(b"H:a:more")) is None
    assert len(scoreboard.jobs()) == CAPACITY
    scoreboard.end(None, done=True)
    assert scoreboard.done == 1


def test_a_handle_that_is_too_long_is_not_cut_to_that_of_another_job() -> None:
    scoreboard = Scoreboard()
    assert begin(scoreboard, job(b"H" * 1000)) is None
    assert scoreboard.jobs() == []


def test_what_a_dead_child_had_at_hand_is_read_by_its_parent() -> None:
    scoreboard = Scoreboard()
    pid = os.fork()
    if pid == 0:
        scoreboard.end(begin(scoreboard, job(b"H:a:1")), failed=True)
        begin(scoreboard, job(b"H:a:2"))
        os._exit(0)
    os.waitpid(pid, 0)
    assert scoreboard.jobs() == [job(b"H:a:2")]
    assert scoreboard.failed == 1


def test_a_job_is_overdue_after_its_limit() -> None:
    limited = job(b"H:a:1", limit=2.0, started=10.0)
    assert not limited.is_overdue(12.0)
    assert limited.is_overdue(12.1)
    assert not job(b"H:a:1").is_overdue(1e12)
