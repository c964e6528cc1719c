"""The verdict finds everything that may not happen, and nothing that may."""

from __future__ import annotations

from typing import Any

import pytest

from proof.torture.functions import FUNCTIONS
from proof.torture.verdict import judge
from tests.support.stories import H1, H2, Story


@pytest.fixture
def story() -> Story:
    return Story()


def row(handle: bytes, unique: str = "") -> dict[str, Any]:
    return {"handle": handle.decode(), "function": "keyed", "unique": unique}


def test_a_job_that_is_done_is_well(story: Story) -> None:
    story.submit(b"a", H1)
    story.enquire("job", H1, state="ready")
    story.run(b"a", H1)
    story.enquire("job", H1, state="succeeded")
    assert story.faults() == []


def test_an_acknowledged_job_without_an_end_is_missing(story: Story) -> None:
    story.submit(b"a", H1)
    assert story.faults() == ["missing"]


def test_one_that_was_not_acknowledged_or_not_in_the_background_is_not(
    story: Story,
) -> None:
    story.submit(b"a", b"")
    story.submit(b"b", H1, is_background=False)
    assert story.faults() == []


def test_a_refused_result_is_no_end(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1, is_refused=True)
    assert sorted(story.faults()) == ["missing", "refused"]


def test_a_result_that_came_too_late_is_refused(story: Story) -> None:
    story.submit(b"a", H1, b"slow")
    run = story.run(b"a", H1, is_refused=True)
    late = f"timed out after {FUNCTIONS[b'slow'].setting('timeout', 0.0):g} s"
    story.die(b"a", H1, attempts=2, reason="timeout", error=late)
    story.run(b"a", H1, is_refused=True)
    assert story.faults() == []
    run.is_refused = False
    assert "late result taken" in story.faults()


def test_what_is_left_in_the_end_is_told(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1)
    story.survey.jobs[H1] = row(H1)
    story.survey.count = 2
    assert story.faults() == ["is left over", "miscounted"]


def test_a_job_may_be_run_again_if_its_end_was_not_durable(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1)
    story.restart()
    story.run(b"a", H1, "")
    story.restart()
    story.run(b"a", H1)
    assert story.faults() == []
    totals = judge(story.history, story.survey).totals
    assert totals["done again after a kill"] == 1
    assert totals["begun again after a kill"] == 1


def test_it_may_not_if_it_was(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1)
    story.restart(all_is_durable=True)
    story.run(b"a", H1, "")
    assert story.faults() == ["run after its end"]


def test_nor_by_the_same_job_server(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1)
    story.run(b"a", H1)
    assert sorted(story.faults()) == ["ended twice", "run after its end"]


def test_two_workers_may_not_have_one_job(story: Story) -> None:
    story.submit(b"a", H1)
    first = story.run(b"a", H1, "")
    story.run(b"a", H1)
    assert story.faults() == ["two workers at once"]
    first.outcome, first.sent = "crash", first.started
    assert story.faults() == []


def test_a_cancelled_job_is_not_run(story: Story) -> None:
    story.submit(b"a", H1)
    story.enquire("cancel job", H1)
    assert story.faults() == []
    story.restart()
    story.run(b"a", H1, "")
    assert story.faults() == ["run after its end"]


def test_a_cancelled_job_does_not_get_done(story: Story) -> None:
    story.submit(b"a", H1)
    run = story.run(b"a", H1)
    story.enquire("cancel job", H1)
    assert story.faults() == ["ended twice"]
    run.is_refused, run.settled = True, story.history.serial()
    assert story.faults() == []


def test_an_answer_that_did_not_come_may_mean_either(story: Story) -> None:
    story.submit(b"a", H1)
    story.enquire("cancel job", H1)
    story.history.enquiries[0].answered = 0
    assert story.faults() == []
    story.run(b"a", H1)
    assert story.faults() == []


@pytest.mark.parametrize("command", ["job", "cancel job"])
def test_a_waiting_job_is_known(story: Story, command: str) -> None:
    story.submit(b"a", H1)
    story.enquire(command, H1, is_known=False)
    story.run(b"a", H1)
    assert story.faults() == ["denied"]


def test_one_handle_is_for_one_job(story: Story) -> None:
    story.submit(b"a", H1)
    story.submit(b"b", H1)
    story.run(b"a", H1)
    assert set(story.faults()) == {"one handle for two jobs"}


def test_one_submission_is_one_job(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1)
    story.run(b"a", H2)
    assert story.faults() == ["one submission, two jobs"]


def test_those_of_one_unique_share_a_handle(story: Story) -> None:
    story.submit(b"a", H1, b"keyed", unique=b"u")
    story.submit(b"b", H1, b"keyed", unique=b"u")
    story.run(b"a", H1)
    assert story.faults() == []
    story.submit(b"c", H1, b"keyed", unique=b"other")
    assert story.faults() == ["one handle for two jobs"]


def test_a_submission_joins_the_job_of_its_unique(story: Story) -> None:
    story.submit(b"a", H1, b"keyed", unique=b"u")
    story.submit(b"b", H2, b"keyed", unique=b"u")
    story.run(b"a", H1)
    story.run(b"b", H2)
    assert story.faults() == ["not coalesced"]


def test_one_after_its_end_does_not(story: Story) -> None:
    story.submit(b"a", H1, b"keyed", unique=b"u")
    story.run(b"a", H1)
    story.submit(b"b", H2, b"keyed", unique=b"u")
    story.run(b"b", H2)
    assert story.faults() == []


def test_one_may_join_a_dead_letter_that_was_brought_back(story: Story) -> None:
    flaky = FUNCTIONS[b"flaky"].max_attempts
    story.submit(b"a", H1, b"flaky", unique=b"u")
    for _ in range(flaky):
        story.run(b"a", H1, "fail")
    story.submit(b"b", H2, b"flaky", unique=b"u")
    story.enquire("dead retry", H1)
    story.submit(b"c", H1, b"flaky", unique=b"u")
    story.run(b"a", H1)
    story.run(b"b", H2)
    assert "not coalesced" not in story.faults()
    # A submission before that had nothing but the other job to join.
    story.history.enquiries[-1].sent = story.history.serial()
    assert "not coalesced" in story.faults()


def test_a_listing_has_every_waiting_job_once(story: Story) -> None:
    story.submit(b"a", H1)
    story.take_stock(row(H1))
    story.run(b"a", H1)
    assert story.faults() == []
    story.take_stock(row(H1), row(H1), count=1)
    assert story.faults() == ["miscounted"]
    story.submit(b"b", H2)
    story.take_stock()
    story.run(b"b", H2)
    assert story.faults() == ["miscounted", "not listed"]


def test_a_listing_has_every_unique_once(story: Story) -> None:
    story.take_stock(row(H1, "u"), row(H2, "u"))
    assert story.faults() == ["not coalesced"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"size": 21}, "changed"),
        ({"unique": b"u"}, "changed"),
        ({"reducer": b"r"}, "changed"),
        ({"function": b"keyed"}, "changed"),
        ({"started_at": 0.0}, "too early"),
    ],
)
def test_a_worker_gets_what_was_submitted(
    story: Story, changes: dict[str, Any], expected: str
) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1, **changes)
    assert story.faults() == [expected]


def test_a_job_that_nobody_submitted_is_none(story: Story) -> None:
    story.submit(b"a", H1)
    story.run(b"a", H1)
    del story.history.submissions[b"a"]
    assert story.faults() == ["out of nowhere"]


def test_a_job_is_not_run_before_it_is_due(story: Story) -> None:
    submission = story.submit(b"a", H1, b"later")
    submission.due = submission.sent_at + 2.5
    run = story.run(b"a", H1)
    assert story.faults() == []
    submission.due = run.started_at + 0.1
    assert story.faults() == ["too early"]


def test_nor_before_its_functions_delay(story: Story) -> None:
    submission = story.submit(b"a", H1, b"held")
    story.run(b"a", H1, started_at=submission.sent_at + 0.4)
    assert story.faults() == ["too early"]


def test_nor_long_after_its_time_to_live(story: Story) -> None:
    submission = story.submit(b"a", H1, b"brief")
    run = story.run(b"a", H1)
    assert story.faults() == []
    run.asked_at = submission.acknowledged_at + 9
    assert story.faults() == ["too late"]


def test_a_job_of_which_its_function_lives_shortly_may_vanish(story: Story) -> None:
    story.submit(b"a", H1, b"brief")
    assert story.faults() == []
    assert judge(story.history, story.survey).totals["expired"] == 1


def fail_often(story: Story, times: int) -> None:
    story.submit(b"a", H1, b"doomed")
    for _ in range(times):
        story.run(b"a", H1, "exception")


def test_a_job_is_dead_after_its_last_attempt(story: Story) -> None:
    fail_often(story, 3)
    story.die(b"a", H1)
    assert story.faults() == []


def test_it_is_not_run_after_it(story: Story) -> None:
    fail_often(story, 4)
    story.die(b"a", H1)
    assert story.faults() == ["attempts forgotten"]


def test_a_restart_does_not_forget_attempts_that_are_durable(story: Story) -> None:
    fail_often(story, 2)
    story.restart(all_is_durable=True)
    story.run(b"a", H1, "exception")
    story.run(b"a", H1, "exception")
    story.die(b"a", H1)
    assert story.faults() == ["attempts forgotten"]


def test_it_may_forget_others(story: Story) -> None:
    fail_often(story, 2)
    story.restart()
    for _ in range(3):
        story.run(b"a", H1, "exception")
    story.die(b"a", H1)
    assert story.faults() == []


def test_a_dead_letter_that_is_brought_back_has_all_its_attempts(story: Story) -> None:
    fail_often(story, 3)
    story.enquire("dead retry", H1)
    for _ in range(3):
        story.run(b"a", H1, "exception")
    story.die(b"a", H1)
    assert story.faults() == []


def test_it_is_tried_again(story: Story) -> None:
    fail_often(story, 3)
    story.enquire("dead retry", H1)
    story.die(b"a", H1)
    assert story.faults() == ["revival forgotten"]


def test_it_is_not_dead_again_before_that(story: Story) -> None:
    fail_often(story, 3)
    story.enquire("dead retry", H1)
    story.enquire("dead retry", H1)
    story.run(b"a", H1)
    assert story.faults() == ["revival forgotten"]


def test_a_failed_job_is_not_tried_again_before_its_pause_is_over(story: Story) -> None:
    story.submit(b"a", H1, b"flaky")
    failed = story.run(b"a", H1, "fail")
    again = story.run(b"a", H1, started_at=failed.sent_at + 0.05)
    assert story.faults() == ["too early"]
    again.started_at = failed.sent_at + 0.1
    assert story.faults() == []


def test_a_dead_letter_that_is_dropped_is_not_missing(story: Story) -> None:
    fail_often(story, 3)
    story.enquire("dead drop", H1)
    assert story.faults() == []


def test_a_job_that_is_done_is_not_dead(story: Story) -> None:
    fail_often(story, 3)
    story.run(b"a", H1)
    story.restart(all_is_durable=True)
    story.die(b"a", H1)
    assert sorted(story.faults()) == ["attempts forgotten", "ended twice"]


@pytest.mark.parametrize(
    "changes",
    [
        {"function": "plain"},
        {"unique": "u"},
        {"priority": "high"},
        {"background": False},
        {"state": "ready"},
        {"size": 0},
        {"workload": "a 20 something else."},
        {"died": 0},
        {"attempts": 2},
        {"crashes": 1},
        {"reason": "fail", "error": None},
        {"error": None},
        {"worker": None},
        {"story": [{"outcome": "exception"}]},
    ],
    ids=str,
)
def test_a_dead_letter_tells_the_truth(story: Story, changes: dict[str, Any]) -> None:
    fail_often(story, 3)
    story.die(b"a", H1, **changes)
    assert set(story.faults()) == {"dead letter"}


def test_a_job_dies_of_as_many_crashes_as_its_policy_says(story: Story) -> None:
    story.submit(b"a", H1, b"poison")
    story.run(b"a", H1, "crash")
    story.run(b"a", H1, "crash")
    cause = {"reason": "crash", "error": None, "attempts": 0}
    story.die(b"a", H1, crashes=2, **cause)
    assert story.faults() == []
    story.die(b"a", H1, crashes=1, **cause)
    assert story.faults() == ["dead letter"]


def test_what_actors_met_is_told(story: Story) -> None:
    story.history.faults.append("something else")
    assert story.faults() == ["something else"]


def test_a_job_is_run_where_an_operator_moved_it(story: Story) -> None:
    story.submit(b"a", H1)
    story.enquire("move", H1)
    story.run(b"a", H1, function=b"spare")
    assert story.faults() == []


@pytest.mark.parametrize("command", ["move", "priority"])
def test_one_that_waits_can_be_put_elsewhere(story: Story, command: str) -> None:
    story.submit(b"a", H1)
    story.enquire(command, H1, is_known=False)
    story.run(b"a", H1)
    assert story.faults() == ["denied"]


def test_a_dead_letter_may_have_another_priority_then(story: Story) -> None:
    fail_often(story, 3)
    story.enquire("priority", H1)
    story.die(b"a", H1, priority="high")
    assert story.faults() == []


def test_a_dead_letter_of_a_function_in_strict_order_has_no_priority(
    story: Story,
) -> None:
    story.submit(b"a", H1, b"ledger", flow_key=b"k", priority="low")
    for _ in range(3):
        story.run(b"a", H1, "exception", settled=0)
        story.restart()
    story.die(b"a", H1, priority="normal")
    assert story.faults() == []
    story.die(b"a", H1, priority="low")
    assert story.faults() == ["dead letter"]


def test_no_job_is_run_while_its_function_is_paused(story: Story) -> None:
    pause = story.pause(b"plain")
    story.submit(b"a", H1)
    run = story.run(b"a", H1)
    assert story.faults() == ["run while paused"]
    pause.resumed = run.asked
    assert story.faults() == []
