"""The text commands that tell what became of jobs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dialogue import H1, World
from tests.support.stored_engine import (
    bury,
    drain,
    grab,
    handle,
    listed,
    rows,
    stored,
    submit,
)


def told(world: World, name: str) -> dict[str, Any]:
    """Return the one row of ``job``."""
    (row,) = rows(world.admin(), f"job {name}")
    return row


def status(world: World, name: str = "H:test:1") -> str:
    found: str = told(world, name)["status"]
    return found


def story(world: World, name: str = "H:test:1") -> list[tuple[str, str | None]]:
    """Return how each attempt ended, and what was said."""
    return [(each["outcome"], each["error"]) for each in told(world, name)["story"]]


def ends(world: World, arguments: str = "") -> list[tuple[str, str]]:
    """Return the handles and outcomes of all slices of a list."""
    found = listed(world.admin(), f"history{arguments}")
    return [(row["handle"].rpartition(":")[2], row["status"]) for row in found]


def test_every_status_of_a_job_is_told_apart() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=60, backoff_jitter=0)
    client = world.client()
    worker = world.worker("f")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 30), b"w")
    assert status(world) == "delayed"
    world.advance(30)
    assert status(world) == "waiting"
    job, _ = grab(worker)
    assert status(world) == "running"
    worker.work_fail(job)
    assert status(world) == "retrying"
    world.advance(60)
    assert status(world) == "retrying"
    worker.work_exception(grab(worker)[0], b"no space")
    assert status(world) == "dead"
    submit(client, "w")
    drain(worker)
    assert status(world, "H:test:2") == "succeeded"
    client.submit_job(b"f", b"", b"w")
    for _ in range(2):
        worker.work_fail(grab(worker)[0])
        world.advance(60)
    assert status(world, "H:test:3") == "failed"
    submit(client, "w")
    assert world.admin().text("cancel job H:test:4") == b"OK\r\n"
    assert status(world, "H:test:4") == "cancelled"
    client.submit_job(b"f", b"", b"w")
    client.leave()
    assert status(world, "H:test:5") == "abandoned"
    world.policy(b"f", ttl=5)
    submit(world.client(), "w")
    world.advance(9)
    assert status(world, "H:test:6") == "expired"
    assert world.admin().text("job H:test:7") == b"ERR UNKNOWN_JOB\r\n"


def test_a_job_tells_its_whole_story() -> None:
    world = stored()
    world.policy(b"f", max_attempts=9, backoff_delay=1, backoff_jitter=0)
    submit(world.client(), "w")
    first = world.worker("f")
    first.set_client_id(b"first")
    grab(first)
    first.leave()
    second = world.worker("f")
    job, _ = grab(second)
    second.work_exception(job, b"no space\nleft")
    world.advance(1)
    job, _ = grab(second)
    assert world.admin().text(b"release job " + job) == b"OK\r\n"
    job, _ = grab(second)
    assert story(world) == [
        ("crash", None),
        ("exception", "no space\nleft"),
        ("release", None),
        ("running", None),
    ]
    world.advance(2)
    second.work_complete(job, b"12345")
    assert story(world)[-1] == ("succeeded", None)
    row = told(world, "H:test:1")
    assert row["story"][0]["worker"] == "first 127.0.0.1"
    assert row["story"][-1]["ended"] - row["story"][-1]["started"] == 2
    assert (row["result_size"], row["attempts"], row["crashes"]) == (5, 1, 1)
    assert "workload" not in row


def test_a_dead_letters_story_is_there_after_a_restart() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    client = world.client()
    bury_twice = world.worker("f")
    submit(client, "w")
    for error in (b"first", b"second"):
        bury_twice.work_exception(grab(bury_twice)[0], error)
    before = story(world)
    assert before == [("exception", "first"), ("exception", "second")]
    after = world.restarted()
    assert story(after) == before
    assert told(after, "H:test:1")["workload"] == "w"


def test_a_retrying_jobs_story_is_there_after_a_restart() -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=500)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.work_exception(grab(worker)[0], b"busy")
    after = world.restarted()
    assert status(after) == "retrying"
    assert story(after) == [("exception", "busy")]


def test_a_story_of_many_attempts_has_the_first_and_the_last() -> None:
    world = stored()
    world.policy(b"f", max_attempts=1000, backoff_delay=0)
    submit(world.client(), "w")
    worker = world.worker("f")
    for number in range(100):
        worker.work_exception(grab(worker)[0], b"%d" % number)
    errors = [error for _, error in story(world)]
    assert errors == [str(number) for number in (*range(12), *range(88, 100))]


def test_a_job_is_found_by_its_unique_when_it_has_ended() -> None:
    world = stored()
    client = world.client()
    for function in (b"f", b"g", b"f"):
        client.submit_job_bg(function, b"u", b"w")
        drain(world.worker(function.decode()))
    found = rows(world.admin(), "job u")
    assert [(row["handle"], row["function"]) for row in found] == [
        ("H:test:3", "f"),
        ("H:test:2", "g"),
    ]
    # What waits comes before what was.
    client.submit_job_bg(b"h", b"u", b"w")
    assert told(world, "u")["function"] == "h"


def test_history_lists_the_latest_first_by_what_is_asked_for() -> None:
    world = stored()
    client = world.client()
    bury(world, client, "a")
    worker = world.worker("f")
    submit(client, "b")
    drain(worker)
    client.submit_job(b"f", b"", b"c")
    worker.work_exception(grab(worker)[0], b"Disk full")
    submit(client, "d", function=b"g")
    drain(world.worker("g"))
    assert ends(world) == [
        ("4", "succeeded"),
        ("3", "failed"),
        ("2", "succeeded"),
        ("1", "dead"),
    ]
    assert ends(world, " function=g") == [("4", "succeeded")]
    assert ends(world, " state=failed") == [("3", "failed")]
    assert ends(world, " error=disk%20F") == [("3", "failed")]
    assert ends(world, " unique=none") == []
    assert ends(world, " limit=1") == ends(world)


def test_slices_have_every_job_once_though_others_end_meanwhile() -> None:
    world = stored()
    worker = world.worker("f")
    submit(world.client(), *["w"] * 600)
    drain(worker)
    found = rows(world.admin(), "history limit=250")
    after = found.pop()["after"]
    submit(world.client(), *["w"] * 10)
    drain(worker)
    handles = [row["handle"] for row in found]
    found = rows(world.admin(), f"history limit=999 after={after}")
    handles += [row["handle"] for row in found]
    assert handles == [handle(number).decode() for number in range(600, 0, -1)]


def test_a_policy_says_how_long_and_whether_at_all() -> None:
    world = stored()
    world.policy(b"f", history=10)
    world.policy(b"g", history=0)
    client = world.client()
    for function in ("f", "g", "h"):
        submit(client, "w", function=function.encode())
        drain(world.worker(function))
    assert ends(world) == [("3", "succeeded"), ("1", "succeeded")]
    world.advance(11)
    assert ends(world) == [("3", "succeeded")]
    assert world.admin().text("job H:test:1") == b"ERR UNKNOWN_JOB\r\n"
    world.advance(3600)
    assert ends(world) == []


def test_a_server_that_is_short_of_memory_remembers_less() -> None:
    world = World()
    world.engine.memory.limit_to(16 * 3_000)
    client, worker = world.client(), world.worker("f")
    for _ in range(50):
        client.submit_job(b"f", b"", b"w")
        worker.grab_job()
        (assigned,) = worker.received
        worker.work_complete(assigned.arguments[0], b"")
    assert 1 < len(world.engine.state.history) < 8


def test_jobs_that_were_never_kept_are_not_remembered() -> None:
    world = stored()
    world.is_committing = False
    submit(world.client(), "w")
    world.refuse("disk full")
    world.commit_all()
    assert ends(world) == []


def test_a_dead_letter_that_was_dropped_has_no_workload() -> None:
    world = stored()
    bury(world, world.client(), "w")
    assert world.admin().text(b"dead drop " + H1) == b"OK\r\n"
    row = told(world, "H:test:1")
    assert (row["status"], "workload" in row) == ("dropped", False)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            "state=done",
            "state is succeeded, failed, dead, expired, cancelled, dropped, abandoned",
        ),
        ("limit=0", "limit is a number from 1"),
        ("after=x", "after is a number, not 'x'"),
        (
            "age=1",
            "'age' is none of function=, state=, unique=, owner=, error=, kind=,",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments: str, reason: str) -> None:
    answer = stored().admin().text(f"history {arguments}").decode()
    expected = "ERR INVALID_ARGUMENTS " + reason.replace(" ", "+")
    assert answer.startswith(expected), answer


def test_a_dead_letter_that_was_dropped_says_so() -> None:
    world = stored()
    bury(world, world.client(), "a", "b")
    world.admin().text("dead drop H:test:1")
    world.admin().text("dead drop all function=f")
    assert ends(world) == [
        ("2", "dropped"),
        ("1", "dropped"),
        ("2", "dead"),
        ("1", "dead"),
    ]
    assert status(world) == "dropped"
    assert story(world) == [("fail", None)]
    (why,) = rows(world.admin(), "why H:test:1")
    assert why["state"] == "dropped"


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_dead_letter_that_runs_again_goes_on_with_its_story(
    is_restarted: bool,
) -> None:
    world = stored()
    world.policy(b"f", max_attempts=1)
    submit(world.client(), "a")
    worker = world.worker("f")
    worker.work_exception(grab(worker)[0], b"no space")
    assert world.admin().text("dead retry H:test:1") == b"OK\r\n"
    assert story(world) == [("exception", "no space")]
    # All attempts are before it.
    assert status(world) == "waiting"
    if is_restarted:
        world = world.restarted()
        worker = world.worker("f")
    job, _ = grab(worker)
    assert story(world) == [("exception", "no space"), ("running", None)]
    worker.work_complete(job, b"")
    assert story(world) == [("exception", "no space"), ("succeeded", None)]
    assert told(world, "H:test:1")["attempts"] == 0
