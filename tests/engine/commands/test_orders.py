"""Orders that one job server passed on to others, in the logs of all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.linked_worlds import LinkedWorlds
from tests.support.stored_engine import stored


def of_a_log(
    order: str = "cancel jobs function=f",
) -> tuple[LinkedWorlds, LinkedWorlds]:
    """Have b pass an order on; return what a asks b, and what b asked a."""
    a = stored(handle_prefix=b"H:a")
    b = stored(handle_prefix=b"H:b")
    for world, count in ((a, 2), (b, 1)):
        for _ in range(count):
            world.client().submit_job_bg(b"f", b"", b"w")
    asking, asked = LinkedWorlds(b, a=a), LinkedWorlds(a, b=b)
    asking.client_id = b"node:b"
    admin = b.admin()
    admin.set_client_id(b"root")
    assert asking.text(admin, f"all {order}").split() == [b"OK", b"3"]
    return asked, asking


def told(rows: list[dict[str, Any]]) -> list[tuple[str, int, str | None]]:
    return [(row["client"], row["count"], row.get("node")) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_an_order_is_told_once_by_who_was_given_it(limit: int) -> None:
    at_a, at_b = of_a_log()
    for worlds, node in ((at_a, "b"), (at_b, None)):
        pages = worlds.pages(worlds.first.admin(), f"all actions limit={limit}")
        assert told([row for page in pages for row in page]) == [("root", 3, node)]
    # Each has what it did itself.
    (row,) = at_a.rows(at_a.first.admin(), "local actions")
    assert (row["client"], row["count"]) == ("node:b", 2)


@pytest.mark.parametrize("later", [0, 700])
def test_nobody_hides_behind_the_name_of_a_job_server(later: float) -> None:
    at_a, _ = of_a_log()
    a = at_a.first
    for each in at_a.all():
        each.advance(later)
    hidden = a.admin()
    hidden.set_client_id(b"node:b")
    line = b"cancel jobs function=f" if later else b"cancel jobs function=g"
    assert hidden.text(b"part " + line).startswith(b"OK")
    rows = at_a.rows(a.admin(), "all actions")
    assert told(rows) == [("node:b", 0, None), ("root", 3, "b")]


def test_what_one_that_is_away_passed_on_is_told() -> None:
    at_a, _ = of_a_log()
    at_a.silent = {"b"}
    rows = at_a.rows(at_a.first.admin(), "all actions")
    assert told(rows[1:]) == [("node:b", 2, None)]
