"""Time lines: the story of a job as moments, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from geartrain.dashboard.shown import duration, plural

__all__ = ["Moment", "timeline", "worker_of"]

Row = Mapping[str, Any]

# Seconds from which on a pause is worth a line.
_PAUSE: Final = 0.5

_FAILED: Final[Mapping[str, str]] = {
    "fail": "failed",
    "exception": "failed",
    "retry": "failed, and asked for another",
    "timeout": "took too long and was ended",
    "crash": "lost its worker",
}
"""Ways in which an attempt fails, and how that is said."""

_ENDS: Final[Mapping[str, tuple[str, str]]] = {
    "failed": ("Failed for good", "failed"),
    "expired": ("Expired: it waited longer than its time to live", "failed"),
    "cancelled": ("Cancelled", "plain"),
    "abandoned": ("Given up: nobody waited for it any more", "plain"),
    "dropped": ("Dropped: newer jobs took its place, or somebody dropped it", "failed"),
}
"""Ends that are no attempt's, and how they look."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One moment of a story.

    Attributes:
        text: a sentence about it.
        kind: ``succeeded``, ``running``, ``waiting``, ``failed`` or ``plain``.
        time: when it was, in seconds since 1970; None if that is not known.
        strong: the beginning of the sentence, which stands out.
        worker: the client id and the address of the worker; empty for none.
        error: what the worker said.
    """

    text: str
    kind: str
    time: float | None = None
    strong: str = ""
    worker: tuple[str, str] = ("", "")
    error: str = ""


def worker_of(text: str | None) -> tuple[str, str]:
    """Return the client id and the address of a worker.

    >>> worker_of("reports-2 10.0.0.12"), worker_of("- ::1"), worker_of(None)
    (('reports-2', '10.0.0.12'), ('', '::1'), ('', ''))
    """
    name, _, address = (text or "").rpartition(" ")
    return ("" if name == "-" else name, address)


def timeline(row: Row, why: Row, now: float) -> list[Moment]:
    """Return the moments of a job's story.

    Args:
        row: the row of ``job``.
        why: the row of ``why``.
        now: the time, in seconds since 1970.
    """
    return [*_submission(row), *_attempts(row, now), *_present(row, why, now)]


def _submission(row: Row) -> Iterator[Moment]:
    how = "in the background" if row["background"] else "by a client that waits for it"
    yield Moment(
        strong="Submitted",
        text=f"{how}, with {row['priority']} priority",
        kind="plain",
        time=row["submitted"],
    )


def _attempts(row: Row, now: float) -> Iterator[Moment]:
    story = row.get("story") or []
    failed = sum(each["outcome"] in _FAILED for each in story)
    left_out = max(row["attempts"] + row["crashes"] - failed, 0)
    before, number = row["submitted"], 0
    for place, each in enumerate(story):
        if left_out and place == len(story) // 2:
            number += left_out
            text = f"{plural(left_out, 'more attempt')} that failed"
            yield Moment(text=text, kind="failed")
            before = None
        number += 1
        yield from _pause(before, each["started"], number)
        yield _attempt(each, number, now)
        before = each["ended"]


def _pause(before: float | None, after: float | None, number: int) -> Iterator[Moment]:
    if before is None or after is None or after - before < _PAUSE:
        return
    end = "before the next attempt" if number > 1 else "to be run"
    text = f"{duration(after - before)} {end}"
    yield Moment(strong="Waited", text=text, kind="waiting", time=before)


def _attempt(each: Row, number: int, now: float) -> Moment:
    outcome, started, ended = each["outcome"], each["started"], each["ended"]
    took = None if started is None else (ended or now) - started
    time = "" if took is None else f" {_after(outcome)} {duration(max(took, 0.0))}"
    said = _FAILED.get(outcome, _SAID.get(outcome, outcome))
    return Moment(
        strong=f"Attempt {number}",
        text=f"{said}{time}",
        kind=_KINDS.get(outcome, "failed" if outcome in _FAILED else "plain"),
        time=started,
        worker=worker_of(each["worker"]),
        error=each["error"] or "",
    )


_SAID: Final = {"release": "was handed back"}
_KINDS: Final = {
    "succeeded": "succeeded",
    "running": "running",
    "release": "waiting",
    "failed": "failed",
    "dead": "failed",
}


def _after(outcome: str) -> str:
    return {"running": "for", "succeeded": "in"}.get(outcome, "after")


def _present(row: Row, why: Row, now: float) -> Iterator[Moment]:
    """Give how it is now, or how it ended."""
    status = row["status"]
    if status in ("waiting", "delayed", "retrying", "blocked"):
        yield Moment(strong="Now", text=why["why"], kind="waiting", time=now)
    elif status == "dead":
        text = "a dead letter: it is kept until it is run again or deleted"
        when = row["died"]
        if "ended" in row:
            text, when = "a dead letter, which has been deleted since", row["ended"]
        yield Moment(strong="Became", text=text, kind="failed", time=when)
    elif status in _ENDS:
        text, kind = _ENDS[status]
        yield Moment(strong=text, text="", kind=kind, time=row.get("ended"))
