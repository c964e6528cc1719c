"""Open counts: what was counted is what they become."""

from __future__ import annotations

from geartrain.engine.model.counts import (
    DEAD,
    KINDS,
    STARTED,
    SUBMITTED,
    bucket,
    submission,
)
from geartrain.engine.model.open_counts import OpenCounts


def test_events_and_times_become_counts() -> None:
    counted = OpenCounts()
    for kind in (DEAD, DEAD, KINDS - 1):
        counted.count(kind)
    for seconds in (0.0, 2.0, 2.0):
        counted.wait(seconds, bucket(seconds))
    counted.run(0.0001, 1)
    counted.submit(submission(1, True))
    counted.submit(submission(0, False))
    made = counted.counts()
    expected = {DEAD: 2, KINDS - 1: 1, STARTED: 3, SUBMITTED: 2}
    assert made.numbers == [expected.get(kind, 0) for kind in range(KINDS)]
    assert [counted.number(kind) for kind in range(KINDS)] == made.numbers
    assert made.submitted == [1, 0, 0, 1]
    assert made.waiting == [1] + [0] * (bucket(2.0) - 1) + [2]
    assert made.running == [0, 1]
    assert (made.waited, made.ran) == (4.0, 0.0001)


def test_what_is_counted_later_changes_no_counts_made_before() -> None:
    counted = OpenCounts()
    before = counted.counts()
    counted.count(DEAD)
    counted.wait(1.0, bucket(1.0))
    assert sum(before.numbers) == sum(before.waiting) == 0
