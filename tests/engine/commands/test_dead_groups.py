"""Dead letters, grouped by what went wrong."""

from __future__ import annotations

import pytest

import geartrain
from geartrain.engine.commands import dead_groups, failure_kinds
from tests.support.dialogue import WALL_START, World
from tests.support.stored_engine import grab, rows, stored, submit


def died(world: World, function: str, error: bytes, count: int = 1) -> None:
    """Have jobs of a function die of an exception, one each second."""
    worker, client = world.worker(function), world.client()
    for _ in range(count):
        submit(client, "w", function=function.encode())
        job, _ = grab(worker)
        worker.work_exception(job, error)
        world.advance(1)
    worker.leave()


def test_the_most_frequent_come_first() -> None:
    world = stored()
    died(world, "mail", b"no route", 2)
    died(world, "resize", b"Traceback\n  at x\nOSError: no such picture", 3)
    died(world, "mail", b"no route")
    died(world, "mail", b"disk full")
    admin = world.admin()
    first, second, third = rows(admin, "dead groups")
    assert (first["function"], first["error"], first["count"]) == (
        "mail",
        "no route",
        3,
    )
    assert first["last"] - first["first"] == pytest.approx(5)
    assert first["first"] == pytest.approx(WALL_START)
    assert (first["handle"], first["reason"]) == ("H:test:6", "exception")
    assert (second["error"], second["count"]) == ("OSError: no such picture", 3)
    assert (third["error"], third["count"]) == ("disk full", 1)
    assert [row["count"] for row in rows(admin, "dead groups function=mail")] == [3, 1]
    assert len(rows(admin, "dead groups limit=1")) == 1


def test_what_was_run_again_or_dropped_counts_no_more() -> None:
    world = stored()
    died(world, "mail", b"no route", 3)
    admin = world.admin()
    admin.text("dead drop H:test:1")
    admin.text("dead retry H:test:3")
    (group,) = rows(admin, "dead groups")
    assert (group["count"], group["handle"]) == (1, "H:test:2")


@pytest.mark.skipif(
    geartrain.core_build() == "compiled",
    reason="its bounds are constants there: the pure build is tested",
)
def test_only_the_latest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_groups, "_LATEST", 4)
    monkeypatch.setattr(dead_groups, "_SLICE", 2)
    world = stored()
    died(world, "mail", b"old", 3)
    died(world, "mail", b"new", 3)
    groups = rows(world.admin(), "dead groups")
    assert [(row["error"], row["count"]) for row in groups] == [("new", 3), ("old", 1)]


@pytest.mark.skipif(
    geartrain.core_build() == "compiled",
    reason="its bounds are constants there: the pure build is tested",
)
def test_groups_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure_kinds, "_MOST_KINDS", 2)
    world = stored()
    for error in (b"one", b"two", b"three", b"three"):
        died(world, "mail", error)
    groups = rows(world.admin(), "dead groups")
    assert {row["error"]: row["count"] for row in groups} == {"three": 2, "two": 1}


def test_without_a_store_there_are_none() -> None:
    assert rows(World().admin(), "dead groups") == []


@pytest.mark.parametrize("words", ["limit=0", "function=", "reason=fail"])
def test_wrong_words_are_named(words: str) -> None:
    answer = stored().admin().text(f"dead groups {words}")
    assert answer.startswith(b"ERR INVALID_ARGUMENTS")
