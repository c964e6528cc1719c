"""The verdict finds limits and orders that were not kept, and none that were."""

from __future__ import annotations

from typing import Any

import pytest

from proof.torture.limits import check
from proof.torture.lives import lives
from tests.support.stories import H1, H2, Story

H3 = b"H:x:3"


@pytest.fixture
def story() -> Story:
    return Story()


def said(story: Story) -> list[tuple[bytes, str]]:
    """Return the handles of faults, and the beginnings of their texts."""
    found = check(story.history, lives(story.history, story.survey))
    return [(handle, text.partition(":")[0]) for handle, text in found]


def begin(story: Story, *names: tuple[bytes, bytes], **fields: Any) -> list[Any]:
    """Have jobs submitted, and each given to a worker that goes on with it."""
    for key, handle in names:
        story.submit(key, handle, fields["function"], flow_key=fields.get("key", b""))
    return [story.run(key, handle, "") for key, handle in names]


def test_more_jobs_at_once_than_there_are_places_are_a_fault(story: Story) -> None:
    names = ((b"a", H1), (b"b", H2), (b"c", H3))
    first, *_ = begin(story, *names, function=b"single")
    assert said(story) == [(H3, "too many at once")]
    first.sent = first.started
    assert said(story) == []


def test_a_job_that_was_cancelled_has_no_place(story: Story) -> None:
    begin(story, (b"a", H1), function=b"account", key=b"k")
    story.enquire("cancel job", H1)
    begin(story, (b"b", H2), function=b"account", key=b"k")
    assert said(story) == []


def test_places_are_counted_by_key_and_by_life_of_the_job_server(story: Story) -> None:
    begin(story, (b"a", H1), function=b"account", key=b"k")
    begin(story, (b"b", H2), function=b"account", key=b"other")
    assert said(story) == []
    story.restart()
    begin(story, (b"c", H3), function=b"account", key=b"k")
    assert said(story) == []
    story.run(b"a", H1, "")
    assert said(story) == [(H1, "too many at once")]


def test_more_starts_in_a_time_than_the_rate_allows_are_a_fault(story: Story) -> None:
    for number in range(40):
        handle = b"H:x:%d" % number
        story.submit(b"%d" % number, handle, b"paced")
        story.run(b"%d" % number, handle, asked_at=100.0, started_at=100.1)
    # 100 ms are enough for 20, and 4 may start at once.
    assert [text for _, text in said(story)] == ["too fast"]
    for run in story.history.runs:
        run.started_at = 100.2
    assert said(story) == []


def test_a_job_that_passes_another_in_strict_order_is_a_fault(story: Story) -> None:
    story.submit(b"a", H1, b"ledger", flow_key=b"k")
    story.submit(b"b", H2, b"ledger", flow_key=b"k")
    story.submit(b"c", H3, b"ledger", flow_key=b"other")
    story.run(b"c", H3)
    failed = story.run(b"a", H1, "fail")
    story.run(b"b", H2)
    story.run(b"a", H1)
    assert said(story) == [(H2, "out of order")]
    failed.outcome = "complete"
    assert said(story) == []


def test_a_job_that_was_passed_before_its_first_run_is_found_too(story: Story) -> None:
    story.submit(b"a", H1, b"ledger", flow_key=b"k")
    story.submit(b"b", H2, b"ledger", flow_key=b"k")
    story.run(b"b", H2)
    story.run(b"a", H1)
    assert said(story) == [(H2, "out of order")]


def test_one_that_passes_what_lost_its_worker_is_found_too(story: Story) -> None:
    story.submit(b"a", H1, b"ledger", flow_key=b"k")
    story.submit(b"b", H2, b"ledger", flow_key=b"k")
    story.run(b"a", H1, "crash")
    story.run(b"b", H2)
    story.run(b"a", H1)
    assert said(story) == [(H2, "out of order")]


@pytest.mark.parametrize("outcome", ["", "crash", "fail", "complete"])
def test_strict_order_holds_over_a_kill(story: Story, outcome: str) -> None:
    story.submit(b"a", H1, b"ledger", flow_key=b"k")
    story.submit(b"b", H2, b"ledger", flow_key=b"k")
    story.run(b"a", H1, outcome)
    story.restart()
    passing = story.run(b"b", H2)
    story.restart()
    story.run(b"a", H1)
    assert said(story) == [(H2, "out of order")]
    story.history.runs.remove(passing)
    story.run(b"b", H2)
    assert said(story) == []


def test_what_came_after_an_end_that_a_kill_undid_was_in_order(story: Story) -> None:
    story.submit(b"a", H1, b"ledger", flow_key=b"k")
    story.submit(b"b", H2, b"ledger", flow_key=b"k")
    story.run(b"a", H1)
    story.run(b"b", H2)
    story.restart()
    story.run(b"a", H1)
    assert said(story) == []


def test_a_job_runs_after_the_one_that_it_waits_for(story: Story) -> None:
    story.submit(b"a", H1, b"chained")
    story.submit(b"b", H2, b"chained", source=H1)
    early = story.run(b"b", H2)
    story.run(b"a", H1)
    assert said(story) == [(H2, "before its turn")]
    story.history.runs.remove(early)
    story.run(b"b", H2)
    assert said(story) == []


@pytest.mark.parametrize("function", [b"again", b"newest"])
def test_a_submission_has_a_run_after_it(story: Story, function: bytes) -> None:
    story.submit(b"a", H1, function, unique=b"u")
    story.run(b"a", H1)
    story.submit(b"b", H1, function, unique=b"u")
    assert said(story) == [(H1, "not run again")]
    story.run(b"b", H1)
    assert said(story) == []


def test_a_batch_has_all_of_its_jobs_and_nothing_left(story: Story) -> None:
    story.submit(b"a", H1, b"batched", batch=b"x")
    story.run(b"a", H1)
    story.history.batches[b"x"] = {"total": 1, "left": 0}
    assert said(story) == []
    story.history.batches[b"x"] = {"total": 1, "left": 1}
    assert said(story) == [(b"", "miscounted")]
    story.history.batches[b"x"] = {"total": 0, "left": 0}
    assert said(story) == [(b"", "miscounted")]


def test_a_time_of_a_schedule_has_one_job_that_is_done(story: Story) -> None:
    story.submit(b"tick", b"", b"tick")
    for handle in (H1, H2, H3):
        story.run(b"tick", handle)
    story.restart(all_is_durable=True)
    firings = story.history.firings[b"tick"] = {100.0: {H1}, 102.0: {H2}, 104.0: {H3}}
    assert said(story) == []
    firings[102.004] = {H3}
    assert said(story) == [(H3, "fired twice")]
    story.history.runs[2].outcome = "crash"
    assert said(story) == []
    del firings[102.0], firings[102.004]
    assert said(story) == []
    del story.history.runs[1]
    assert said(story) == [(H3, "left out")]
