"""The jobs at hand, as a parent reads them."""

from __future__ import annotations

import math
import os

from geartrain.supervisor.board import CAPACITY, Board, JobAtHand


def job(handle: bytes, limit: float = math.inf, started: float = 5.0) -> JobAtHand:
    return JobAtHand(handle=handle, connection=1, started=started, limit=limit)


def begin(board: Board, at_hand: JobAtHand) -> int | None:
    values = (at_hand.connection, at_hand.started, at_hand.limit)
    return board.begin(at_hand.handle, *values)


def test_a_job_is_there_from_begin_to_end() -> None:
    board = Board()
    first, second = job(b"H:a:1"), job(b"H:a:2", limit=2.5)
    entry = begin(board, first)
    begin(board, second)
    assert board.jobs() == [first, second]
    board.end(entry, done=True)
    assert board.jobs() == [second]


def test_ended_jobs_are_counted() -> None:
    board = Board()
    board.end(begin(board, job(b"H:a:1")), done=True)
    board.end(begin(board, job(b"H:a:2")), failed=True)
    board.end(begin(board, job(b"H:a:3")))
    assert (board.done, board.failed) == (1, 1)


def test_a_place_that_is_free_again_is_taken_again() -> None:
    board = Board()
    for number in range(3 * CAPACITY):
        board.end(begin(board, job(b"H:a:%d" % number)), done=True)
    last = job(b"H:a:last")
    assert begin(board, last) == 0
    assert board.jobs() == [last]


def test_a_job_too_many_is_counted_though_not_seen() -> None:
    board = Board()
    for number in range(CAPACITY):
        assert begin(board, job(b"H:a:%d" % number)) is not None
    assert begin(board, job(b"H:a:more")) is None
    assert len(board.jobs()) == CAPACITY
    board.end(None, done=True)
    assert board.done == 1


def test_a_handle_that_is_too_long_is_not_cut_to_that_of_another_job() -> None:
    board = Board()
    assert begin(board, job(b"H" * 1000)) is None
    assert board.jobs() == []


def test_what_a_dead_child_had_at_hand_is_read_by_its_parent() -> None:
    board = Board()
    pid = os.fork()
    if pid == 0:
        board.end(begin(board, job(b"H:a:1")), failed=True)
        begin(board, job(b"H:a:2"))
        os._exit(0)
    os.waitpid(pid, 0)
    assert board.jobs() == [job(b"H:a:2")]
    assert board.failed == 1


def test_a_job_is_overdue_after_its_limit() -> None:
    limited = job(b"H:a:1", limit=2.0, started=10.0)
    assert not limited.is_overdue(12.0)
    assert limited.is_overdue(12.1)
    assert not job(b"H:a:1").is_overdue(1e12)
