"""The page of jobs that have ended."""

from __future__ import annotations

from typing import Final

from geartrain.admin import JobRow
from geartrain.cli.columns import (
    AGE,
    COUNT,
    NAME,
    PROSE,
    SECONDS,
    TEXT,
    WORD,
    WORKER,
    Column,
)
from geartrain.cli.details import job_object
from geartrain.cli.listing import RowListing
from geartrain.texts import error_line
from geartrain.top.page import BAD, DIM, GOOD, WARN, Page, Story
from geartrain.top.search import asking_by

__all__ = ["HISTORY"]

_TONES: Final = {
    "succeeded": GOOD,
    "dead": BAD,
    "failed": BAD,
    "expired": WARN,
    "cancelled": DIM,
    "abandoned": WARN,
}


def _ran(row: JobRow) -> float | None:
    """Return how long the last attempt ran."""
    if not row.story:
        return None
    last = row.story[-1]
    if last.started is None or last.ended is None:
        return None
    return max(last.ended - last.started, 0.0)


HISTORY: Page[JobRow] = Page(
    name="history",
    title="History",
    listing=RowListing(
        columns=(
            Column("HANDLE", lambda row: row.handle, NAME, worth=9),
            Column("FUNCTION", lambda row: row.function, TEXT, worth=8),
            Column("NODE", lambda row: row.node, NAME, worth=4, is_rare=True),
            Column("STATE", lambda row: row.status, WORD, worth=7),
            Column("ENDED", lambda row: row.ended, AGE, worth=6),
            Column("RAN", _ran, SECONDS, worth=5),
            Column("FAILED", lambda row: row.attempts + row.crashes, COUNT, worth=3),
            Column("UNIQUE", lambda row: row.unique or None, TEXT, worth=1),
            Column("WORKER", lambda row: row.worker, WORKER, worth=2),
            Column(
                "ERROR", lambda row: error_line(row.error or "") or None, PROSE, worth=4
            ),
        ),
        to_json=job_object,
        nothing="the job server remembers no job that has ended",
        key=lambda row: (row.handle, row.ended),
    ),
    find=lambda admin, ask, given: admin.history(limit=ask.limit, **given),
    asks=asking_by("state", "unique", globs=("function",), texts=("kind",)),
    leads_to=lambda row: Story(row.handle),
    detail=lambda row: error_line(row.error or ""),
    tones={
        "state": lambda row: _TONES.get(row.status, ""),
        "failed": lambda row: BAD if row.attempts + row.crashes else DIM,
    },
)
