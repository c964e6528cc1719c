"""Why a job does not run, as the text command ``why`` says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dialogue import H1, H2, WALL_START, World
from tests.support.stored_engine import bury, rows, stored, submit


def why(world: World, name: str = "H:test:1") -> dict[str, Any]:
    (row,) = rows(world.admin(), f"why {name}")
    return row


def said(world: World, name: str = "H:test:1") -> tuple[str, str, str]:
    row = why(world, name)
    return row["state"], row["code"], row["why"]


def test_no_worker_has_its_function() -> None:
    world = stored()
    submit(world.client(), "w")
    assert why(world) == {
        "handle": "H:test:1",
        "function": "f",
        "unique": "",
        "state": "waiting",
        "code": "no_worker",
        "why": "no worker has the function 'f'",
        "since": None,
        "due": None,
        "worker": None,
        "workers": 0,
        "running": 0,
        "higher": 0,
        "earlier": 0,
        "nearest": None,
        "attempts": 0,
        "reason": None,
        "error": None,
    }


@pytest.mark.parametrize(
    ("submitted", "served", "nearest"),
    [
        (b"resize", b"Resize", "Resize"),
        (b"thumbnail.smal", b"thumbnail.small", "thumbnail.small"),
        (b"thumbnail_small", b"thumbnail.small", "thumbnail.small"),
        (b"resize", b"mail", None),
        (b"f" * 500, b"f" * 499, "f" * 499),
    ],
)
def test_the_nearest_name_that_a_worker_has(
    submitted: bytes, served: bytes, nearest: str | None
) -> None:
    world = stored()
    world.client().submit_job_bg(submitted, b"", b"w")
    world.worker(served.decode(), "something.else.entirely")
    assert why(world)["nearest"] == nearest


def test_a_name_that_only_jobs_have_is_not_near() -> None:
    world = stored()
    world.client().submit_job_bg(b"resize", b"", b"w")
    world.client().submit_job_bg(b"resizes", b"", b"w")
    assert why(world)["nearest"] is None


def test_thousands_of_names_are_looked_at_quickly() -> None:
    world = stored()
    worker = world.worker(*[f"function.number.{number}" for number in range(3000)])
    world.client().submit_job_bg(b"function.number", b"", b"w")
    state = world.engine.state
    before = state.turns.work
    assert why(world)["code"] == "no_worker"
    assert state.turns.work - before < 4000
    worker.leave()


def test_it_is_not_due() -> None:
    world = stored()
    world.worker("f")
    world.client().submit_job_epoch(b"f", b"", b"%d" % (WALL_START + 90), b"w")
    assert said(world) == ("delayed", "not_due", "it is due in 90 s")
    assert why(world)["due"] == WALL_START + 90


def test_it_pauses_after_an_attempt_that_failed() -> None:
    world = stored()
    world.policy(b"f", max_attempts=3, backoff_delay=300.0, backoff_jitter=0.0)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_exception(H1, b"Traceback\n  somewhere\nno route to host\n")
    assert said(world) == (
        "retrying",
        "pausing",
        "it pauses for 5 min more after attempt 1: no route to host",
    )
    row = why(world)
    assert (row["attempts"], row["reason"]) == (1, "exception")
    assert row["due"] == pytest.approx(WALL_START + 300)


def test_its_workers_are_busy() -> None:
    world = stored()
    client = world.client()
    submit(client, "one", "two", "HIGH", "three")
    worker = world.worker("f")
    worker.grab_job()
    world.advance(20)
    other = world.worker("f")
    other.grab_job()
    world.advance(10)
    row = why(world, "H:test:4")
    assert (row["code"], row["why"]) == (
        "busy",
        "its 2 workers are busy, the first of them for 30 s",
    )
    assert (row["workers"], row["running"]) == (2, 2)
    assert (row["higher"], row["earlier"]) == (0, 1)
    assert row["since"] == WALL_START
    submit(client, "HIGHER")
    row = why(world, "H:test:4")
    assert row["why"].endswith("; 1 job of a higher priority is before it")
    assert row["higher"] == 1


def test_its_function_is_paused() -> None:
    world = stored(1)
    world.worker("f")
    submit(world.client(), "1", "2", "3")
    world.admin().text("pause f*")
    expected = "'f' is paused: geartrain resume ends that"
    for number in (1, 3):
        state, code, sentence = said(world, f"H:test:{number}")
        assert (state, code, sentence) == ("waiting", "paused", expected)
    world.admin().text("resume f*")
    assert said(world, "H:test:1")[1] != "paused"


def test_its_worker_is_busy_with_another_function() -> None:
    world = stored()
    submit(world.client(), "w")
    world.client().submit_job_high_bg(b"g", b"", b"w")
    worker = world.worker("f", "g")
    worker.grab_job()
    assert worker.received[0].arguments[1] == b"g"
    world.advance(3)
    assert said(world) == (
        "waiting",
        "busy",
        "its worker is busy, the first of them for 3.0 s",
    )


def test_its_worker_does_not_ask() -> None:
    world = stored()
    submit(world.client(), "w")
    world.worker("f")
    assert said(world) == (
        "waiting",
        "idle",
        "its worker is idle and has not asked for a job",
    )


def test_a_worker_has_been_woken() -> None:
    world = stored()
    world.sleeper("f")
    submit(world.client(), "w")
    assert said(world)[1] == "woken"


def test_it_runs() -> None:
    world = stored()
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.set_client_id(b"worker-7")
    worker.grab_job()
    world.advance(600)
    assert said(world) == (
        "running",
        "running",
        "worker-7 127.0.0.1 has run it for 10 min",
    )
    assert why(world)["worker"] == "worker-7 127.0.0.1"


def test_only_the_store_has_it() -> None:
    world = stored(1)
    client = world.client()
    submit(client, "one", "two", "three")
    assert said(world, "H:test:3")[1] == "no_worker"
    worker = world.worker("f")
    worker.grab_job()
    state, code, sentence = said(world, "H:test:3")
    assert (state, code) == ("waiting", "stored")
    assert sentence.endswith("2 jobs of 'f' and its priority wait")
    assert why(world, "H:test:3")["earlier"] == 1


def test_how_it_ended() -> None:
    world = stored()
    world.policy(b"f", result_ttl=60)
    client = world.client()
    submit(client, "w")
    worker = world.worker("f")
    worker.grab_job()
    world.advance(4)
    worker.work_complete(H1, b"r")
    world.advance(5)
    assert said(world) == (
        "succeeded",
        "ended",
        "it succeeded 5.0 s ago on 127.0.0.1, after 4.0 s",
    )
    submit(client, "w")
    world.admin().text("cancel job H:test:2")
    assert said(world, "H:test:2")[2] == "it was cancelled 0.0 s ago"


def test_a_dead_letter_says_why() -> None:
    world = stored()
    bury(world, world.client(), "w")
    state, code, sentence = said(world)
    assert (state, code) == ("dead", "ended")
    assert sentence == (
        "it failed for good and became a dead letter 0.0 s ago on 127.0.0.1: fail"
    )


def test_the_history_says_how_it_ended() -> None:
    world = stored()
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert said(world)[2].startswith("it succeeded 0.0 s ago on 127.0.0.1, after")


def test_what_is_not_known() -> None:
    world = stored()
    world.policy(b"f", history=0.0)
    submit(world.client(), "w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert said(world)[:2] == ("ended", "ended")
    assert said(world, H2.decode())[:2] == ("unknown", "unknown")


def test_names_and_errors_cannot_steer_a_terminal() -> None:
    world = stored()
    world.policy(b"*", max_attempts=2, backoff_delay=300.0)
    world.client().submit_job_bg(b"a\x1b[2J\n", b"", b"w")
    assert "\x1b" not in why(world)["why"]
    worker = world.worker("a\x1b[2J\n")
    worker.grab_job()
    worker.work_exception(H1, b"x" * 5000 + b"\x1b[2J")
    sentence = why(world)["why"]
    assert "\x1b" not in sentence
    assert len(sentence) < 400
    assert why(world)["error"].endswith("\x1b[2J")


@pytest.mark.parametrize("line", ["why", "why H:test:1 H:test:2"])
def test_one_handle_is_wanted(line: str) -> None:
    answer = stored().admin().text(line)
    assert answer == b"ERR INVALID_ARGUMENTS why+takes+one+handle\r\n"
