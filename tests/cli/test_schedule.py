"""``geartrain schedule``."""

from __future__ import annotations

import json

from geartrain.admin import Admin
from tests.support.commands import ask, complaint, objects
from tests.support.jobs_in_states import schedule
from tests.support.servers import RunningServer

COVERS = ("admin/schedules",)

NIGHTLY = ("function=report", "cron=0 3 * * mon-fri", "timezone=Europe/Vienna")


def test_a_schedule_is_added_and_listed(fresh: RunningServer) -> None:
    handle = schedule(fresh, b"weekly")
    status, out, err = ask(fresh, "schedule", "add", "nightly", *NIGHTLY)
    assert (status, err) == (0, "")
    assert out.startswith("nightly: waiting, 20")
    status, out, err = ask(fresh, "schedule", "list")
    assert (status, err) == (0, "")
    titles, first, second = out.splitlines()
    assert titles.split()[:5] == ["NAME", "FUNCTION", "TIMES", "ZONE", "STATE"]
    assert first.split()[:2] == [handle, "weekly"]
    assert second.startswith("nightly")
    assert "0 3 * * mon-fri" in second
    told = objects(fresh, "schedule", "list", "--function", "report")
    assert [(row["name"], row["source"]) for row in told] == [("nightly", "runtime")]


def test_all_of_one_is_shown(fresh: RunningServer) -> None:
    ask(fresh, "schedule", "add", "often", "function=f", "every=3600", "workload=hello")
    assert ask(fresh, "schedule", "run", "often") == (0, "often: submitted\n", "")
    status, out, err = ask(fresh, "schedule", "show", "often")
    assert (status, err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if ": " in line)
    assert (lines["times:"], lines["workload:"]) == ("every 3600 s", "hello")
    assert "unfinished" in out
    (row,) = objects(fresh, "schedule", "show", "often")
    assert (row["workload"], len(row["runs"])) == ("hello", 1)


def test_it_is_changed_paused_skipped_and_removed(fresh: RunningServer) -> None:
    ask(fresh, "schedule", "add", "nightly", *NIGHTLY)
    status, out, _ = ask(fresh, "schedule", "change", "nightly", "missed=all")
    assert (status, out[:16]) == (0, "nightly: waiting")
    assert ask(fresh, "schedule", "pause", "nightly")[1] == "nightly: paused\n"
    (row,) = objects(fresh, "schedule", "list")
    assert (row["state"], row["missed"], row["next"]) == ("paused", "all", None)
    assert ask(fresh, "schedule", "resume", "nightly")[0] == 0
    assert ask(fresh, "schedule", "skip", "nightly")[1] == (
        "nightly: next time left out\n"
    )
    assert ask(fresh, "schedule", "remove", "nightly")[1] == "nightly: removed\n"
    assert ask(fresh, "schedule", "list")[1] == "there are no schedules\n"


def test_the_next_times_are_shown_also_of_a_draft(fresh: RunningServer) -> None:
    ask(fresh, "schedule", "add", "nightly", *NIGHTLY)
    status, out, err = ask(fresh, "schedule", "next", "nightly", "--count", "3")
    assert (status, err, len(out.splitlines())) == (0, "", 3)
    status, out, err = ask(fresh, "schedule", "next", "every=10", "--json")
    times = [json.loads(line)["time"] for line in out.splitlines()]
    assert [later - times[0] for later in times] == [0, 10, 20, 30, 40]


def test_mistakes_are_named(fresh: RunningServer) -> None:
    for words, reason in (
        (("show", "none"), "none"),
        (("add", "x", "function=f"), "either cron"),
        (("add", "x", "function"), "is not name=value"),
        (("add", "x", "every=5", "every=6"), "is given twice"),
        (("add", "x", "function=f", "cron=61 * * * *"), "Bad minute"),
        (("remove", "none"), "none"),
        (("next", "none"), "none"),
    ):
        done = ask(fresh, "schedule", *words)
        assert reason in complaint(done[0], done)
        assert done[0] in (1, 2)


def test_the_group_alone_tells_what_there_is(fresh: RunningServer) -> None:
    status, out, _ = ask(fresh, "schedule")
    assert status == 0
    assert "remove" in out


def test_python_has_the_same(fresh: RunningServer) -> None:
    with Admin(fresh.address) as admin:
        admin.add_schedule("often", {"function": "f", "every": 60.0, "paused": True})
        assert len(admin.next_times("often")) == 5
        assert len(admin.times_of({"cron": "@daily"}, count=2)) == 2
        assert admin.command("schedule resume often") == ["OK"]
        assert admin.schedule("often").state == "waiting"
        assert [json.loads(row)["name"] for row in admin.command("schedule list")] == [
            "often"
        ]
