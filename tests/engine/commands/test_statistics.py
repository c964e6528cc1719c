"""The text command that tells what happens to jobs."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.commands.ranking import GAUGES
from geartrain.engine.model.counts import FAILURES, NAMES
from tests.support.access import SHOP, TOKENS, rules_of
from tests.support.dialogue import WALL_START, World
from tests.support.stored_engine import bury, drain, grab, rows, stored, submit

MINUTE = 60.0


def of(world: World, function: str, arguments: str = "") -> dict[str, Any]:
    """Return the one row of a function."""
    line = f"statistics function={function}{arguments}"
    (row,) = rows(world.admin(), line)
    return row


def listed(world: World, arguments: str = "") -> list[str | None]:
    """Return the functions of a list in their order; None is the row of all."""
    found = rows(world.admin(), f"statistics{arguments}")
    return [row["function"] for row in found if "function" in row]


def not_zero(measures: dict[str, Any]) -> dict[str, int]:
    """Return the counts that are not 0, those of failures included."""
    both = {**measures, **measures["failures"]}
    return {name: both[name] for name in [*NAMES, *FAILURES] if both[name]}


def run(world: World, waits: float, runs: float, function: str = "f") -> None:
    """Run one job."""
    submit(world.client(), "w", function=function.encode())
    world.advance(waits)
    worker = world.worker(function)
    job, _ = grab(worker)
    world.advance(runs)
    worker.work_complete(job, b"")
    worker.leave()


def test_a_server_without_functions_tells_about_all_of_none() -> None:
    (row,) = rows(stored().admin(), "statistics")
    assert (row["function"], row["functions"]) == (None, 0)
    assert row["now"] == {**dict.fromkeys(GAUGES, 0), "oldest": None}
    assert not_zero(row["total"]) == not_zero(row["recent"]) == {}
    nothing = {"count": 0, "seconds": 0.0, "p50": None, "p95": None, "p99": None}
    assert row["total"]["waited"] == row["recent"]["ran"] == nothing


def test_what_there_is_now() -> None:
    world = stored()
    client = world.client()
    bury(world, client, "d")
    submit(client, "a", "B", "_c")
    client.submit_job_epoch(b"f", b"", b"%d" % (WALL_START + 9_000), b"later")
    world.advance(7)
    grab(world.worker("f"))
    now = of(world, "f")["now"]
    assert now == {
        "waiting": 2,
        "held": 0,
        "delayed": 1,
        "running": 1,
        "dead": 1,
        "workers": 1,
        "oldest": 7.0,
        "flow_keys": 0,
    }
    world.worker("g")
    everything = rows(world.admin(), "statistics limit=0")[0]
    assert everything["now"] == {**now, "workers": 2}
    assert everything["functions"] == 2


def test_a_worker_of_several_functions_is_one_of_all() -> None:
    world = stored()
    world.worker("f", "g", "h")
    world.worker("g")
    *some, everything = rows(world.admin(), "statistics")
    assert [row["now"]["workers"] for row in some] == [1, 2, 1]
    assert everything["now"]["workers"] == 2


def test_of_all_workers_those_are_counted_that_one_may_see() -> None:
    world = stored()
    world.engine.set_rules(rules_of(SHOP))
    peers = {name: world.admin() for name in ("all", "worker", "viewer")}
    for name, peer in peers.items():
        peer.option_req(b"token:" + TOKENS[name])
        assert [each.name for each in peer.received] == ["option_res"]
    peers["all"].can_do(b"pay.card")
    peers["worker"].can_do(b"mail.send")
    (*_, everything) = rows(peers["viewer"], "statistics")
    assert everything["now"]["workers"] == 1


def test_times_waited_and_run_are_those_of_attempts() -> None:
    world = stored()
    for _ in range(3):
        run(world, 2.0, 10.0)
    total = of(world, "f")["total"]
    assert total["waited"]["count"] == total["ran"]["count"] == 3
    assert total["waited"]["seconds"] == pytest.approx(6.0)
    assert total["ran"]["seconds"] == pytest.approx(30.0)
    assert total["waited"]["p50"] == pytest.approx(2.0, rel=0.2)
    assert total["ran"]["p95"] == pytest.approx(10.0, rel=0.2)


def test_a_delayed_job_waits_from_its_time_on() -> None:
    world = stored()
    client = world.client()
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 100), b"w")
    world.advance(103)
    drain(world.worker("f"))
    assert of(world, "f")["total"]["waited"]["seconds"] == pytest.approx(3.0)


def test_a_retried_job_waits_from_the_end_of_its_pause_on() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=50, backoff_jitter=0)
    submit(world.client(), "w")
    worker = world.worker("f")
    job, _ = grab(worker)
    world.advance(4)
    worker.work_fail(job)
    world.advance(51)
    drain(worker)
    total = of(world, "f")["total"]
    assert total["waited"]["seconds"] == pytest.approx(1.0)
    assert total["ran"] == {**total["ran"], "count": 2, "seconds": 4.0}
    assert not_zero(total) == {
        "submitted": 1,
        "started": 2,
        "succeeded": 1,
        "retried": 1,
        "fail": 1,
    }


def test_every_end_of_a_job_is_told_apart() -> None:
    world = stored()
    client = world.client()
    admin = world.admin()
    worker = world.worker("f")
    client.submit_job(b"f", b"", b"fails in the foreground")
    worker.work_fail(grab(worker)[0])
    bury(world, client, "dies", "is dropped", "is revived")
    for number, word in ((3, "drop"), (4, "retry")):
        assert admin.text(f"dead {word} H:test:{number}") == b"OK\r\n"
    drain(worker)
    world.policy(b"f", dead_letter=False)
    submit(client, "is not kept")
    worker.work_exception(grab(worker)[0], b"error")
    submit(client, "is cancelled")
    assert admin.text("cancel job H:test:6") == b"OK\r\n"
    leaving = world.client()
    leaving.submit_job(b"f", b"", b"is abandoned")
    leaving.leave()
    client.submit_job_bg(b"f", b"u", b"is handed back")
    client.submit_job_bg(b"f", b"u", b"joins")
    job, _ = grab(worker)
    assert admin.text(b"release job " + job) == b"OK\r\n"
    worker.work_complete(job, b"late")
    assert admin.text("maxqueue f 1") == b"OK\r\n"
    submit(client, "is refused")
    world.policy(b"f", ttl=5)
    world.advance(6)
    assert not_zero(of(world, "f")["total"]) == {
        "submitted": 8,
        "joined": 1,
        "refused": 1,
        "started": 7,
        "succeeded": 1,
        "failed": 2,
        "unkept": 1,
        "dead": 3,
        "cancelled": 1,
        "expired": 1,
        "abandoned": 1,
        "released": 1,
        "revived": 1,
        "dropped": 1,
        "refused_results": 1,
        "fail": 4,
        "exception": 1,
    }


def test_recent_goes_back_some_minutes() -> None:
    world = stored()
    # Into the middle of a minute: the world begins 40 s before one ends.
    world.advance(70)
    run(world, 0, 0)
    world.advance(4 * MINUTE)
    run(world, 0, 0)
    row = of(world, "f", " over=2")
    assert not_zero(row["total"])["succeeded"] == 2
    assert not_zero(row["recent"])["succeeded"] == 1
    assert 120 <= row["recent"]["seconds"] < 180
    longer = of(world, "f", " over=10")["recent"]
    assert not_zero(longer)["succeeded"] == 2
    # No longer than there is something to tell.
    assert longer["seconds"] == pytest.approx(4 * MINUTE)


def test_minutes_and_hours_of_a_function_and_of_all() -> None:
    world = stored()
    for function in ("f", "f", "g"):
        run(world, 0, MINUTE, function)
    minutes = rows(world.admin(), "statistics by=minute function=f")
    assert [row["submitted"] for row in minutes] == [1, 1, 0]
    assert [row["succeeded"] for row in minutes] == [0, 1, 1]
    assert minutes[0]["time"] == WALL_START // 60 * 60
    assert minutes[1]["time"] - minutes[0]["time"] == minutes[0]["seconds"] == 60
    assert [row["started"] for row in rows(world.admin(), "statistics by=minute")] == [
        1,
        1,
        1,
        0,
    ]
    (hour,) = rows(world.admin(), "statistics by=hour function=g")
    assert (hour["seconds"], hour["submitted"]) == (3600, 1)
    assert hour["time"] == WALL_START // 3600 * 3600


def test_submissions_are_told_by_priority_and_kind() -> None:
    world = stored()
    client = world.client()
    submit(client, "a", "b", "C", "_d")
    client.submit_job(b"f", b"", b"e")
    client.submit_job_high(b"f", b"", b"g")
    # It joins, and is no job of its own.
    client.submit_job_low(b"f", b"u", b"h")
    client.submit_job_high_bg(b"f", b"u", b"i")
    expected = {
        "high": {"foreground": 1, "background": 1},
        "normal": {"foreground": 1, "background": 2},
        "low": {"foreground": 1, "background": 1},
    }
    assert of(world, "f")["total"]["submitted_by"] == expected
    world.advance(2 * MINUTE)
    (whole,) = rows(world.admin(), "statistics by=minute")
    assert (whole["submitted"], whole["submitted_by"]) == (7, expected)
    (kept,) = rows(world.restarted().admin(), "statistics by=minute function=f")
    assert kept["submitted_by"] == expected


def test_a_submission_that_waits_for_the_store_is_told_by_priority() -> None:
    world = stored(1)
    client = world.client()
    for number in range(4):
        client.submit_job_high_bg(b"f", b"u%d" % number, b"w")
    assert of(world, "f")["total"]["submitted_by"]["high"] == {
        "foreground": 0,
        "background": 4,
    }


def test_buckets_are_shown_where_they_are_asked_for() -> None:
    world = stored()
    run(world, 1.0, 0)
    assert "buckets" not in of(world, "f")["total"]["waited"]
    total = of(world, "f", " buckets=true")["total"]
    assert total["ran"]["buckets"] == [1]
    assert total["waited"]["buckets"] == [*[0] * 27, 1]


def test_functions_are_sorted_by_what_is_asked_for() -> None:
    world = stored()
    client = world.client()
    for name, count in (("a", 1), ("b", 3), ("c", 2)):
        submit(client, *["w"] * count, function=name.encode())
    run(world, 0, 0, "a")
    assert listed(world) == ["b", "c", "a", None]
    assert listed(world, " sort=succeeded") == ["a", "b", "c", None]
    assert listed(world, " sort=function") == ["a", "b", "c", None]
    assert listed(world, " limit=1") == ["b", None]
    assert listed(world, " limit=0") == [None]


def test_slices_together_have_every_function_once() -> None:
    world = stored()
    client = world.client()
    for number in range(7):
        submit(client, *["w"] * (number % 3 + 1), function=b"f%d" % number)
    seen: list[str] = []
    after = ""
    while True:
        found = rows(world.admin(), f"statistics limit=2{after}")
        seen += [row["function"] for row in found if row.get("function")]
        if "after" not in found[-1]:
            break
        after = f" after={found[-1]['after']}"
    assert seen == ["f2", "f5", "f1", "f4", "f0", "f3", "f6"]


def test_many_functions_are_looked_at_in_steps() -> None:
    world = World()
    client = world.client()
    for number in range(2_500):
        client.submit_job(b"f%04d" % number, b"", b"w")
    found = rows(world.admin(), "statistics sort=function limit=3")
    assert [row.get("function") for row in found[:4]] == [
        "f0000",
        "f0001",
        "f0002",
        None,
    ]
    assert found[3]["now"]["waiting"] == 2_500
    last = rows(world.admin(), "statistics sort=function limit=9 after=0:f2497")
    assert [row["function"] for row in last[:2]] == ["f2498", "f2499"]


def test_of_several_sorts_the_first_of_each_are_listed() -> None:
    world = World()
    client = world.client()
    for number in range(6):
        for _ in range(number + 1):
            client.submit_job(b"f%d" % number, b"", b"w")
        world.advance(1)
    found = rows(world.admin(), "statistics sort=oldest,waiting limit=3")
    assert [row["function"] for row in found] == ["f0", "f5", "f1", None]
    every = rows(world.admin(), "statistics sort=waiting,function")
    assert len(every) == 7


def test_a_forgotten_function_still_has_its_hours() -> None:
    world = World()
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    client.leave()
    world.advance(2 * 3600)
    world.admin().text("status")
    assert len(rows(world.admin(), "statistics by=hour function=f")) == 1
    assert of(world, "f")["now"]["workers"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("by=day", "by is minute or hour, not 'day'"),
        ("by=hour limit=3", "by= goes with function= and buckets= only"),
        ("over=0", "over is a number of minutes from 1 to 60"),
        ("over=61", "over is a number of minutes from 1 to 60"),
        ("over=x", "over is a number, not 'x'"),
        ("buckets=yes", "buckets is true or false"),
        ("after=x", "after is not from a list: begin again without it"),
        ("sort=age", "sort is one of function, waiting, held, delayed, running,"),
        ("sort=waiting,dead after=0:f", "after= goes with one sort only"),
        ("sort=dead,dead,dead,dead,dead", "sort takes 4 at most"),
        ("age=1", "'age' is none of function=, by=, over=, sort=, limit=, after=,"),
    ],
)
def test_wrong_arguments_are_named(arguments: str, reason: str) -> None:
    answer = stored().admin().text(f"statistics {arguments}").decode()
    expected = "ERR INVALID_ARGUMENTS " + reason.replace(" ", "+")
    assert answer.startswith(expected), answer


def test_an_unknown_function_is_said_to_be_unknown() -> None:
    answer = stored().admin().text("statistics function=f")
    assert answer == b"ERR UNKNOWN_FUNCTION\r\n"
