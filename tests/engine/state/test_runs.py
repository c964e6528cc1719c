"""What came of the last times of schedules."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.state import runs as state_runs
from geartrain.server.cron import calendar
from tests.support.dialogue import DialoguePeer, World
from tests.support.lanes import LaneStore
from tests.support.stored_engine import counts, rows, stored

MINUTE = 60.0


def world_with(given: str = "", window: int = 10) -> World:
    world = stored(calendar=calendar("UTC"), window=window)
    line = f"schedule add s function=f every=60 {given}".strip()
    assert world.admin().text(line) == b"OK\r\n"
    return world


def runs(world: World, name: str = "s") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows(world.admin(), f"schedule show {name}")[0][
        "runs"
    ]
    return found


def outcomes(world: World) -> list[str | None]:
    """Return how the last runs ended, the earliest first."""
    return [run["outcome"] for run in reversed(runs(world))]


def grab(worker: DialoguePeer) -> bytes:
    worker.grab_job()
    return worker.received[-1].arguments[0]


def test_each_end_of_a_job_is_told() -> None:
    world = world_with()
    world.policy(b"f", max_attempts=1)
    world.advance(4 * MINUTE)
    worker = world.worker("f")
    worker.work_complete(grab(worker), b"")
    worker.work_fail(grab(worker))
    cancelled = runs(world)[1]["handle"]
    world.admin().text(f"cancel job {cancelled}")
    assert outcomes(world) == ["succeeded", "dead", "cancelled", None]
    assert runs(world)[3]["ended"] == pytest.approx(world.wall_time)
    world.policy(b"f", ttl=10.0)
    world.advance(30)
    assert outcomes(world)[-1] == "expired"


def test_a_dead_letter_that_succeeds_in_the_end_has_succeeded() -> None:
    world = world_with()
    world.policy(b"f", max_attempts=1)
    world.advance(MINUTE)
    worker = world.worker("f")
    dead = grab(worker)
    worker.work_fail(dead)
    assert outcomes(world) == ["dead"]
    world.admin().text(f"dead retry {dead.decode()}")
    worker.work_complete(grab(worker), b"")
    assert outcomes(world) == ["succeeded"]


def test_the_last_ten_are_kept_and_nothing_of_the_others() -> None:
    world = world_with()
    world.advance(30 * MINUTE)
    assert len(runs(world)) == 10
    assert len(world.engine.state.runs) == 10


def test_a_job_that_is_joined_is_the_run_of_both() -> None:
    world = world_with("unique=u")
    world.admin().text("schedule add t function=f every=60 unique=u")
    world.advance(2 * MINUTE)
    (handle,) = {run["handle"] for run in [*runs(world), *runs(world, "t")]}
    worker = world.worker("f")
    worker.work_complete(grab(worker), b"")
    assert outcomes(world) == ["succeeded", "succeeded"]
    assert [run["outcome"] for run in runs(world, "t")] == ["succeeded", "succeeded"]
    world.admin().text("schedule remove t")
    world.admin().text("schedule remove s")
    assert world.engine.state.runs == {}
    assert handle


def test_a_twin_that_only_the_store_knew_is_the_run() -> None:
    world = world_with("unique=u", window=1)
    client = world.client()
    for number in range(5):
        client.submit_job_bg(b"f", b"" if number < 4 else b"u", b"w")
    waiting = client.received[-1].arguments[0].decode()
    assert world.engine.state.functions[b"f"].paged_count() > 0
    world.advance(MINUTE)
    assert runs(world)[0]["handle"] == waiting
    worker = world.worker("f")
    for _ in range(5):
        worker.work_complete(grab(worker), b"")
    assert outcomes(world) == ["succeeded"]


def test_jobs_that_only_the_store_has_are_followed() -> None:
    world = world_with(window=1)
    world.advance(5 * MINUTE)
    assert world.engine.state.functions[b"f"].paged_count() > 0
    world.admin().text("cancel jobs function=f")
    assert outcomes(world) == ["cancelled"] * 5


def test_a_job_tells_which_schedule_submitted_it() -> None:
    world = world_with(window=1)
    world.client().submit_job_bg(b"f", b"", b"w")
    world.advance(3 * MINUTE)
    for handle in [run["handle"] for run in runs(world)]:
        (job,) = rows(world.admin(), f"job {handle}")
        assert job["schedule"] == "s"
    (job,) = rows(world.admin(), "job H:test:1")
    assert "schedule" not in job


def test_overlap_allow_has_all_run_at_once() -> None:
    world = world_with()
    world.advance(3 * MINUTE)
    assert outcomes(world) == [None, None, None]


def test_overlap_skip_leaves_times_out_until_the_job_has_ended() -> None:
    world = world_with("overlap=skip")
    world.advance(3 * MINUTE)
    assert outcomes(world) == [None, "overlapped", "overlapped"]
    worker = world.worker("f")
    worker.work_complete(grab(worker), b"")
    world.advance(MINUTE)
    assert outcomes(world) == ["succeeded", "overlapped", "overlapped", None]


@pytest.mark.parametrize("overlap", ["skip", "wait"])
def test_a_job_that_takes_many_times_has_none_run_beside_it(overlap: str) -> None:
    world = world_with(f"overlap={overlap}")
    world.advance(30 * MINUTE)
    assert counts(world)[0] == 1
    assert outcomes(world) == [None] + ["overlapped"] * 9
    worker = world.worker("f")
    worker.work_complete(grab(worker), b"")
    world.advance(0 if overlap == "wait" else MINUTE)
    assert counts(world)[0] == 1


def test_overlap_wait_has_one_more_wait() -> None:
    world = world_with("overlap=wait")
    world.advance(3 * MINUTE)
    assert outcomes(world) == [None, "overlapped"]
    assert rows(world.admin(), "schedule list")[0]["state"] == "held"
    worker = world.worker("f")
    worker.work_complete(grab(worker), b"")
    world.advance(0)
    assert outcomes(world) == ["succeeded", "overlapped", None]
    assert rows(world.admin(), "schedule list")[0]["state"] == "waiting"
    worker.work_complete(grab(worker), b"")
    world.advance(0)
    assert outcomes(world) == ["succeeded", "overlapped", "succeeded"]


@pytest.mark.parametrize("overlap", ["skip", "wait"])
def test_a_job_that_outlasts_more_times_than_are_kept_still_counts(
    overlap: str,
) -> None:
    world = world_with(f"overlap={overlap}")
    worker = world.worker("f")
    world.advance(MINUTE)
    handle = grab(worker)
    world.advance(15 * MINUTE)
    assert outcomes(world) == [None, *["overlapped"] * 9]
    assert len(world.engine.state.jobs) == 1
    worker.work_complete(handle, b"")
    world.advance(MINUTE)
    assert outcomes(world).count(None) == 1


def test_one_that_waits_does_so_over_a_restart() -> None:
    world = world_with("overlap=wait")
    world.advance(2 * MINUTE)
    again = world.restarted(calendar("UTC"))
    assert outcomes(again) == [None]
    worker = again.worker("f")
    worker.work_complete(grab(worker), b"")
    again.advance(0)
    assert outcomes(again) == ["succeeded", None]


def test_jitter_puts_each_time_off_by_its_own_part() -> None:
    world = world_with("jitter=50")
    submitted = []
    for _ in range(20):
        due = rows(world.admin(), "schedule list")[0]["next"]
        world.advance(due - world.wall_time + 59)
        (run, *_) = runs(world)
        assert run["due"] == pytest.approx(due)
        submitted.append(
            rows(world.admin(), f"job {run['handle']}")[0]["submitted"] - due
        )
    assert len({round(late, 3) for late in submitted}) > 10
    assert min(submitted) >= 0
    assert max(submitted) <= 50
    assert max(submitted) - min(submitted) > 25


def go_on_again(world: World) -> None:
    """Have a job server run once more what others were asked for."""
    assert isinstance(world.store, LaneStore)
    again, world.store.again = world.store.again, ()
    for inventory in again:
        world.engine.sharing.adopt(inventory, world.now)
    world.deliver()


@pytest.mark.parametrize("overlap", ["skip", "wait"])
def test_a_job_of_another_job_server_holds_the_next_up_until_it_has_ended(
    overlap: str,
) -> None:
    store = LaneStore(1)
    leading = World(calendar("UTC"), store=store)
    other = World(calendar("UTC"), store=LaneStore(2, store))
    other.client().submit_job_bg(b"f", b"u", b"w")
    line = f"schedule add s function=f every=60 unique=u overlap={overlap}"
    leading.admin().text(line)
    leading.advance(3 * MINUTE)
    assert counts(leading)[0] == 0
    expected = [None] + ["overlapped"] * (2 if overlap == "skip" else 1)
    assert outcomes(leading) == expected
    worker = other.worker("f")
    # As it was joined, it runs once more.
    for _ in range(2):
        worker.work_complete(grab(worker), b"")
        go_on_again(other)
    # Until it is looked whether the job has ended, or the time after that.
    leading.advance(10 if overlap == "wait" else 2 * MINUTE)
    assert outcomes(leading)[0] == "elsewhere"
    assert outcomes(leading)[-1] is None
    assert rows(leading.admin(), "schedule show s")[0]["failed"] is None
    assert counts(leading)[0] == 1


@pytest.mark.parametrize("overlap", ["wait", "skip"])
def test_a_job_that_died_where_another_led_holds_up_no_time(overlap: str) -> None:
    """Its schedule was told nothing, as that was not this job server's to lead."""
    store = LaneStore(1)
    leading = World(calendar("UTC"), store=store)
    other = World(calendar("UTC"), store=LaneStore(2, store))
    other.policy(b"f", max_attempts=1, dead_letter=True)
    other.client().submit_job_bg(b"f", b"u", b"w")
    line = f"schedule add s function=f every=60 unique=u overlap={overlap}"
    leading.admin().text(line)
    leading.advance(3 * MINUTE)
    worker = other.worker("f")
    worker.work_fail(grab(worker))
    leading.advance(10 if overlap == "wait" else 2 * MINUTE)
    assert outcomes(leading)[0] == "dead"
    assert outcomes(leading)[-1] is None
    assert counts(leading)[0] == 1


def test_jobs_of_many_times_are_looked_up_a_few_at_once() -> None:
    world = stored(calendar=calendar("UTC"))
    for number in range(10):
        world.admin().text(f"schedule add s{number} function=f every=60")
    world.advance(5 * MINUTE)
    state = world.engine.state
    world.is_committing = False
    state_runs.look_up(state)
    batch = world.engine.take_batch()
    assert batch is not None
    assert len(batch.queries) == 40
    assert len(state.doubted_runs) == 30
    world.settle(batch, "")
    world.commit_all()
    assert state.doubted_runs == []
    assert outcomes_of(world, "s7") == [None] * 5


def outcomes_of(world: World, name: str) -> list[str | None]:
    return [run["outcome"] for run in runs(world, name)]
