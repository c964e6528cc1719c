"""What a dead letter must say about its job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from proof.torture.functions import filled
from proof.torture.history import History, Run, Submission
from proof.torture.lives import Life
from proof.torture.survey import workload_of
from proof.torture.workers import error_of

__all__ = ["check"]


def check(life: Life, history: History) -> Iterator[str]:
    """Find what a dead letter says wrongly or leaves out."""
    row = life.dead
    if row is None:
        return
    workload = workload_of(row)
    own = history.submissions.get(workload.partition(b" ")[0])
    if own is None:
        yield f"dead letter of nobody: {row}"
        return
    is_steered = any(True for _ in life.asked_for("priority"))
    for name, expected in _expected(own).items():
        if row[name] != expected and not (is_steered and name == "priority"):
            yield f"dead letter: its {name} is {row[name]!r}, not {expected!r}"
    if workload != filled(own.key, own.size):
        yield "dead letter: its workload is not what was submitted"
    if not row["died"] >= row["submitted"] >= own.sent_at - 0.01:
        yield f"dead letter: it died at {row['died']}, submitted {row['submitted']}"
    yield from _causes(life, row, own)


def _expected(own: Submission) -> dict[str, Any]:
    return {
        "function": own.function.name.decode(),
        "unique": own.unique.decode(),
        # Where the order is strict, priorities do not count, and none is kept.
        "priority": "normal" if own.function.is_fifo else own.priority,
        "state": "dead",
        "background": True,
        "size": len(filled(own.key, own.size)),
    }


def _causes(life: Life, row: dict[str, Any], own: Submission) -> Iterator[str]:
    """Compare why it is dead with what its workers sent."""
    reason = row["reason"]
    crashes = [run for run in life.runs if run.outcome in ("crash", "")]
    failures = [run for run in life.runs if _is_failure(run, life)]
    if reason == "crash":
        if row["crashes"] != own.function.max_crashes:
            yield f"dead letter: it died of {row['crashes']} crashes"
    elif row["attempts"] != own.function.max_attempts:
        yield f"dead letter: it died of {row['attempts']} attempts"
    if row["attempts"] > len(failures) or row["crashes"] > len(crashes):
        yield f"dead letter: {row['attempts']} attempts of {len(failures)} failures"
    outcomes = {run.outcome for run in life.runs}
    if reason in ("fail", "exception") and reason not in outcomes:
        yield f"dead letter: nobody sent the {reason} it died of"
    expected = _error(own, reason)
    if (row["error"] or None) != expected:
        yield f"dead letter: its error is {row['error']!r}, not {expected!r}"
    if not row["worker"]:
        yield "dead letter: it does not say which worker had it"
    yield from _story(row)


def _story(row: dict[str, Any]) -> Iterator[str]:
    """Compare how each of its attempts ended with how many there were.

    Those of before it was run again are in its story, too, but not counted.
    """
    ended = Counter(each["outcome"] for each in row["story"])
    failed = ended.total() - ended["crash"] - ended["release"]
    if failed < row["attempts"] or ended["crash"] < row["crashes"]:
        yield f"dead letter: its story is {row['story']}"


def _error(own: Submission, reason: str) -> str | None:
    """Return what must be said about the last attempt besides the reason."""
    if reason == "exception":
        return error_of(own.key).decode()
    if reason == "timeout":
        return f"timed out after {own.function.setting('timeout', 0.0):g} s"
    return None


def _is_failure(run: Run, life: Life) -> bool:
    return run.outcome in ("fail", "exception") or life.function.is_slow
