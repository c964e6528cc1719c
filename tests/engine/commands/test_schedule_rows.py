"""Schedules as rows."""

from __future__ import annotations

import pytest

from geartrain.server.cron import calendar
from tests.support.stored_engine import rows, stored


@pytest.mark.parametrize(
    ("given", "times"),
    [
        ("every=90", "every 90 s"),
        ("cron=@daily", "@daily"),
        ("cron=0%203%20*%20*%20mon", "0 3 * * mon"),
    ],
)
def test_times_are_told_in_a_few_words(given: str, times: str) -> None:
    world = stored(calendar=calendar("UTC"))
    world.admin().text(f"schedule add s function=f {given}")
    (row,) = rows(world.admin(), "schedule list")
    assert row["times"] == times
    (coming,) = rows(world.admin(), "upcoming")
    assert (coming["fields"], coming["handle"]) == (times, "s")
    assert coming["when"] == pytest.approx(row["next"])
    shown = world.admin().text("show schedules").split(b"\t")
    assert shown[:4] == [b"s", b"f", b"", times.encode()]


def test_a_workload_that_is_no_text_is_told_in_base64() -> None:
    world = stored(calendar=calendar("UTC"))
    world.admin().text("schedule add s function=f every=90 workload=%ff%00")
    (row,) = rows(world.admin(), "schedule show s")
    assert (row["workload"], row["encoding"], row["size"]) == ("/wA=", "base64", 2)


def test_a_schedule_that_is_lost_has_no_next_time() -> None:
    def failing(cron: str, timezone: str, after: float) -> float:
        if world.wall_time > began + 50:
            raise ValueError("no more")
        return after + 60

    world = stored()
    began = world.wall_time
    world.engine.state.calendar = failing
    world.admin().text("schedule add s function=f cron=@daily")
    world.advance(60)
    (row,) = rows(world.admin(), "schedule list")
    assert (row["state"], row["next"]) == ("lost", None)


def test_what_came_of_its_times_is_counted() -> None:
    world = stored(calendar=calendar("UTC"))
    world.admin().text("schedule add s function=f every=60 overlap=skip")

    def told() -> tuple[object, dict[str, int]]:
        (row,) = rows(world.admin(), "schedule list")
        return row["failed"], {name: n for name, n in row["counts"].items() if n}

    assert told() == (None, {})
    world.advance(120)
    assert told() == (None, {"submitted": 1, "overlapped": 1})
    worker = world.worker("f")
    worker.grab_job()
    worker.work_fail(worker.received[-1].arguments[0])
    assert told() == (True, {"submitted": 1, "overlapped": 1})
    world.policy(b"f", draining=True)
    world.advance(60)
    assert told() == (True, {"submitted": 1, "overlapped": 1, "refused": 1})
    world.policy(b"f", draining=False)
    world.advance(60)
    worker.grab_job()
    worker.work_complete(worker.received[-1].arguments[0], b"")
    assert told() == (False, {"submitted": 2, "overlapped": 1, "refused": 1})
