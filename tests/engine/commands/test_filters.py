"""Filters: the same words choose jobs in every place, and whichever store has them."""

from __future__ import annotations

import pytest

from tests.support.access import rules_of
from tests.support.dialogue import WALL_START, DialoguePeer, World
from tests.support.stored_engine import DAY, grab, listed, rows, stored, submit

WINDOWS = [1, 10]


def peopled(window: int) -> World:
    """Return a world with jobs of all states.

    1 succeeded and 2 was buried, half an hour before 3 runs, 4 and 5 wait for another
    attempt, 6 to 8 wait and 9 is delayed; 7 and 9 are of function mail.out.
    """
    world = stored(window)
    world.policy(b"f", max_attempts=1)
    client, worker = world.client(), world.worker("f", "again")
    client.submit_job_bg(b"f", b"one", b"w")
    client.submit_job_bg(b"f", b"two", b"w")
    worker.work_complete(grab(worker)[0], b"")
    worker.work_exception(grab(worker)[0], b"No such FILE: a b")
    world.advance(1800)
    world.policy(b"again", max_attempts=9, backoff_delay=DAY, backoff_jitter=0)
    client.submit_job_bg(b"f", b"three", b"w")
    grab(worker)
    submit(client, "four", "five", function=b"again")
    for error in (b"no such file", b"timed out"):
        worker.work_exception(grab(worker)[0], error)
    client.submit_job_bg(b"f", b"six", b"w")
    client.submit_job_bg(b"mail.out", b"seven", b"w")
    client.submit_job_bg(b"f", b"eight", b"w")
    client.submit_job_epoch(b"mail.out", b"nine", b"%d" % (WALL_START + DAY), b"w")
    return world


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("", [3, 4, 5, 6, 7, 8, 9]),
        ("state=waiting", [4, 5, 6, 7, 8, 9]),
        ("state=running", [3]),
        ("state=scheduled", [4, 5, 9]),
        ("state=all", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("state=ended", [1, 2]),
        ("state=dead", [2]),
        ("state=succeeded", [1]),
        ("state=failed", []),
        ("state=all function=f", [1, 2, 3, 6, 8]),
        ("function=mail.*", [7, 9]),
        ("state=all function=*", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("state=all function=[a-f]*", [1, 2, 3, 4, 5, 6, 8]),
        ("state=all error=FILE", [2, 4]),
        ("error=timed%20OUT", [5]),
        ("state=all older=900", [1, 2]),
        ("state=all newer=900", [3, 4, 5, 6, 7, 8, 9]),
        ("state=all older=1 newer=900", []),
        ("state=dead error=file older=60 function=f", [2]),
        ("state=all unique=two", [2]),
        ("state=all unique=one", [1]),
        ("state=all unique=six", [6]),
        ("unique=nine function=mail.*", [9]),
        ("unique=nine function=f", []),
    ],
)
def test_jobs_are_found_by_what_is_known_of_them(
    window: int, limit: int, wanted: str, numbers: list[int]
) -> None:
    found = listed(peopled(window).admin(), f"jobs {wanted} limit={limit}")
    handles = [str(row["handle"]) for row in found]
    assert sorted(handles) == [f"H:test:{number}" for number in numbers]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("function=mail.*", 2),
        ("error=FILE", 1),
        ("older=900", 0),
        ("newer=900", 7),
        ("newer=900 error=timed", 1),
        ("state=scheduled function=again", 2),
    ],
)
def test_bulk_orders_count_and_change_what_a_search_finds(
    window: int, wanted: str, count: int
) -> None:
    world = peopled(window)
    admin = world.admin()
    assert len(listed(admin, f"jobs {wanted}")) == count
    assert admin.text(f"cancel jobs {wanted} count=yes") == b"OK %d\n" % count
    assert admin.text(f"cancel jobs {wanted}") == b"OK %d\n" % count
    assert listed(admin, f"jobs {wanted}") == []
    assert len(listed(admin, "jobs")) == 7 - count


def test_a_function_that_purge_names_is_no_glob() -> None:
    world = peopled(10)
    assert world.admin().text("purge mail.*") == b"OK 0\n"


def test_history_takes_the_same_conditions() -> None:
    admin = peopled(10).admin()
    assert len(rows(admin, "history older=900 function=?")) == 2
    assert len(rows(admin, "history newer=900")) == 0
    assert len(rows(admin, "history state=ended")) == 2


@pytest.mark.parametrize(
    "command",
    [
        "jobs function=",
        "history function=",
        "dead list function=",
        "cancel jobs function=",
        "show connections match=",
        "show processes match=",
        "statistics match=",
    ],
)
def test_globs_are_bounded_and_count_as_work(command: str) -> None:
    """One line of 7,900 brackets kept all others waiting for 12 seconds."""
    world = World()
    admin = world.admin()
    answer = admin.text(command + "%5b" * 1025)
    assert answer.startswith(b"ERR INVALID_ARGUMENTS")
    assert b"at+most+1024+bytes" in answer
    turns = world.engine.state.turns
    before = turns.work
    assert not admin.text(command + "%5b" * 1024).startswith(b"ERR")
    assert turns.work - before > 4000


@pytest.mark.parametrize("window", WINDOWS)
def test_jobs_are_found_by_their_owner(window: int) -> None:
    world = stored(window)
    world.engine.set_rules(rules_of(_OWNERS))
    world.policy(b"f", max_attempts=1)
    web, other = world.connect(b"10.0.0.1"), world.connect(b"10.0.0.2")
    for client in (web, other, web):
        client.submit_job_bg(b"f", b"", b"w")
    worker = world.worker("f")
    worker.work_fail(grab(worker)[0])
    admin = world.client()
    assert _numbers(admin, "jobs owner=web") == [3]
    assert _numbers(admin, "jobs owner=web state=all") == [3, 1]
    assert _numbers(admin, "dead list owner=web") == [1]
    assert _numbers(admin, "jobs owner=nobody") == []
    assert admin.text("cancel jobs owner=web").startswith(b"OK 1")
    (row,) = rows(admin, "job H:test:1")
    assert row["owner"] == "web"
    (row,) = rows(admin, "job H:test:2")
    assert "owner" not in row


def _numbers(admin: DialoguePeer, line: str) -> list[int]:
    return [int(row["handle"].rpartition(":")[2]) for row in listed(admin, line)]


_OWNERS = """
[access.web]
address = "10.0.0.1"
submit = "*"
max_jobs = 10

[access.all]
address = "any"
submit = "*"
work = "*"
administer = "*"
"""
