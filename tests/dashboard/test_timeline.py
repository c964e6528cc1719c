"""The story of a job, in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.dashboard.timeline import timeline, worker_of

NOW = 1000.0


def attempt(outcome: str, started: float, ended: float | None = None) -> dict[str, Any]:
    return {
        "worker": "w-1 10.0.0.1",
        "started": started,
        "ended": ended,
        "outcome": outcome,
        "error": "no space" if outcome == "exception" else None,
    }


def told(status: str, *story: dict[str, Any], **more: Any) -> list[str]:
    failures = sum(each["outcome"] == "exception" for each in story)
    row = {
        "status": status,
        "background": True,
        "priority": "normal",
        "submitted": 900.0,
        "attempts": failures,
        "crashes": 0,
        "died": None,
        "story": list(story),
        **more,
    }
    moments = timeline(row, {"why": "no worker is free"}, NOW)
    return [f"{each.kind}: {each.strong} {each.text}" for each in moments]


SUBMITTED = "plain: Submitted in the background, with normal priority"


def test_a_waiting_job_says_why_it_waits() -> None:
    assert told("waiting") == [SUBMITTED, "waiting: Now no worker is free"]


def test_attempts_and_the_pauses_between_them_are_told() -> None:
    assert told(
        "running", attempt("exception", 910.0, 913.2), attempt("running", 923.2)
    ) == [
        SUBMITTED,
        "waiting: Waited 10 s to be run",
        "failed: Attempt 1 failed after 3.2 s",
        "waiting: Waited 10 s before the next attempt",
        "running: Attempt 2 running for 1 min 16 s",
    ]


def test_a_job_that_did_well_ends_with_that() -> None:
    assert told("succeeded", attempt("succeeded", 900.1, 901.1), ended=901.1)[1:] == [
        "succeeded: Attempt 1 succeeded in 1.0 s"
    ]


def test_attempts_that_are_not_kept_are_counted() -> None:
    story = [attempt("exception", 900.0 + each, 900.0 + each) for each in range(4)]
    lines = told("dead", *story, attempts=10, died=905.0)
    assert "failed:  6 more attempts that failed" in lines
    assert [line for line in lines if "Attempt" in line][-1].startswith(
        "failed: Attempt 10 "
    )
    assert lines[-1].startswith("failed: Became a dead letter")


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("cancelled", "plain: Cancelled "),
        ("expired", "failed: Expired: it waited longer than its time to live "),
        ("abandoned", "plain: Given up: nobody waited for it any more "),
        ("failed", "failed: Failed for good "),
    ],
)
def test_other_ends_are_told(status: str, line: str) -> None:
    assert told(status, ended=950.0)[-1] == line


def test_what_a_worker_said_and_who_it_is_are_kept_apart() -> None:
    row_story = [attempt("exception", 910.0, 911.0)]
    row = {
        "status": "retrying",
        "background": False,
        "priority": "high",
        "submitted": None,
        "attempts": 1,
        "crashes": 0,
        "died": None,
        "story": row_story,
    }
    first, failed, _ = timeline(row, {"why": "it is due later"}, NOW)
    assert first.text == "by a client that waits for it, with high priority"
    assert (failed.worker, failed.error) == (("w-1", "10.0.0.1"), "no space")


def test_a_worker_without_a_name_is_its_address() -> None:
    assert worker_of("- 10.0.0.1") == ("", "10.0.0.1")
