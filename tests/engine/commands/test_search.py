"""Lists of all jobs in slices, each job once, while jobs come, move and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.dialogue import WALL_START, DialoguePeer, World
from tests.support.stored_engine import (
    DAY,
    drain,
    grab,
    listed,
    numbers_in_memory,
    read_rows,
    rows,
    stored,
    submit,
    submit_due,
)

WINDOWS = [1, 2, 10]


def crowded(window: int) -> World:
    """Return a world with 30 jobs to f, of which 3 run, and 12 to g that are delayed.

    The last to f have uniques; some jobs wait in memory and some in the store alone.
    """
    world = stored(window)
    client, worker = world.client(), world.worker("f")
    submit(client, *[f"w{number}" for number in range(24)])
    for number in range(6):
        client.submit_job_bg(b"f", b"u%d" % number, b"w")
    for _ in range(3):
        grab(worker)
    for number in range(12):
        due = b"%d" % (WALL_START + DAY + number)
        client.submit_job_epoch(b"g", b"", due, b"later")
    assert len(numbers_in_memory(world)) < 42
    return world


def handles(found: list[dict[str, object]]) -> list[str]:
    return [str(row["handle"]) for row in found]


def numbered(*numbers: int) -> list[str]:
    return [f"H:test:{number}" for number in numbers]


def slices(
    peer: DialoguePeer, line: str, between: Callable[[], object]
) -> list[dict[str, object]]:
    """Return all rows of a list, having something happen between its slices."""
    found: list[dict[str, object]] = []
    after = ""
    while True:
        slice_ = rows(peer, line + after)
        if not slice_ or "after" not in slice_[-1]:
            return found + slice_
        after = f" after={slice_.pop()['after']}"
        found += slice_
        between()


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("limit", [1, 2, 7, 100, 5000])
def test_every_job_is_listed_once(window: int, limit: int) -> None:
    world = crowded(window)
    found = handles(listed(world.admin(), f"jobs limit={limit}"))
    assert sorted(found) == sorted(numbered(*range(1, 43)))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("state=running", 3),
        ("state=ready", 27),
        ("state=scheduled", 12),
        ("function=f", 30),
        ("function=g", 12),
        ("function=h", 0),
        ("function=f state=running", 3),
        ("function=f state=ready", 27),
        ("function=f state=scheduled", 0),
        ("function=g state=running", 0),
        ("function=g state=scheduled", 12),
        ("function=g state=ready", 0),
        ("unique=u3", 1),
        ("unique=u3 function=g", 0),
        ("unique=u3 state=ready", 1),
        ("unique=u3 state=running", 0),
        ("unique=x", 0),
    ],
)
def test_a_list_can_be_of_some(
    window: int, limit: int, wanted: str, count: int
) -> None:
    world = crowded(window)
    found = listed(world.admin(), f"jobs {wanted} limit={limit}")
    assert len(found) == len(set(handles(found))) == count
    for name, value in (each.split("=") for each in wanted.split()):
        assert {row[name] for row in found} <= {value}


def test_names_are_percent_encoded() -> None:
    world = stored(1)
    client = world.client()
    for _ in range(2):
        client.submit_job_bg(b"a b%\xff", b"", b"w")
    found = listed(world.admin(), "jobs function=a%20b%25%FF")
    assert [row["function"] for row in found] == ["a b%\udcff"] * 2


def test_a_row_has_no_workload() -> None:
    world = stored(1)
    submit(world.client(), "w", "w")
    found = listed(world.admin())
    assert len(found) == 2
    assert all("workload" not in row and row["size"] == 1 for row in found)


def test_dead_letters_are_no_jobs() -> None:
    world = stored(1)
    client, worker = world.client(), world.worker("f")
    submit(client, "dead", "w")
    worker.work_fail(grab(worker)[0])
    assert handles(listed(world.admin())) == ["H:test:2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_without_a_store_every_job_is_listed_once(limit: int) -> None:
    world = World()
    client = world.client()
    submit(client, *["w"] * 20)
    client.submit_job(b"f", b"", b"w")
    found = listed(world.admin(), f"jobs limit={limit}")
    assert handles(found) == numbered(*range(1, 22))
    assert [row["background"] for row in found] == [True] * 20 + [False]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_jobs_that_come_into_memory_meanwhile_are_listed_once(
    window: int, limit: int
) -> None:
    world = stored(window)
    submit(world.client(), *["w"] * 30)
    worker = world.worker("f")
    found = slices(world.admin(), f"jobs limit={limit}", lambda: grab(worker))
    assert sorted(handles(found)) == sorted(numbered(*range(1, 31)))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_jobs_that_end_meanwhile_are_listed_once_at_most(
    window: int, limit: int
) -> None:
    world = stored(window)
    submit(world.client(), *["w"] * 30)
    worker, ended = world.worker("f"), []

    def end_one() -> None:
        job, _ = grab(worker)
        if job:
            worker.work_complete(job, b"")
            ended.append(job.decode())

    times = Counter(handles(slices(world.admin(), f"jobs limit={limit}", end_one)))
    assert set(times.values()) == {1}
    assert set(numbered(*range(1, 31))) - set(times) <= set(ended)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_jobs_that_leave_memory_meanwhile_are_listed_once(
    window: int, limit: int
) -> None:
    world = stored(window)
    world.policy(b"f", max_attempts=99, backoff_delay=DAY, backoff_jitter=0)
    submit(world.client(), *["w"] * 30)
    worker = world.worker("f")

    def fail_one() -> None:
        job, _ = grab(worker)
        if job:
            worker.work_fail(job)

    found = slices(world.admin(), f"jobs limit={limit}", fail_one)
    assert sorted(handles(found)) == sorted(numbered(*range(1, 31)))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("wanted", ["", " function=f", " state=ready"])
def test_jobs_that_come_meanwhile_are_listed_once_at_most(
    window: int, wanted: str
) -> None:
    world = stored(window)
    client = world.client()
    submit(client, *["w"] * 20)
    more = iter(range(30))

    def submit_one() -> None:
        if next(more, None) is not None:
            client.submit_job_bg(b"f", b"u%d" % world.now, b"w")
            world.now += 1

    times = Counter(handles(slices(world.admin(), f"jobs limit=3{wanted}", submit_one)))
    assert set(times.values()) == {1}
    assert set(numbered(*range(1, 21))) <= set(times)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("unique", [b"", b"u"])
@pytest.mark.parametrize("wanted", ["", " function=f", " function=f state=ready"])
def test_a_job_on_its_way_to_the_store_is_listed(
    window: int, unique: bytes, wanted: str
) -> None:
    world = stored(window)
    client = world.client()
    submit(client, *["w"] * 12)
    world.is_committing = False
    client.submit_job_bg(b"f", unique, b"w")
    admin = world.admin()
    admin.send(b"jobs limit=50" + wanted.encode() + b"\n")
    world.commit_all()
    found = read_rows(b"".join(each.arguments[0] for each in admin.received))
    assert sorted(handles(found)) == sorted(numbered(*range(1, 14)))


def test_a_delayed_job_on_its_way_to_the_store_is_listed() -> None:
    world = stored(1)
    client = world.client()
    submit_due(client, WALL_START + DAY, "first")
    world.is_committing = False
    submit_due(client, WALL_START + DAY, "second")
    admin = world.admin()
    admin.send(b"jobs function=f state=scheduled\n")
    world.commit_all()
    found = read_rows(b"".join(each.arguments[0] for each in admin.received))
    assert sorted(handles(found)) == numbered(1, 2)


def test_a_job_with_a_unique_is_listed_though_nothing_follows_it() -> None:
    world = stored(1)
    client = world.client()
    submit(client, "first", "second")
    client.submit_job_bg(b"f", b"u", b"third")
    assert handles(listed(world.admin())) == numbered(1, 2, 3)


def test_after_a_restart_every_job_is_listed_once() -> None:
    world = crowded(2).restarted()
    found = handles(listed(world.admin(), "jobs limit=5"))
    assert sorted(found) == sorted(numbered(*range(1, 43)))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("line", ["jobs", "jobs function=f", "jobs state=ready"])
def test_a_list_is_gone_on_with_in_another_connection(window: int, line: str) -> None:
    world = crowded(window)
    found: list[str] = []
    after, is_last = "", False
    while not is_last:
        part = rows(world.admin(), f"{line} limit=4{after}")
        is_last = not part or "after" not in part[-1]
        after = "" if is_last else f" after={part.pop()['after']}"
        found += handles(part)
    assert sorted(found) == sorted(set(handles(listed(world.admin(), line))))


def test_a_list_goes_on_where_it_was_though_those_before_have_left() -> None:
    world = stored()
    submit(world.client(), *["w"] * 9)
    after = rows(world.admin(), "jobs limit=4")[-1]["after"]
    worker = world.worker("f")
    for _ in range(3):
        worker.work_complete(grab(worker)[0], b"")
    assert handles(rows(world.admin(), f"jobs after={after}")) == numbered(
        *range(5, 10)
    )
    worker.work_complete(grab(worker)[0], b"")
    assert handles(rows(world.admin(), f"jobs after={after}"))[-4:] == numbered(
        6, 7, 8, 9
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("jobs state=gone", "state+is+ready,+running,+scheduled,+waiting,+succeeded"),
        ("jobs older=x", "older+is+seconds+from+0,+or+a+time+such+as+20m,+not+'x'"),
        ("jobs limit=0", "limit+is+a+number+from+1"),
        ("jobs limit=many", "limit+is+a+number,+not+'many'"),
        (
            "jobs f",
            "'f'+is+none+of+function=,+state=,+unique=,+owner=,+error=,+kind=,+older=,+newer=,+key=,+batch=,+limit=,+after=",
        ),
        ("jobs limit=1 limit=2", "'limit'+is+given+twice"),
        ("jobs after=memory-x", "after+is+no+place+in+a+list"),
        ("jobs after=dead-x", "after+is+no+place+in+a+list"),
        ("jobs after=history", "after+is+no+place+in+a+list"),
        ("jobs after=nonsense", "after+is+no+place+in+a+list"),
        ("jobs after=memory-" + "9" * 30, "after+is+no+place+in+a+list"),
    ],
)
def test_wrong_words_are_refused_with_the_reason(line: str, reason: str) -> None:
    answer = crowded(2).admin().text(line).decode()
    assert answer.startswith(f"ERR INVALID_ARGUMENTS {reason}")


def test_a_place_the_store_does_not_know_is_refused() -> None:
    answer = crowded(2).admin().text("jobs after=store-nonsense")
    assert answer.startswith(b"ERR ")


def test_a_list_of_many_lets_others_be_served() -> None:
    world = stored(10)
    submit(world.client(), *["w"] * 50)
    world.is_committing = False
    admin, worker = world.admin(), world.worker("f")
    admin.send(b"jobs after=store-\n")
    assert admin.received == []
    worker.grab_job()
    assert [answer.name for answer in worker.received] == ["job_assign"]
    world.commit_all()
    assert [answer.name for answer in admin.received] == ["text"]


def test_a_peer_that_leaves_in_the_middle_of_a_list_harms_nobody() -> None:
    world = crowded(2)
    world.is_committing = False
    leaving = world.admin()
    leaving.send(b"jobs after=store-\njobs\n")
    leaving.leave()
    world.commit_all()
    assert len(listed(world.admin())) == 42
    assert len(drain(world.worker("f")).split()) == 27
