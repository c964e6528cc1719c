"""Functions in their order: filtered, placed, a part of them at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dialogue import WALL_START, World
from tests.support.stored_engine import grab, rows, stored, submit

MINUTE = 60.0


def names(world: World, arguments: str) -> list[str]:
    """Return the functions of a list in their order."""
    found = rows(world.admin(), f"statistics {arguments}")
    return [row["function"] for row in found if row.get("function")]


def total(world: World, arguments: str) -> dict[str, Any]:
    """Return the row of all."""
    found = rows(world.admin(), f"statistics {arguments}")
    (row,) = (each for each in found if "functions" in each)
    return row


def run(world: World, function: str, seconds: float = 0.0, jobs: int = 1) -> None:
    """Run some jobs, each for some seconds."""
    worker = world.worker(function)
    for _ in range(jobs):
        submit(world.client(), "w", function=function.encode())
        job, _ = grab(worker)
        world.advance(seconds)
        worker.work_complete(job, b"")
    worker.leave()


def with_some(**jobs: int) -> World:
    """Return a job server with so many jobs of some functions."""
    world = stored()
    for name, count in jobs.items():
        submit(world.client(), *["w"] * count, function=name.encode())
    return world


def test_the_least_comes_first_after_a_dash() -> None:
    world = with_some(a=2, b=1, c=3)
    assert names(world, "sort=-waiting") == ["b", "a", "c"]
    assert names(world, "sort=-waiting limit=2") == ["b", "a"]
    assert rows(world.admin(), "statistics sort=-waiting limit=2")[-1] == {
        "after": "2:a"
    }
    assert names(world, "sort=-waiting after=2:a") == ["c"]


def test_names_go_backward_after_a_dash() -> None:
    world = with_some(a=2, b=1, ab=3)
    assert names(world, "sort=-function") == ["b", "ab", "a"]
    assert names(world, "sort=-function limit=1 after=0:b") == ["ab"]
    assert names(world, "sort=-function limit=1 after=0:ab") == ["a"]


def test_names_are_found_by_a_part_of_them_or_a_glob() -> None:
    world = with_some(mail=1, Mailing=2, resize=3)
    assert names(world, "match=MAIL sort=function") == ["Mailing", "mail"]
    assert names(world, "match=mail* sort=function") == ["Mailing", "mail"]
    assert names(world, "match=*ing") == ["Mailing"]
    assert names(world, "match=nothing") == []
    assert names(world, "match=mai%6C limit=1") == ["Mailing"]


def test_a_name_of_any_bytes_is_found() -> None:
    world = stored()
    for name in (b"\xff\xfe", b"a\nb", b"a.b"):
        submit(world.client(), "w", function=name)
    assert names(world, "match=%FE") == ["\udcff\udcfe"]
    assert names(world, "match=a%0A") == ["a\nb"]
    # What is special in a regular expression is not here.
    assert names(world, "match=a.b") == ["a.b"]


def test_how_many_match_and_come_before_is_told() -> None:
    world = with_some(a=1, b=2, bb=3, c=4)
    row = total(world, "match=b limit=1")
    assert (row["functions"], row["matched"], row["before"]) == (4, 2, 0)
    assert row["now"]["waiting"] == 10
    row = total(world, "limit=1 after=-4:c")
    assert (row["functions"], row["matched"], row["before"]) == (4, 4, 1)


def test_recent_counts_and_times_place_functions() -> None:
    world = stored()
    run(world, "early", jobs=3)
    world.advance(10 * MINUTE)
    run(world, "fast", 0.1, jobs=2)
    run(world, "slow", 10.0)
    assert names(world, "sort=succeeded") == ["early", "fast", "slow"]
    assert names(world, "sort=recent.succeeded") == ["fast", "slow", "early"]
    assert names(world, "sort=recent.submitted over=15") == ["early", "fast", "slow"]
    assert names(world, "sort=recent.ran") == ["slow", "fast", "early"]
    assert names(world, "sort=-recent.ran") == ["early", "fast", "slow"]


def test_recent_failures_place_functions() -> None:
    world = with_some(good=1, bad=1)
    worker = world.worker("bad")
    worker.work_fail(grab(worker)[0])
    worker.leave()
    assert names(world, "sort=recent.failures") == ["bad", "good"]
    assert names(world, "sort=recent.fail") == ["bad", "good"]


def test_the_numbers_of_the_last_minutes_come_with_a_row() -> None:
    world = stored()
    run(world, "f", MINUTE, jobs=2)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.work_fail(grab(worker)[0])
    (row,) = rows(world.admin(), "statistics function=f minutes=4")
    now = int(world.wall_time // 60 * 60)
    assert row["minutes"] == {
        "time": now - 180,
        "submitted": [0, 1, 1, 1],
        "succeeded": [0, 0, 1, 1],
        "failures": [0, 0, 0, 1],
    }
    assert row["minutes"]["time"] >= WALL_START - 180
    listed = rows(world.admin(), "statistics minutes=4")
    assert listed[0]["minutes"] == listed[1]["minutes"] == row["minutes"]
    assert "minutes" not in rows(world.admin(), "statistics")[0]


def test_a_row_tells_what_holds_a_function() -> None:
    world = with_some(f=1)
    world.policy(b"f", paused=True)
    (row,) = rows(world.admin(), "statistics function=f")
    assert (row["paused"], row["draining"]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("sort=recent.workers", "sort is one of function,"),
        ("minutes=61", "minutes is a number from 0 to 60"),
        ("function=f match=f", "match= goes without function="),
        ("by=hour match=f", "by= goes with function= and buckets= only"),
        ("after=1x:f", "after is not from a list: begin again without it"),
    ],
)
def test_wrong_arguments_are_named(arguments: str, reason: str) -> None:
    answer = stored().admin().text(f"statistics {arguments}").decode()
    assert answer.startswith("ERR INVALID_ARGUMENTS " + reason.replace(" ", "+"))
