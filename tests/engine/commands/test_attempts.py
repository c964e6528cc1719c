"""Attempts that a text command ends in the worker's stead."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    job_assign,
    noop,
    work_fail,
)
from tests.support.stored_engine import counted, counts, grab, rows, stored, submit

OK = b"OK\r\n"
UNKNOWN = b"ERR UNKNOWN_JOB\r\n"


@pytest.fixture(params=["stored", "in memory"])
def world(request: pytest.FixtureRequest) -> World:
    return stored() if request.param == "stored" else World()


def running(world: World) -> DialoguePeer:
    """Have a background job run; return its worker."""
    submit(world.client(), "work")
    worker = world.worker("f")
    assert grab(worker) == (H1, "work")
    return worker


def test_a_released_job_is_ready_again_and_no_attempt_is_counted(world: World) -> None:
    worker, other = running(world), world.sleeper("f")
    assert world.admin().text("release job H:test:1") == OK
    assert counts(world) == (1, 0)
    assert other.received == [noop()]
    assert grab(other) == (H1, "work")
    (row,) = rows(world.admin(), "job H:test:1")
    assert (row["attempts"], row["crashes"], row["reason"]) == (0, 0, None)
    worker.work_complete(H1, b"late")
    assert counts(world) == (1, 1)
    assert counted(world)["refused_results"] == 1


def test_the_loss_of_a_worker_that_released_its_job_is_no_crash(world: World) -> None:
    worker = running(world)
    assert world.admin().text("release job H:test:1") == OK
    worker.leave()
    assert grab(world.worker("f")) == (H1, "work")
    assert "crashed" not in counted(world)


def test_a_released_foreground_job_is_run_for_its_client(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"work")
    worker.grab_job()
    assert world.admin().text("release job H:test:1") == OK
    other = world.worker("f")
    assert grab(other) == (H1, "work")
    client.leave()
    assert world.admin().text("release job H:test:1") == OK
    assert counts(world) == (0, 0)


def test_a_retry_waits_whatever_the_policy_says(world: World) -> None:
    worker = running(world)
    line = "retry job H:test:1 delay=60.5 error=disk%20full"
    assert world.admin().text(line) == OK
    assert grab(worker) == (b"", "")
    (row,) = rows(world.admin(), "job H:test:1")
    assert (row["state"], row["attempts"], row["reason"], row["error"]) == (
        "scheduled",
        1,
        "retry",
        "disk full",
    )
    world.advance(60.4)
    assert grab(worker) == (b"", "")
    world.advance(0.2)
    assert grab(worker) == (H1, "work")
    assert counted(world) == {"submitted": 1, "failed": 1, "retried": 1}


def test_a_retry_without_a_delay_is_at_once_and_may_be_had_again(world: World) -> None:
    worker = running(world)
    for _ in range(10):
        assert world.admin().text("retry job H:test:1") == OK
        assert grab(worker) == (H1, "work")
    worker.work_complete(H1, b"")
    assert counts(world) == (0, 0)


def test_a_foreground_job_is_tried_again_while_its_client_waits(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"work")
    assert grab(worker) == (H1, "work")
    assert world.admin().text("retry job H:test:1 delay=5") == OK
    world.advance(5)
    assert grab(worker) == (H1, "work")
    client.leave()
    assert world.admin().text("retry job H:test:1 delay=5") == OK
    assert counts(world) == (0, 0)


def test_a_crash_is_told_with_its_reason() -> None:
    world = stored()
    world.policy(b"f", max_crashes=1)
    worker = running(world)
    line = "fail job H:test:1 reason=crash error=killed%20by%20signal%209"
    assert world.admin().text(line) == OK
    worker.leave()
    (row,) = rows(world.admin(), "dead list")
    assert (row["reason"], row["crashes"], row["attempts"], row["error"]) == (
        "crash",
        1,
        0,
        "killed by signal 9",
    )
    assert counted(world)["crashed"] == 1


def test_an_overrun_is_an_attempt_that_the_policy_may_repeat() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2, backoff_delay=0)
    worker = running(world)
    for _ in range(2):
        line = "fail job H:test:1 reason=timeout error=ran%20too%20long"
        assert world.admin().text(line) == OK
        grab(worker)
    (row,) = rows(world.admin(), "dead list")
    assert (row["reason"], row["attempts"], row["error"]) == (
        "timeout",
        2,
        "ran too long",
    )
    assert counted(world)["timed_out"] == 2


@pytest.mark.parametrize("reason", ["crash", "timeout"])
def test_clients_hear_of_a_job_that_failed_for_good(world: World, reason: str) -> None:
    world.policy(b"f", max_crashes=1)
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"work")
    worker.grab_job()
    _ = client.received
    assert world.admin().text(f"fail job H:test:1 reason={reason}") == OK
    assert client.received == [work_fail(H1)]


def test_what_was_said_of_an_attempt_survives_a_restart() -> None:
    world = stored()
    running(world)
    world.admin().text("retry job H:test:1 delay=60 error=why")
    (row,) = rows(world.restarted().admin(), "job H:test:1")
    assert (row["reason"], row["error"], row["attempts"]) == ("retry", "why", 1)


COMMANDS = ("release job", "retry job", "fail job")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["H:test:2", "H:test:9", "x", ":"])
def test_what_does_not_run_is_unknown(command: str, name: str, world: World) -> None:
    worker = running(world)
    submit(world.client(), "waits")
    reason = " reason=crash" if command == "fail job" else ""
    assert world.admin().text(f"{command} {name}{reason}") == UNKNOWN
    assert counts(world) == (2, 1)
    worker.work_complete(H1, b"")
    worker.grab_job()
    assert worker.received == [job_assign(H2, b"f", b"waits")]


@pytest.mark.parametrize(
    "line",
    [
        *(command.removesuffix(" job") for command in COMMANDS),
        *COMMANDS,
        "release H:test:1",
        "release job H:test:1 now",
        "retry job H:test:1 delay=soon",
        "retry job H:test:1 delay=-1",
        "retry job H:test:1 delay=nan",
        "retry job H:test:1 delay=1e30",
        "retry job H:test:1 reason=crash",
        "fail job H:test:1",
        "fail job H:test:1 reason=tired",
        "fail job H:test:1 error=x",
    ],
)
def test_wrong_words_are_refused_and_change_nothing(line: str, world: World) -> None:
    running(world)
    assert world.admin().text(line).startswith(b"ERR INVALID_ARGUMENTS ")
    assert counts(world) == (1, 1)
