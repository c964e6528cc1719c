"""How much happened in a campaign."""

from __future__ import annotations

from collections import Counter

from proof.torture.history import History
from proof.torture.lives import Life

__all__ = ["totals_of"]


def totals_of(history: History, all_lives: dict[bytes, Life]) -> Counter[str]:
    """Return counts by what is counted."""
    totals: Counter[str] = Counter()
    for submission in history.submissions.values():
        totals["submitted"] += 1
        totals["acknowledged"] += submission.acknowledged > 0
    totals["runs"] = len(history.runs)
    for life in all_lives.values():
        totals["jobs"] += 1
        totals["dead"] += life.dead is not None
        totals["joined"] += max(0, len(life.submissions) - 1)
        kinds = {end.kind for end in life.ends()}
        for kind in kinds:
            totals[kind] += 1
        totals["revived"] += any(True for _ in life.asked_for("dead retry"))
        if not kinds and life.function.setting("ttl", 0.0):
            totals["expired"] += 1
        _count_repeats(life, totals)
    return totals


def _count_repeats(life: Life, totals: Counter[str]) -> None:
    """Count the runs that only a kill explains."""
    for run, following in zip(life.runs, life.runs[1:], strict=False):
        if run.round == following.round:
            continue
        totals["in strict order after a kill"] += life.function.is_fifo
        if run.outcome == "complete":
            totals["done again after a kill"] += 1
        elif not run.sent:
            totals["begun again after a kill"] += 1
