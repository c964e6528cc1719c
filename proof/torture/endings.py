"""What the job server tells of jobs that have ended, against what others saw.

The history is in memory: of an end that another job server saw it tells nothing, or
the same. A result that a function's policy keeps is there after a kill.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from proof.torture.history import Account, Enquiry, History
from proof.torture.lives import End, Life

__all__ = ["ENDED", "check", "check_account"]

ENDED = ("succeeded", "failed", "expired", "cancelled", "abandoned")
"""States of jobs that are no more; a dead letter is still there."""

_STATES = {"done": "succeeded", "cancelled": "cancelled", "dropped": "dead"}


def check(life: Life, history: History) -> Iterator[str]:
    """Find answers of ``job`` and ``result`` that contradict what peers saw."""
    for each in life.enquiries:
        if each.command in ("job", "result") and each.answered:
            yield from _contradictions(life, each)
    for submission in life.submissions:
        result = submission.result
        if result is not None and not any(run.result == result for run in life.runs):
            yield f"changed: no worker sent the result {result!r}"


def _contradictions(life: Life, enquiry: Enquiry) -> Iterator[str]:
    may_be_kept = enquiry.command == "result" and life.function.keeps_results
    # The result of a job that nobody submitted in the background is not kept.
    is_kept = may_be_kept and life.promised > 0
    for end in life.ends():
        if end.forbids(enquiry.round, enquiry.sent):
            yield from _denied(end, enquiry, is_kept)
    if enquiry.state in ENDED and not _may_have_ended(life, enquiry, may_be_kept):
        yield f"told an end that nobody saw: {enquiry}"
    if enquiry.state == "succeeded":
        yield from _forgotten(life, enquiry)
        if is_kept and enquiry.result is None:
            yield f"result lost: {enquiry}"


def _denied(end: End, enquiry: Enquiry, is_kept: bool) -> Iterator[str]:
    """Find an end that is forgotten too early, or told as another."""
    state = enquiry.state if enquiry.is_known else ""
    is_forgotten = not state and end.round != enquiry.round and not is_kept
    if state != _STATES[end.kind] and not is_forgotten:
        yield f"end denied: it is {end.kind}, and the answer was {enquiry}"
    if enquiry.result not in (None, end.result):
        yield f"result changed: it was {end.result!r}, and the answer is {enquiry}"


def _may_have_ended(life: Life, enquiry: Enquiry, may_be_kept: bool) -> bool:
    """Tell whether somebody did something that ends a job like that."""
    if enquiry.state == "succeeded":
        return any(
            enquiry.result in (None, run.result) and run.sent < enquiry.answered
            for run in life.runs
            if run.outcome == "complete" and not run.is_refused
            if may_be_kept or run.round == enquiry.round
        )
    if enquiry.state == "cancelled":
        return any(
            each.sent < enquiry.answered
            for each in life.asked_for("cancel job")
            if may_be_kept or each.round == enquiry.round
        )
    if enquiry.state == "expired":
        return life.function.setting("ttl", 0.0) > 0
    # In the background, jobs fail as dead letters.
    return not life.promised


def _forgotten(life: Life, enquiry: Enquiry) -> Iterator[str]:
    """Find a run by a job server that had told of the job's success."""
    for run in life.runs:
        if run.round == enquiry.round and run.asked > enquiry.answered:
            yield f"run after its end: in spite of {enquiry}"


def check_account(
    account: Account, all_lives: dict[bytes, Life]
) -> Iterator[tuple[bytes, str]]:
    """Find jobs that ``history`` left out or told wrongly, by handle."""
    told = {row["handle"].encode(): row["state"] for row in account.rows}
    counts = Counter(row["handle"].encode() for row in account.rows)
    for handle, count in counts.items():
        if count > 1:
            yield handle, f"ended twice: history tells it {count} times"
        # What expires unacknowledged and unseen by a worker, nobody else knows.
        if handle not in all_lives and told[handle] != "expired":
            yield handle, "out of nowhere: history tells of a job nobody submitted"
    for handle, life in all_lives.items():
        state = told.get(handle)
        ends = [each for each in life.ends() if each.round == account.round]
        for end in ends:
            if end.known < account.asked and state != _STATES[end.kind]:
                yield handle, f"end denied: it is {end.kind}, and history says {state}"
        if state == "succeeded" and not any(
            run.outcome == "complete" and run.sent < account.asked
            for run in life.runs
            if run.round == account.round
        ):
            yield handle, "told an end that nobody saw: history says it succeeded"
