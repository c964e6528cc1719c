"""Counts of commits."""

from __future__ import annotations

from geartrain.engine.model.commits import Commits


def test_commits_are_counted_by_duration_and_size() -> None:
    commits = Commits()
    commits.note(0.0, 1, is_refused=False)
    commits.note(0.00025, 3, is_refused=True)
    assert (commits.count, commits.refused, commits.records) == (2, 1, 4)
    assert commits.durations == [1, 0, 0, 1]
    assert commits.sizes == [0, 1, 1]


def test_no_batch_is_too_large_to_be_counted() -> None:
    commits = Commits()
    commits.note(1.0, 2**40, is_refused=False)
    assert len(commits.sizes) == 25
