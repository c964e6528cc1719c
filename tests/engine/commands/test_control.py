"""The text commands that steer functions and jobs, in memory and in the store."""

from __future__ import annotations

import pytest

from tests.support.dialogue import World
from tests.support.steered import Make, filled, numbered
from tests.support.stored_engine import (
    DAY,
    counts,
    drain,
    grab,
    listed,
    submit,
    submit_due,
)


def handles(world: World, filters: str = "") -> list[str]:
    return [row["handle"] for row in listed(world.admin(), f"jobs{filters}")]


# Functions


def test_pause_resume_and_drain_are_policies(world: World) -> None:
    admin = world.admin()
    assert admin.text("pause mail.*") == b"OK\r\n"
    assert admin.text("drain mail.send") == b"OK\r\n"
    assert b"paused=true draining=true" in admin.text("policy mail.send")
    assert admin.text("resume mail.send") == b"OK\r\n"
    assert b"paused=false draining=false" in admin.text("policy mail.send")
    assert b"paused=true draining=false" in admin.text("policy mail.read")
    assert admin.text("resume *") == b"OK\r\n"
    assert admin.text("show policies") == b".\n"


def test_the_last_of_several_globs_counts(world: World) -> None:
    admin = world.admin()
    admin.text("policy mail.* ttl=5")
    admin.text("pause *")
    admin.text("resume mail.*")
    assert b"paused=false" in admin.text("policy mail.send")
    assert b"paused=true" in admin.text("policy other")
    admin.text("pause mail.*")
    assert b" ttl=5 " in admin.text("policy mail.send")
    assert b"paused=true" in admin.text("policy mail.send")


def test_to_pause_a_glob_pauses_what_was_resumed_by_name(world: World) -> None:
    admin = world.admin()
    for line in ("pause *", "resume f", "pause *"):
        admin.text(line)
    assert b"paused=true" in admin.text("policy f")


def test_a_pause_of_the_file_is_ended_for_as_long_as_it_is_overridden(
    world: World,
) -> None:
    world.engine.change_policy(b"mail*", {"paused": True})
    admin = world.admin()
    admin.text("resume *")
    assert b"paused=false" in admin.text("policy mail")
    admin.text("policy * paused= draining=")
    assert b"paused=true" in admin.text("policy mail")


# Purge and cancel


def test_purge_ends_what_waits_and_leaves_what_runs(make: Make) -> None:
    world = filled(make)
    submit(world.client(), "other", function=b"g")
    submit_due(world.client(), world.wall_time + DAY, "later")
    worker = world.worker("f")
    running, _ = grab(worker)
    admin = world.admin()
    assert admin.text("purge f count=yes") == b"OK 12\n"
    assert admin.text("purge f state=scheduled") == b"OK 1\n"
    assert admin.text("purge f") == b"OK 11\n"
    assert admin.text("purge f") == b"OK 0\n"
    assert counts(world) == (1, 1)
    assert counts(world, "g") == (1, 0)
    worker.work_complete(running, b"")
    assert drain(worker) == ""
    assert handles(world) == ["H:test:13"]


def test_cancel_takes_the_filters_of_jobs(make: Make) -> None:
    world = filled(make)
    client, admin = world.client(), world.admin()
    client.submit_job(b"f", b"mine", b"w")
    client.submit_job_bg(b"g", b"mine", b"w")
    worker = world.worker("f")
    grab(worker)
    assert admin.text("cancel jobs unique=mine count=yes") == b"OK 2\n"
    assert admin.text("cancel jobs function=f state=running") == b"OK 1\n"
    client.received.clear()
    assert admin.text("cancel jobs unique=mine") == b"OK 2\n"
    assert [each.name for each in client.received] == ["work_fail"]
    assert admin.text("cancel jobs function=%2A") == b"OK 11\n"
    assert counts(world) == (0, 0)


# Priority, move and run


def test_a_waiting_job_gets_another_priority(make: Make) -> None:
    world = filled(make)
    admin = world.admin()
    assert admin.text("priority H:test:11 high") == b"OK\r\n"
    assert admin.text("priority H:test:2 low") == b"OK\r\n"
    assert admin.text("priority H:test:2 low") == b"OK\r\n"
    expected = "11 1 3 4 5 6 7 8 9 10 12 2"
    assert drain(world.worker("f")) == expected


def test_many_get_another_priority(make: Make) -> None:
    world = filled(make)
    submit(world.client(), "A", "B", function=b"f")
    admin = world.admin()
    assert admin.text("priority jobs low function=f count=yes") == b"OK 14\n"
    assert admin.text("priority jobs low function=f") == b"OK 14\n"
    assert admin.text("priority jobs low function=f") == b"OK 0\n"
    assert sorted(drain(world.worker("f")).split()) == sorted(
        [*numbered(1, 12).split(), "A", "B"]
    )


def test_a_job_that_runs_keeps_its_place(make: Make) -> None:
    world = filled(make, 2)
    worker = world.worker("f")
    job, _ = grab(worker)
    admin = world.admin()
    said = b"ERR JOB_RUNNING only+a+job+that+waits+can+be+put+elsewhere\r\n"
    assert admin.text(b"priority " + job + b" low") == said
    assert admin.text(b"move " + job + b" g") == said
    assert admin.text("move jobs g function=f") == b"OK 1\n"


def test_jobs_move_to_another_function(make: Make) -> None:
    world = filled(make)
    sleeper = world.sleeper("g")
    admin = world.admin()
    assert admin.text("move H:test:12 g") == b"OK\r\n"
    assert len(sleeper.received) == 1
    assert counts(world) == (11, 0)
    assert admin.text("move jobs g function=f") == b"OK 11\n"
    assert counts(world) == (0, 0)
    assert counts(world, "g") == (12, 0)
    assert drain(world.worker("f")) == ""
    assert sorted(map(int, drain(sleeper).split())) == list(range(1, 13))


def test_a_draining_function_is_no_place_to_move_to(world: World) -> None:
    submit(world.client(), "1")
    admin = world.admin()
    admin.text("drain g")
    assert admin.text("move jobs g function=f").startswith(b"ERR DRAINING 'g'+is+drain")
    assert counts(world) == (1, 0)


def test_a_name_that_the_store_does_not_take_is_no_place_to_move_to(
    world: World,
) -> None:
    submit(world.client(), "1")
    world.engine.state.journal.longest_name = 3
    admin = world.admin()
    assert b"names+of+up+to+3+bytes" in admin.text("move jobs mail function=f")
    assert counts(world) == (1, 0)
    assert admin.text("move jobs say function=f") == b"OK 1\n"


def test_a_job_that_waits_for_a_time_runs_now(make: Make) -> None:
    world = make()
    client = world.client()
    for number in range(1, 9):
        submit_due(client, world.wall_time + number * DAY, str(number))
    admin, worker = world.admin(), world.worker("f")
    assert admin.text("run H:test:7") == b"OK\r\n"
    assert drain(worker) == "7"
    assert admin.text("run jobs function=f count=yes") == b"OK 7\n"
    assert admin.text("run jobs function=f") == b"OK 7\n"
    assert admin.text("run jobs function=f") == b"OK 0\n"
    assert sorted(drain(worker).split()) == list("1234568")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("pause", "pause takes a function, or a glob"),
        ("resume a b", "resume takes a function, or a glob"),
        ("drain ", "drain takes a function, or a glob"),
        ("purge", "purge takes a function, and state= and count=yes if need be"),
        ("purge function=f", "purge takes a function, and state="),
        ("purge f state=running", "state is ready or scheduled: cancel ends what runs"),
        ("purge f count=no", "count is yes, or left out, not 'no'"),
        ("priority H:test:1", "priority takes a handle or jobs, and high, normal or"),
        ("priority H:test:1 highest", "priority takes a handle or jobs, and high,"),
        ("priority H:test:1 high function=f", "filters follow the word jobs"),
        (
            "priority jobs high",
            "name function=, state=, unique=, owner=, error=, kind=, older=, newer=",
        ),
        ("priority jobs high state=running", "state is ready or scheduled: what runs"),
        ("move H:test:1", "move takes a handle, jobs or dead, and a function"),
        ("move jobs function=f", "move takes a handle, jobs or dead, and a function"),
        ("run", "run takes a handle, or jobs and filters"),
        (
            "cancel jobs count=yes",
            "name function=, state=, unique=, owner=, error=, kind=, older=, newer=",
        ),
        (
            "cancel jobs age=x",
            "'age' is none of function=, state=, unique=, owner=, error=, kind=,",
        ),
        ("dead retry", "dead takes list or groups, or show, retry or drop and a"),
        (
            "dead drop all age=1",
            "'age' is none of function=, reason=, unique=, owner=, error=",
        ),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    world: World, line: str, reason: str
) -> None:
    submit(world.client(), "1")
    answer = world.admin().text(line).decode().replace("+", " ")
    assert answer.startswith(f"ERR INVALID_ARGUMENTS {reason}"), answer
    assert drain(world.worker("f")) == "1"


@pytest.mark.parametrize(
    "line", ["priority X high", "move H:test:99 g", "run H:test:99", "dead retry X"]
)
def test_an_unknown_handle_is_told_of(make: Make, line: str) -> None:
    assert filled(make, 1).admin().text(line) == b"ERR UNKNOWN_JOB\r\n"
