"""Statistics of several job servers as those of one."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.dialogue import World
from tests.support.linked_worlds import LinkedWorlds


@pytest.fixture
def linked() -> LinkedWorlds:
    worlds = LinkedWorlds(World(), b=World(handle_prefix=b"H:b"))
    for world, counts in (
        (worlds.first, {b"f": 1, b"g": 3}),
        (worlds.others["b"], {b"f": 4, b"h": 2}),
    ):
        client, worker = world.client(), world.worker("f")
        for name, count in counts.items():
            for _ in range(count):
                client.submit_job_bg(name, b"", b"w")
        worker.grab_job()
        given = worker.received[-1].arguments[0]
        world.advance(2)
        worker.work_complete(given, b"")
    return worlds


def test_functions_are_added_up_and_ranked(linked: LinkedWorlds) -> None:
    admin = linked.first.admin()
    f, g, h, whole = sorted(
        linked.rows(admin, "all statistics"), key=lambda row: row["function"] or "z"
    )
    assert (f["function"], f["now"]["waiting"], f["now"]["workers"]) == ("f", 3, 2)
    assert (f["total"]["submitted"], f["total"]["succeeded"]) == (5, 2)
    assert (f["total"]["ran"]["count"], "buckets" in f["total"]["ran"]) == (2, False)
    assert f["total"]["ran"]["p50"] == pytest.approx(2, rel=0.25)
    assert (g["now"]["waiting"], h["now"]["waiting"]) == (3, 2)
    assert (whole["now"]["waiting"], whole["functions"]) == (8, 3)
    assert whole["total"]["submitted"] == 10
    (f,) = linked.rows(admin, "all statistics function=f buckets=true")
    assert sum(f["total"]["ran"]["buckets"]) == 2
    answer = linked.text(admin, "all statistics function=x")
    assert answer.startswith(b"ERR UNKNOWN_FUNCTION")


@pytest.mark.parametrize("sort", ["waiting", "-waiting", "function", "submitted"])
def test_parts_go_on_where_the_last_ended(linked: LinkedWorlds, sort: str) -> None:
    admin = linked.first.admin()
    line = f"all statistics sort={sort}"
    names = [row["function"] for row in linked.rows(admin, line)][:-1]
    assert set(names) == {"f", "g", "h"}
    found, after = [], ""
    for before in range(3):
        rows = linked.rows(admin, f"{line} limit=1{after}")
        found.append(rows[0]["function"])
        assert rows[1]["before"] == before
        if len(rows) == 3:
            after = f" after={quote(rows[2]['after'])}"
    assert found == names
    assert len(linked.rows(admin, "all statistics limit=0")) == 1


def test_minutes_are_added_up(linked: LinkedWorlds) -> None:
    rows = linked.rows(linked.first.admin(), "all statistics by=minute")
    assert sum(row["submitted"] for row in rows) == 10
    assert all(row["seconds"] == 60 for row in rows)
