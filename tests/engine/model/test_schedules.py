"""Recurring jobs: what SUBMIT_JOB_SCHED leaves behind."""

from __future__ import annotations

import pytest

from geartrain.engine.model.functions import Function
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.schedules import Schedule, no_calendar
from tests.support.dialogue import (
    H1,
    H2,
    H3,
    WALL_START,
    DialoguePeer,
    World,
    error,
    job_assign_uniq,
    job_created,
    no_job,
    noop,
    status_res,
)

MINUTE = 60.0
EVERY_MINUTE = (b"*", b"", b"", b"", b"")


def every_so_often(cron: str, timezone: str, after: float) -> float:
    """Take the minute field for a number of minutes from one run to the next."""
    minute = cron.split()[0]
    if not minute.isdigit() and minute not in ("", "*"):
        raise ValueError(f"minute {minute!r}: not a number of minutes")
    return after + MINUTE * (int(minute) if minute.isdigit() else 1)


@pytest.fixture
def world() -> World:
    return World(every_so_often)


def test_an_engine_without_a_calendar_refuses_schedules() -> None:
    world = World()
    client = world.client()
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    refusal = error(b"INVALID_ARGUMENT", b"this job server has no calendar")
    assert client.received == [refusal]
    assert client.text("show schedules") == b".\n"


def test_no_calendar_names_no_time() -> None:
    with pytest.raises(ValueError, match="this job server has no calendar"):
        no_calendar("* * * * *", "", 0.0)


def test_a_schedule_begins_empty() -> None:
    schedule = Schedule(1, H1, Function(b"f", Policy()))
    assert (schedule.number, schedule.handle) == (1, H1)
    assert (schedule.function.name, schedule.unique) == (b"f", b"")
    assert (schedule.workload, schedule.more, schedule.fields) == (b"", [], [])


def test_the_answer_is_the_schedules_own_handle(client: DialoguePeer) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    assert client.received == [job_created(H1)]


def test_nothing_runs_before_its_time(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper("f")
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    world.advance(MINUTE - 0.001)
    assert worker.received == []
    assert world.admin().text("status") == b"f\t0\t0\t1\n.\n"


def test_a_job_is_submitted_when_the_fields_match(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w\0w")
    world.advance(MINUTE)
    worker.grab_job_uniq()
    assert worker.received == [noop(), job_assign_uniq(H2, b"f", b"u", b"w\0w")]


def test_jobs_recur(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper("f")
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    for handle in (H2, H3):
        world.advance(MINUTE)
        worker.grab_job_uniq()
        worker.work_complete(handle, b"")
        worker.pre_sleep()
        assert worker.received == [noop(), job_assign_uniq(handle, b"f", b"u", b"w")]


def test_no_job_is_added_while_the_one_before_waits(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    world.advance(5 * MINUTE)
    assert client.received == [job_created(H1)]
    assert client.text("show jobs") == b"H:test:2\t0\t0\t1\n.\n"


def test_without_a_unique_each_time_adds_a_job(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"w")
    world.advance(3 * MINUTE)
    assert client.received == [job_created(H1)]
    assert client.text("status") == b"f\t3\t0\t0\n.\n"


def test_times_that_passed_unnoticed_count_once(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"w")
    world.now += 10 * MINUTE
    world.engine.tick(world.now)
    assert client.received == [job_created(H1)]
    assert client.text("status") == b"f\t1\t0\t0\n.\n"
    world.advance(MINUTE)
    assert client.text("status") == b"f\t2\t0\t0\n.\n"


def test_jobs_go_on_after_the_submitter_left(world: World) -> None:
    client = world.client()
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    client.leave()
    world.advance(MINUTE)
    assert world.admin().text("status") == b"f\t1\t0\t0\n.\n"


def test_submitting_again_changes_the_schedule(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"old")
    client.submit_job_sched(b"f", b"u", b"5", b"", b"", b"", b"", b"new")
    assert client.received == [job_created(H1), job_created(H1)]
    world.advance(4 * MINUTE)
    worker = world.worker("f")
    worker.grab_job_uniq()
    assert worker.received == [no_job()]
    world.advance(MINUTE)
    worker.grab_job_uniq()
    assert worker.received == [job_assign_uniq(H2, b"f", b"u", b"new")]


def test_function_and_unique_together_name_a_schedule(client: DialoguePeer) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"")
    client.submit_job_sched(b"g", b"u", *EVERY_MINUTE, b"")
    client.submit_job_sched(b"f", b"v", *EVERY_MINUTE, b"")
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"")
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"")
    handles = [job_created(b"H:test:%d" % number) for number in range(1, 6)]
    assert client.received == handles


def test_a_unique_of_a_dash_stands_for_the_workload(
    world: World, client: DialoguePeer
) -> None:
    for workload in (b"one", b"two", b"one"):
        client.submit_job_sched(b"f", b"-", *EVERY_MINUTE, workload)
    assert client.received == [job_created(H1), job_created(H2), job_created(H1)]
    world.advance(MINUTE)
    assert client.text("status") == b"f\t2\t0\t0\n.\n"


def test_a_dash_without_a_workload_names_no_schedule(client: DialoguePeer) -> None:
    client.submit_job_sched(b"f", b"-", *EVERY_MINUTE, b"")
    client.submit_job_sched(b"f", b"-", *EVERY_MINUTE, b"")
    assert client.received == [job_created(H1), job_created(H2)]


def test_bad_fields_are_refused_with_the_calendars_reason(
    client: DialoguePeer,
) -> None:
    client.submit_job_sched(b"f", b"u", b"soon", b"", b"", b"", b"", b"w")
    reason = b"minute 'soon': not a number of minutes"
    assert client.received == [error(b"INVALID_ARGUMENT", reason)]
    assert client.text("show schedules") == b".\n"


def test_bad_fields_leave_the_schedule_they_would_have_changed(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    client.submit_job_sched(b"f", b"u", b"soon", b"", b"", b"", b"", b"w")
    assert [answer.name for answer in client.received] == ["job_created", "error"]
    world.advance(MINUTE)
    assert client.text("status") == b"f\t1\t0\t0\n.\n"


def test_a_long_unique_is_refused(client: DialoguePeer) -> None:
    client.submit_job_sched(b"f", b"u" * 65, *EVERY_MINUTE, b"w")
    client.submit_job_sched(b"f", b"u" * 64, *EVERY_MINUTE, b"w")
    refusal = error(b"ARGUMENT_TOO_LARGE", b"Unique value too large")
    assert client.received == [refusal, job_created(H1)]


def test_status_knows_a_schedule_by_its_handle(client: DialoguePeer) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    client.get_status(H1)
    assert client.received[1:] == [status_res(H1, b"1", b"0", b"0", b"0")]


def test_schedules_are_listed(world: World, client: DialoguePeer) -> None:
    client.submit_job_sched(b"f", b"u", b"5", b"0-4", b"", b"jan", b"1", b"w")
    client.submit_job_sched(b"g", b"", b"", b"", b"", b"", b"", b"w")
    assert client.received == [job_created(H1), job_created(H2)]
    assert client.text("show schedules") == (
        b"H:test:1\tf\tu\t5 0-4 * jan 1\t%d\n" % int(WALL_START + 5 * MINUTE)
        + b"H:test:2\tg\t\t* * * * *\t%d\n" % int(WALL_START + MINUTE)
        + b".\n"
    )
    assert client.text("show jobs") == b".\n"


def test_a_cancelled_schedule_submits_no_more(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"w")
    world.advance(MINUTE)
    assert admin.text("cancel job H:test:1") == b"OK\r\n"
    world.advance(5 * MINUTE)
    assert admin.text("show schedules") == b".\n"
    assert admin.text("status") == b"f\t1\t0\t0\n.\n"
    assert admin.text("cancel job H:test:1") == b"ERR UNKNOWN_JOB\r\n"


def test_a_function_with_a_schedule_cannot_be_dropped(
    client: DialoguePeer, admin: DialoguePeer
) -> None:
    client.submit_job_sched(b"f", b"u", *EVERY_MINUTE, b"w")
    refusal = b"ERR there are still connected workers or executing clients\r\n"
    assert admin.text("drop function f") == refusal
    admin.text("cancel job H:test:1")
    assert admin.text("drop function f") == b"OK\r\n"


def test_a_full_queue_leaves_a_job_out_and_says_so(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    admin.text("maxqueue f 1")
    assert [each.action for each in world.notices()] == ["operator"]
    client.submit_job_sched(b"f", b"", *EVERY_MINUTE, b"w")
    world.advance(MINUTE)
    assert world.notices() == []
    world.advance(MINUTE)
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("warning", "schedule_skipped")
    assert notice.text == (
        "H:test:1 of 'f': its job is left out this time: Job queue is full"
    )
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H2, b"")
    world.advance(MINUTE)
    assert admin.text("status") == b"f\t1\t0\t1\n.\n"


def test_a_large_workload_is_submitted_whole(
    world: World, client: DialoguePeer
) -> None:
    workload = bytes(range(256)) * 1024
    worker = world.worker("f")
    data = b"\0".join((b"f", b"u", *EVERY_MINUTE, workload))
    client.send_in_pieces(
        b"\0REQ\0\0\0\x23" + len(data).to_bytes(4, "big") + data, 50_000
    )
    for handle in (H2, H3):
        world.advance(MINUTE)
        worker.grab_job_uniq()
        assert worker.received == [job_assign_uniq(handle, b"f", b"u", workload)]
        worker.work_complete(handle, b"")


# Steps of the system's clock
