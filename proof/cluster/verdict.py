"""The verdict: what became of every acknowledged job, and whether that was allowed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from math import inf

from proof.cluster.history import History, Run, Submission
from proof.cluster.troubles import AFTERMATH

__all__ = ["faults", "totals"]

# Seconds by which clocks and timers of two processes may differ.
_EARLY = 0.05


def faults(history: History) -> list[str]:
    """Return what should not have happened, in sentences."""
    return [
        *history.faults,
        *_lost(history),
        *_too_early(history),
        *_run_again(history),
        *_uniques_at_once(history),
    ]


def totals(history: History) -> Counter[str]:
    """Return how much there was of what."""
    handles = {each.handle for each in history.submissions if each.handle}
    found = Counter(
        {
            "submitted": len(history.submissions),
            "acknowledged": sum(bool(each.handle) for each in history.submissions),
            "jobs": len(handles),
            "runs": len(history.runs),
            "runs again": len(history.runs) - len({run.handle for run in history.runs}),
            "calls": sum(history.foreground),
            "calls without an answer": history.foreground[1],
        }
    )
    for trouble in history.troubles:
        found[trouble.name] += 1
    return found


def _by_handle(history: History) -> dict[bytes, list[Run]]:
    found: defaultdict[bytes, list[Run]] = defaultdict(list)
    for run in history.runs:
        found[run.handle].append(run)
    return found


def _lost(history: History) -> Iterator[str]:
    """Each job that was acknowledged has been done."""
    done = {run.handle for run in history.runs if run.ended < inf}
    keys = {run.key for run in history.runs if run.ended < inf}
    # A job that another node's worker ran had a handle of that node there.
    done |= {each.handle for each in history.submissions if each.key in keys}
    unanswered = _ends_of_unanswered(history)
    for each in history.submissions:
        if not each.handle or each.handle in done or each.key in keys:
            continue
        if all(end < each.sent for end in unanswered[each.unique]):
            yield (
                f"lost: {each.key!r} has the handle {each.handle!r} from {each.node}"
                f" and was never done"
            )


def _ends_of_unanswered(history: History) -> dict[bytes, list[float]]:
    """Return when jobs were done whose submitters were never answered, by unique.

    Others may have joined such a job: its handle is theirs, and its key is not.
    """
    found: defaultdict[bytes, list[float]] = defaultdict(list)
    unanswered = {
        each.key: each.unique
        for each in history.submissions
        if each.unique and not each.handle
    }
    for run in history.runs:
        if run.key in unanswered and run.ended < inf:
            found[unanswered[run.key]].append(run.ended)
    return found


def _too_early(history: History) -> Iterator[str]:
    """What was to wait has waited, whatever was done to clocks."""
    started: defaultdict[bytes, float] = defaultdict(lambda: inf)
    for run in history.runs:
        started[run.key] = min(started[run.key], run.started)
    for each in history.submissions:
        early = each.sent + each.delay - started[each.key]
        if each.delay and early > _EARLY:
            yield f"too early: {each.key!r} from {each.node}, by {early:.2f} s"


def _run_again(history: History) -> Iterator[str]:
    """What was done is not done again, unless something was wrong around then."""
    joined = _joined_elsewhere(history)
    for handle, runs in _by_handle(history).items():
        if handle in joined:
            continue
        runs.sort(key=lambda run: run.started)
        for before, after in pairwise(runs):
            times = (before.started, before.ended, after.started)
            if not any(_is_troubled(history, time) for time in times):
                yield (
                    f"done again: {handle!r} at {before.node} and {after.node}, though"
                    " nothing was wrong"
                )


def _joined_elsewhere(history: History) -> set[bytes]:
    """Return the handles that were given at several nodes.

    Such a job runs once more if another node was asked for it before its end was kept.
    """
    nodes: defaultdict[bytes, set[str]] = defaultdict(set)
    for each in history.submissions:
        nodes[each.handle].add(each.node)
    return {handle for handle, places in nodes.items() if len(places) > 1}


def _is_troubled(history: History, time: float) -> bool:
    return any(
        each.began - 1.0 <= time <= each.ended + AFTERMATH
        for each in history.troubles
        if each.is_reason
    )


def _uniques_at_once(history: History) -> Iterator[str]:
    """Of jobs with one unique no two are there at once, unless something was wrong."""
    runs = _by_handle(history)
    by_unique: defaultdict[bytes, list[Submission]] = defaultdict(list)
    for each in history.submissions:
        if each.unique and each.handle:
            by_unique[each.unique].append(each)
    for same in by_unique.values():
        same.sort(key=lambda each: each.sent)
        for before, after in pairwise(same):
            ends = [
                run.started for run in runs.get(before.handle, []) if run.ended < inf
            ]
            is_apart = before.handle == after.handle or not ends
            is_early = (
                before.acknowledged
                < after.sent
                < after.acknowledged
                < max(ends, default=0)
            )
            if not is_apart and is_early and not _is_troubled(history, after.sent):
                yield (
                    f"not coalesced: {before.key!r} and {after.key!r} have the unique"
                    f" {before.unique!r}, and the handles {before.handle!r} and"
                    f" {after.handle!r}"
                )
