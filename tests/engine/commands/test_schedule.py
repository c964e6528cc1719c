"""The text command ``schedule``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from geartrain.server.cron import calendar
from tests.support.dialogue import World
from tests.support.stored_engine import handle, rows, stored

DAILY = "cron=0%203%20*%20*%20*"


@pytest.fixture
def world() -> World:
    return stored(calendar=calendar("UTC"))


def add(world: World, name: str = "nightly", given: str = DAILY) -> None:
    said = world.admin().text(f"schedule add {name} function=report {given}")
    assert said == b"OK\r\n"


def shown(world: World, name: str = "nightly") -> dict[str, Any]:
    return rows(world.admin(), f"schedule show {name}")[0]


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def test_a_schedule_is_added_shown_and_listed(world: World) -> None:
    add(world, given=f"{DAILY} workload=all%20of%20it headers=tenant%3Dacme unique=u")
    row = shown(world)
    assert (row["workload"], row["encoding"], row["runs"]) == ("all of it", "utf-8", [])
    (listed,) = rows(world.admin(), "schedule list")
    assert listed.items() <= row.items()
    assert "workload" not in listed
    assert moment(row["next"]).endswith(" 03:00:00")
    assert row["headers"] == {"tenant": "acme"}
    assert (row["name"], row["source"], row["state"]) == (
        "nightly",
        "runtime",
        "waiting",
    )
    assert (row["cron"], row["every"], row["missed"]) == ("0 3 * * *", None, "once")
    assert (row["unique"], row["size"], row["last"]) == ("u", 9, None)


def test_its_job_is_as_it_says(world: World) -> None:
    add(world, given="every=90 workload=w priority=high headers=a%3Db unique=u")
    worker = world.worker("report")
    worker.option_req(b"headers")
    world.advance(89)
    worker.grab_job_uniq()
    assert [each.name for each in worker.received] == ["option_res", "no_job"]
    world.advance(1)
    (job,) = rows(world.admin(), "jobs")
    assert (job["priority"], job["unique"]) == ("high", "u")
    worker.grab_job_uniq()
    headers, assigned = worker.received
    assert headers.arguments == (b"headers\0a\0b",)
    assert assigned.arguments[1:] == (b"report", b"u", b"w")


def test_its_job_has_the_options_of_a_submission(world: World) -> None:
    add(world, given="every=90 options=ttl%3D20%26key%3Dshop-7%26delay%3D5")
    world.advance(90)
    (job,) = rows(world.admin(), "jobs")
    assert job["state"] == "scheduled"
    (kept,) = world.engine.state.jobs.values()
    assert (kept.flow_key, kept.options) == (b"shop-7", b"ttl=20")
    assert shown(world)["options"] == "ttl=20&key=shop-7&delay=5"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("schedule", "schedule takes add, change"),
        ("schedule add", "schedule takes add, change"),
        ("schedule fly nightly", "schedule takes add, change"),
        ("schedule add a/b function=f every=5", "is no name of a schedule"),
        ("schedule add n function=f", "either cron"),
        ("schedule add n every=5", "needs a function"),
        ("schedule add n function=f every=5 every=6", "is given twice"),
        (f"schedule add n function=f every=5 {DAILY}", "either cron or every"),
        ("schedule add .. function=f every=5", "is no name of a schedule"),
        ("schedule add n function=f every", "has no value"),
        ("schedule add n function=f corn=5", "did you mean 'cron'"),
        ("schedule add n function=f cron=61%20*%20*%20*%20*", "Bad minute"),
        ("schedule add n function=f cron=0%200%2030%202%20*", "Bad day-of-month"),
        ("schedule add n function=f cron=1%202", "it has 2 fields"),
        ("schedule add n function=f cron=@reboot", "use one of @yearly"),
        ("schedule add n function=f every=5 timezone=Mars/Olympus", "Mars/Olympus"),
        ("schedule add n function=f every=5 until=soon", "has 1 fields"),
        ("schedule add n function=f every=5 until=2030-13-01", "is no date"),
        ("schedule add nightly function=f every=5", "change it instead"),
        ("schedule change nightly", "takes name=value words"),
        ("schedule change nightly paused=maybe", "true or false"),
        ("schedule pause nightly now", "takes a name and nothing else"),
        ("schedule next count=0 cron=@daily", "from 1 to 100"),
        ("schedule list limit=0", "limit is a number from 1"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    world: World, line: str, reason: str
) -> None:
    add(world)
    before = shown(world)
    said = world.admin().text(line)
    assert said.startswith(b"ERR INVALID_ARGUMENTS")
    assert reason in said.decode().replace("+", " ")
    assert shown(world) == before
    assert len(rows(world.admin(), "schedule list")) == 1


@pytest.mark.parametrize("verb", ["show", "run", "skip", "pause", "resume", "remove"])
def test_a_schedule_that_is_not_there(world: World, verb: str) -> None:
    assert world.admin().text(f"schedule {verb} none") == b"ERR UNKNOWN_JOB\r\n"
    assert world.admin().text("schedule next none") == b"ERR UNKNOWN_JOB\r\n"


def test_what_changes_takes_effect_at_once(world: World) -> None:
    add(world)
    admin = world.admin()
    assert admin.text("schedule change nightly every=60 function=other") == b"OK\r\n"
    assert shown(world)["next"] == pytest.approx(world.wall_time + 60)
    assert shown(world)["cron"] is None
    world.advance(60)
    assert admin.text("status") == b"report\t0\t0\t0\nother\t1\t0\t0\n.\n"
    # What says nothing of times leaves the next one as it is.
    due = shown(world)["next"]
    world.advance(10)
    admin.text("schedule change nightly workload=x")
    assert shown(world)["next"] == pytest.approx(due)


def test_a_paused_schedule_has_no_times_and_makes_up_for_none(world: World) -> None:
    add(world, given="every=60 missed=all")
    admin = world.admin()
    assert admin.text("schedule pause nightly") == b"OK\r\n"
    assert (shown(world)["state"], shown(world)["next"]) == ("paused", None)
    world.advance(3600)
    assert admin.text("schedule resume nightly") == b"OK\r\n"
    world.advance(59)
    assert admin.text("status") == b"report\t0\t0\t0\n.\n"
    world.advance(1)
    assert admin.text("status") == b"report\t1\t0\t0\n.\n"


def test_a_schedule_is_run_beside_its_times(world: World) -> None:
    add(world)
    admin = world.admin()
    due = shown(world)["next"]
    assert admin.text("schedule run nightly") == b"OK\r\n"
    assert admin.text("run nightly") == b"OK\r\n"
    assert admin.text("status") == b"report\t2\t0\t0\n.\n"
    assert shown(world)["next"] == due
    assert [each["handle"] for each in shown(world)["runs"]] == ["H:test:2", "H:test:1"]
    admin.text("drain report")
    assert admin.text("schedule run nightly").startswith(b"ERR QUEUE_ERROR")


def test_a_time_is_left_out(world: World) -> None:
    add(world)
    admin = world.admin()
    due = shown(world)["next"]
    assert admin.text("schedule skip nightly") == b"OK\r\n"
    row = shown(world)
    assert row["next"] == due + 86400
    assert (row["last"]["due"], row["last"]["outcome"]) == (due, "skipped")
    world.advance(due - world.wall_time + 1)
    assert admin.text("status") == b"report\t0\t0\t0\n.\n"
    admin.text("schedule pause nightly")
    assert admin.text("schedule skip nightly").startswith(b"ERR INVALID_ARGUMENT")


def test_a_removed_schedule_is_gone_and_its_jobs_stay(world: World) -> None:
    add(world, given="every=60")
    world.advance(60)
    admin = world.admin()
    assert admin.text("schedule remove nightly") == b"OK\r\n"
    assert admin.text("schedule list") == b".\n"
    world.advance(600)
    assert admin.text("status") == b"report\t1\t0\t0\n.\n"
    assert world.engine.state.runs == {}
    assert world.engine.state.memory.jobs > 0
    again = world.restarted(calendar("UTC"))
    assert again.admin().text("schedule list") == b".\n"


def test_a_list_is_in_the_order_of_names_and_comes_in_parts(world: World) -> None:
    for name in ("b", "d", "a", "c"):
        add(world, name)
    world.admin().text("schedule add e function=other every=5")
    found = rows(world.admin(), "schedule list limit=2")
    assert [each.get("name") for each in found] == ["a", "b", None]
    assert found[-1] == {"after": "b"}
    found = rows(world.admin(), "schedule list limit=9 after=b function=rep*")
    assert [each["name"] for each in found] == ["c", "d"]


def test_the_next_times_of_a_schedule_and_of_what_could_be_one(world: World) -> None:
    add(world)
    found = rows(world.admin(), "schedule next nightly count=3")
    first = shown(world)["next"]
    assert [each["time"] for each in found] == [first, first + 86400, first + 172800]
    line = "schedule next cron=0%2030%202%20*%20*%20* timezone=Europe/Vienna count=1"
    (row,) = rows(world.admin(), line)
    assert moment(row["time"]).endswith(" 00:30:00")
    assert len(rows(world.admin(), "schedule next every=10")) == 5
    assert rows(world.admin(), "schedule next every=10 until=2020-01-01") == []
    assert len(rows(world.admin(), "schedule list")) == 1


def test_an_end_is_the_end(world: World) -> None:
    until = moment(world.wall_time + 7300).replace(" ", "T")
    add(world, given=f"every=3600 until={until}")
    world.advance(5 * 3600)
    assert world.admin().text("status") == b"report\t2\t0\t0\n.\n"
    row = shown(world)
    assert (row["state"], row["next"]) == ("ended", None)
    world.admin().text("schedule change nightly until=")
    assert shown(world)["state"] == "waiting"


def test_the_schedule_of_a_client_is_one_by_its_handle(world: World) -> None:
    client = world.client()
    daily = (b"f", b"u", b"0", b"3", b"", b"", b"0", b"w")
    client.submit_job_sched(*daily)
    admin = world.admin()
    row = rows(admin, "schedule list")[0]
    assert (row["name"], row["source"]) == ("H:test:1", "client")
    assert (row["cron"], row["times"]) == ("0 3 * * 1", "0 3 * * 0")
    assert b"submit+it+again" in admin.text("schedule change H:test:1 workload=x")
    assert admin.text("schedule change H:test:1 overlap=wait cron=@hourly") == b"OK\r\n"
    client.submit_job_sched(*daily)
    again = world.restarted(calendar("UTC"))
    row = rows(again.admin(), "schedule list")[0]
    # What an operator has set comes before what the client says.
    assert (row["overlap"], row["cron"], row["changed"]) == (
        "wait",
        "@hourly",
        ["cron", "overlap"],
    )
    assert again.admin().text("schedule change H:test:1 cron=") == b"OK\r\n"
    assert rows(again.admin(), "schedule list")[0]["cron"] == "0 3 * * 1"
    assert again.admin().text("schedule remove H:test:1") == b"OK\r\n"
    assert again.restarted(calendar("UTC")).admin().text("schedule list") == b".\n"


def test_what_is_done_to_schedules_is_recorded(world: World) -> None:
    add(world, given="every=60 workload=secret")
    admin = world.admin()
    admin.text("schedule pause nightly")
    admin.text("schedule list")
    done = rows(admin, "actions")
    assert [each["command"] for each in done] == ["schedule pause", "schedule add"]
    assert done[0]["handle"] == "nightly"
    assert "secret" not in str(done)
    assert "secret" not in str([each.text for each in world.notices()])


def test_ten_thousand_are_listed_in_small_steps(world: World) -> None:
    world.engine.set_schedules(
        {
            b"n%05d" % number: {"function": "f", "every": 60.0}
            for number in range(10_000)
        }
    )
    peer = world.admin()
    world.goes_on = False
    turns = world.engine.state.turns
    peer.send(b"schedule list limit=1000 after=n05000\n")
    most = 0
    while world.engine.has_more():
        before = turns.work
        world.engine.go_on(world.now)
        world.deliver()
        most = max(most, turns.work - before)
    assert most < 12_000
    assert len(peer.received[0].arguments[0].splitlines()) == 1002


def test_a_name_is_a_handle(world: World) -> None:
    add(world)
    client = world.client()
    client.get_status(b"nightly")
    assert client.received[0].arguments == (b"nightly", b"1", b"0", b"0", b"0")
    assert world.admin().text("cancel job nightly") == b"OK\r\n"
    assert handle(1) == b"H:test:1"


def test_options_of_its_jobs_do_not_stand_behind_the_function(world: World) -> None:
    """No worker has a function of that name where names may have options."""
    line = "schedule add n function=report%3Fttl%3D1h every=5"
    admin = world.admin()
    assert admin.text(line) == b"OK\r\n"
    assert admin.text("schedule remove n") == b"OK\r\n"
    assert admin.text("policy report options_in_names=true") == b"OK\r\n"
    assert admin.text(line).replace(b"+", b" ") == (
        b"ERR INVALID_ARGUMENTS function cannot be 'report?ttl=1h': give 'report',"
        b" and 'ttl=1h' as options\r\n"
    )


def test_the_file_is_held_to_that_too(world: World) -> None:
    world.admin().text("policy report options_in_names=true")
    world.engine.set_schedules({b"n": {"function": "report?ttl=1h", "every": 60.0}})
    world.advance(0)
    assert rows(world.admin(), "schedule list") == []
    assert "schedule_lost" in [each.action for each in world.notices()]


def test_a_schedule_is_shown_while_the_store_is_away() -> None:
    world = stored(calendar=calendar("UTC"))
    world.admin().text("schedule add s function=f every=60")
    world.is_committing = False
    world.advance(60)
    (row,) = rows(world.admin(), "schedule show s")
    assert len(row["runs"]) == 1
