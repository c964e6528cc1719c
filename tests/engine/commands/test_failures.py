"""What made jobs fail lately, counted by what went wrong."""

from __future__ import annotations

from typing import Any

from tests.support.dialogue import World
from tests.support.stored_engine import grab, rows, stored, submit


def fail(world: World, error: bytes, function: str = "f") -> None:
    """Have a job fail with an error."""
    submit(world.client(), "w", function=function.encode())
    worker = world.worker(function)
    worker.work_exception(grab(worker)[0], error)
    worker.leave()
    world.advance(1)


def listed(world: World, arguments: str = "") -> list[tuple[Any, ...]]:
    """Return the kinds of failures."""
    found = rows(world.admin(), f"failures{arguments}")
    return [(row["function"], row["error"], row["count"]) for row in found]


def test_failures_are_counted_by_their_errors() -> None:
    world = stored()
    began = world.wall_time
    for error in (b"no route\nat 7", b"no room", b"no route\nat 9"):
        fail(world, error)
    fail(world, b"no route", "g")
    assert listed(world) == [
        ("f", "no route", 2),
        ("g", "no route", 1),
        ("f", "no room", 1),
    ]
    assert listed(world, " function=f limit=1") == [("f", "no route", 2)]
    row = rows(world.admin(), "failures")[0]
    told = row["state"], row["reason"], row["handle"], row["worker"]
    assert told == ("dead", "exception", "H:test:3", "- 127.0.0.1")
    assert (row["first"] - began, row["last"] - began) == (0, 2)


def test_a_failure_without_an_error_is_one_too() -> None:
    world = stored()
    worker = world.worker("f")
    world.client().submit_job(b"f", b"", b"foreground")
    worker.work_fail(grab(worker)[0])
    (row,) = rows(world.admin(), "failures")
    assert (row["state"], row["error"], row["reason"]) == ("failed", None, "fail")


def test_what_succeeded_or_is_long_past_does_not_count() -> None:
    world = stored()
    world.policy(b"f", history=60)
    fail(world, b"early")
    world.advance(61)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.work_complete(grab(worker)[0], b"")
    assert listed(world) == []


def test_errors_of_a_thousand_kinds_are_bounded() -> None:
    world = stored()
    for number in range(1_010):
        fail(world, _error(number))
    found = listed(world, " limit=1000")
    assert len(found) == 1_000
    assert ("f", _error(1_009).decode(), 1) in found
    assert ("f", _error(9).decode(), 1) not in found


def _error(number: int) -> bytes:
    """Return an error of another kind for each number."""
    return b"error " + bytes([97 + number % 26]) * (number // 26 + 1)


def test_wrong_arguments_are_named() -> None:
    answer = stored().admin().text("failures limit=0")
    assert answer == b"ERR INVALID_ARGUMENTS limit+is+a+number+from+1\r\n"
