from __future__ import annotations

from datetime import timedelta

from geartrain.worker.outcomes import MAX_TRACE, Retry, trace


def test_a_traceback_is_bounded_and_keeps_its_end() -> None:
    try:
        raise ValueError("x" * 200_000 + " and the end")
    except ValueError as error:
        text = trace(error)
    assert len(text) == MAX_TRACE
    assert text.endswith(b" and the end\n")


def test_a_retry_says_when_and_why() -> None:
    retry = Retry(2.5, "busy")
    assert (retry.delay, retry.error, str(retry)) == (2.5, "busy", "busy")
    assert str(Retry(2.5)) == "try again after 2.5 seconds"
    assert Retry(timedelta(minutes=2)).delay == 120.0
