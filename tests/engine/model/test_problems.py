"""A problem is what a condition found; when it began is learnt later."""

from __future__ import annotations

from geartrain.engine.model.problems import Problem


def test_it_is_of_one_function_or_of_the_whole_server() -> None:
    of_one = Problem("old_jobs", b"resize", "a job has waited", 301.5, "more workers")
    of_all = Problem("store_slow", b"", "the store is slow", 0, "look at the disk")
    assert (of_one.function, of_one.value) == (b"resize", 301.5)
    assert (of_all.function, of_all.value) == (b"", 0)
    assert of_one.since == of_all.since == 0
