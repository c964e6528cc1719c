"""Batches that several job servers have jobs of, in lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.access import SHOP, TOKENS, rules_of
from tests.support.dialogue import World
from tests.support.linked_jobs import linking, run_next, submit_named
from tests.support.linked_worlds import LinkedWorlds


def linked() -> LinkedWorlds:
    return LinkedWorlds(
        linking(), b=linking(handle_prefix=b"H:b"), c=linking(handle_prefix=b"H:c")
    )


def submit(worlds: LinkedWorlds, world: World, batch: str, count: int) -> None:
    """Submit jobs of a batch to one, a second after what was submitted before."""
    for each in worlds.all():
        each.advance(1)
    for _ in range(count):
        submit_named(world, f"f?batch={batch}")


def counts(rows: list[dict[str, Any]]) -> list[tuple[str, int, int, int]]:
    names = ("name", "total", "left", "succeeded")
    found = [tuple(row[name] for name in names) for row in rows if "name" in row]
    return [*found]


def of_several() -> LinkedWorlds:
    """Return job servers that have jobs of the same batches, begun in other orders."""
    worlds = linked()
    first, b, c = worlds.all()
    submit(worlds, b, "two", 5)
    for _ in range(5):
        run_next(b, "f")
    submit(worlds, c, "one", 1)
    for number in range(3):
        submit(worlds, b, f"between-{number}", 1)
    submit(worlds, first, "one", 2)
    submit(worlds, first, "two", 3)
    submit(worlds, c, "two", 1)
    return worlds


ALL = {
    ("two", 9, 4, 5),
    ("one", 3, 3, 0),
    ("between-0", 1, 1, 0),
    ("between-1", 1, 1, 0),
    ("between-2", 1, 1, 0),
}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_a_batch_of_several_is_told_once_with_all_of_its_jobs(limit: int) -> None:
    worlds = of_several()
    admin = worlds.first.admin()
    pages = worlds.pages(admin, f"all batches limit={limit}")
    rows = [row for page in pages for row in page]
    assert len(rows) == len(ALL)
    assert set(counts(rows)) == ALL
    assert all(len(page) <= limit for page in pages)
    assert not any("node" in row for row in rows)
    for row in rows:
        assert worlds.rows(admin, f"all batch {row['name']}") == [row]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_batch_is_open_while_something_is_left_of_it_somewhere(limit: int) -> None:
    worlds = of_several()
    submit(worlds, worlds.first, "done", 1)
    while run_next(worlds.first, "f")[0]:
        pass
    admin = worlds.first.admin()
    found = {
        state: {
            each
            for page in worlds.pages(admin, f"all batches state={state} limit={limit}")
            for each in counts(page)
        }
        for state in ("open", "ended")
    }
    assert found["ended"] == {("done", 1, 0, 1)}
    assert {each[:3] for each in found["open"]} == {
        ("two", 9, 1),
        ("one", 3, 1),
        *(each[:3] for each in ALL if each[0].startswith("between")),
    }


def test_many_long_names_are_asked_for_in_several_lines() -> None:
    worlds = linked()
    names = [f"{number:02}" + "%25" * 200 for number in range(60)]
    for name in names:
        for world in worlds.all():
            submit(worlds, world, name, 1)
    rows = worlds.rows(worlds.first.admin(), "all batches limit=100")
    assert [row["total"] for row in rows] == [3] * len(names)
    assert [row["name"][:2] for row in rows] == [each[:2] for each in names[::-1]]
    lines = [each for each in worlds.asked if each.startswith(b"part batch ")]
    assert len(lines) > 4
    assert max(map(len, lines)) < 8191


# It answers nothing, or not what it has of the batches of a page.
@pytest.mark.parametrize("deaf_to", [b"", b"part batch "])
def test_who_does_not_answer_is_named_once(deaf_to: bytes) -> None:
    worlds = of_several()
    worlds.silent, worlds.deaf_to = {"b"}, deaf_to
    rows = worlds.rows(worlds.first.admin(), "all batches")
    assert [row["unanswered"] for row in rows if "unanswered" in row] == ["b"]
    assert ("two", 4, 4, 0) in counts(rows)


def test_who_may_see_little_is_told_numbers_and_no_handles() -> None:
    worlds = of_several()
    submit_named(worlds.others["c"], "g?after=batch:two")
    worlds.first.engine.set_rules(rules_of(SHOP))
    worlds.first.deliver()
    viewer = worlds.first.admin()
    viewer.option_req(b"token:" + TOKENS["viewer"])
    assert viewer.received
    rows = worlds.rows(viewer, "all batches")
    assert set(counts(rows)) == ALL
    assert [row["waiting"] for row in rows] == [[]] * len(ALL)
    (row,) = worlds.rows(viewer, "all batch two")
    assert (row["total"], row["waiting"]) == (9, [])
