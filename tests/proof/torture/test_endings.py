"""What is told of jobs that have ended is what their clients and workers saw."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stories import H1, H2, Story


@pytest.fixture
def story() -> Story:
    story = Story()
    story.submit(b"a", H1)
    return story


@pytest.mark.parametrize("state", ["", "failed", "ready", "cancelled"])
def test_a_success_is_told_as_one(story: Story, state: str) -> None:
    story.run(b"a", H1)
    story.enquire("job", H1, is_known=bool(state), state=state)
    assert "end denied" in story.faults()


def test_it_may_be_forgotten_by_the_next_job_server(story: Story) -> None:
    story.run(b"a", H1)
    story.restart(all_is_durable=True)
    story.enquire("job", H1, is_known=False)
    assert story.faults() == []
    story.enquire("job", H1, state="ready")
    assert story.faults() == ["end denied"]


def test_one_that_was_not_durable_may_be_undone(story: Story) -> None:
    story.run(b"a", H1)
    story.restart()
    story.enquire("job", H1, state="ready")
    story.run(b"a", H1)
    assert story.faults() == []


def test_a_waiting_job_has_not_ended(story: Story) -> None:
    story.enquire("job", H1, state="succeeded")
    story.run(b"a", H1)
    expected = ["denied", "run after its end", "told an end that nobody saw"]
    assert sorted(story.faults()) == expected


@pytest.mark.parametrize("state", ["cancelled", "expired", "failed"])
def test_an_end_has_a_cause(story: Story, state: str) -> None:
    story.run(b"a", H1, settled=0)
    story.enquire("job", H1, state=state)
    assert story.faults() == ["told an end that nobody saw"]


def test_a_cancelled_job_is_told_as_such(story: Story) -> None:
    story.enquire("cancel job", H1)
    story.enquire("job", H1, state="cancelled")
    assert story.faults() == []
    story.enquire("job", H1, state="succeeded")
    assert sorted(story.faults()) == ["end denied", "told an end that nobody saw"]


def test_the_history_has_every_end_of_its_job_server(story: Story) -> None:
    story.run(b"a", H1)
    story.account(h1="succeeded")
    assert story.faults() == []
    story.account()
    assert story.faults() == ["end denied"]


def test_it_has_nothing_else(story: Story) -> None:
    story.account(h1="succeeded", h2="succeeded")
    story.run(b"a", H1)
    story.submit(b"b", H2, is_background=False)
    assert story.faults() == ["told an end that nobody saw"] * 2


def test_it_has_no_job_of_nobody(story: Story) -> None:
    story.run(b"a", H1)
    story.account(h1="succeeded", h2="failed")
    assert story.faults() == ["out of nowhere"]
    story.history.accounts.clear()
    story.account(h1="succeeded", h2="expired")
    assert story.faults() == []


@pytest.fixture
def kept(story: Story) -> Story:
    """Return a story of a job whose function keeps results, up to a kill."""
    story.submit(b"k", H2, b"keyed", unique=b"u")
    story.run(b"a", H1)
    return story


def test_a_result_survives_a_kill(kept: Story) -> None:
    kept.run(b"k", H2, result=b"done")
    kept.restart(all_is_durable=True)
    kept.enquire("result", H2, state="succeeded", result=b"done")
    assert kept.faults() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"result": b"other"}, ["result changed", "told an end that nobody saw"]),
        ({"result": None}, ["result lost"]),
        ({"state": "cancelled", "result": None}, ["end denied"]),
        ({"state": "ended", "is_known": False, "result": None}, ["end denied"]),
    ],
)
def test_one_that_does_not_is_a_fault(
    kept: Story, changes: dict[str, Any], expected: list[str]
) -> None:
    kept.run(b"k", H2, result=b"done")
    kept.restart(all_is_durable=True)
    kept.enquire("result", H2, **({"state": "succeeded", "result": b"done"} | changes))
    assert set(expected) <= set(kept.faults())


def test_one_that_was_not_durable_may_be_lost_with_its_end(kept: Story) -> None:
    kept.run(b"k", H2, result=b"first")
    kept.restart()
    kept.enquire("result", H2, state="waiting")
    kept.run(b"k", H2, result=b"second")
    kept.enquire("result", H2, state="succeeded", result=b"second")
    assert kept.faults() == []


def test_the_job_is_not_run_after_its_result_was_told(kept: Story) -> None:
    kept.run(b"k", H2, result=b"done", settled=0)
    kept.enquire("result", H2, state="succeeded", result=b"done")
    kept.run(b"k", H2, result=b"again")
    assert "run after its end" in kept.faults()


def test_a_client_is_sent_what_the_worker_sent(story: Story) -> None:
    waited = story.submit(b"b", H2, is_background=False)
    story.run(b"a", H1)
    story.run(b"b", H2, result=b"done")
    waited.result = b"done"
    assert story.faults() == []
    waited.result = b"other"
    assert story.faults() == ["changed"]
