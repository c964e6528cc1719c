"""The page of jobs that wait or run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from geartrain.admin import Admin, JobRow
from geartrain.cli.columns import AGE, COUNT, NAME, TEXT, WORD, WORKER, Column
from geartrain.cli.details import job_object
from geartrain.cli.listing import Ask, RowListing
from geartrain.cli.times import quantity
from geartrain.errors import RefusedError
from geartrain.texts import shown
from geartrain.top.page import (
    BAD,
    DIM,
    STATUS_TONES,
    Action,
    Page,
    Story,
    Value,
)
from geartrain.top.search import asking_by
from geartrain.top.targets import handle_of, named

__all__ = ["JOBS"]

_BULK: Final = frozenset({"function", "state", "unique", "older", "newer"})
_AGE: Final = re.compile(r"age\s*([<>])(.+)", re.I)
_BY_NAME: Final = asking_by("state", "unique", globs=("function",))
_PRIORITIES: Final = ("high", "normal", "low")
_UNKNOWN: Final = "-"


def _find(admin: Admin, ask: Ask, given: Mapping[str, Any]) -> Iterable[JobRow]:
    try:
        yield from admin.jobs(limit=ask.limit, **given)
    except RefusedError as refusal:
        # By the words of a search gearmand cannot be asked.
        if given or not refusal.code.startswith("UNKNOWN_"):
            raise
        yield from _bare(admin)


def _asks(condition: str) -> tuple[str, Any] | None:
    """Return how the job server is asked for a condition, ages included."""
    age = _AGE.fullmatch(condition)
    if age is None:
        return _BY_NAME(condition)
    try:
        seconds = quantity(age[2].strip())
    except ValueError:
        # The one who reads what is left to be searched here says what is wrong.
        return None
    return ("older" if age[1] == ">" else "newer", seconds)


def _bare(admin: Admin) -> Iterable[JobRow]:
    """Yield the handles of gearmand's jobs, which is all that it tells of them."""
    for line in admin.command("show jobs"):
        handle, losses, _, is_background = line.split("\t")
        yield JobRow(
            handle=handle,
            function=_UNKNOWN,
            unique="",
            priority=_UNKNOWN,
            state=_UNKNOWN,
            background=is_background == "1",
            submitted=None,
            due=None,
            started=None,
            died=None,
            worker=None,
            attempts=0,
            crashes=int(losses),
            reason=None,
            error=None,
            size=0,
        )


def _when(row: JobRow) -> float | None:
    """Return when a running job was started, or a scheduled one is due."""
    return {"running": row.started, "scheduled": row.due}.get(row.state)


def _is_waiting(row: JobRow) -> bool:
    return row.state not in ("running", _UNKNOWN)


JOBS: Page[JobRow] = Page(
    name="jobs",
    title="Jobs",
    listing=RowListing(
        columns=(
            Column("HANDLE", lambda row: row.handle, NAME, worth=9),
            Column("FUNCTION", lambda row: row.function, TEXT, worth=8),
            Column("NODE", lambda row: row.node, NAME, worth=4, is_rare=True),
            Column("STATE", lambda row: row.state, WORD, worth=7),
            Column("AGE", lambda row: row.submitted, AGE, worth=6),
            Column("WHEN", _when, AGE, worth=5),
            Column("PRIORITY", lambda row: row.priority, WORD, worth=2),
            Column("FAILED", lambda row: row.attempts + row.crashes, COUNT, worth=4),
            Column("SIZE", lambda row: row.size, COUNT, worth=1),
            Column("UNIQUE", lambda row: row.unique or None, TEXT, worth=3),
            Column("WORKER", lambda row: row.worker, WORKER, worth=3),
        ),
        to_json=job_object,
        nothing="no jobs wait or run",
        key=lambda row: row.handle,
    ),
    find=_find,
    asks=_asks,
    leads_to=lambda row: Story(row.handle),
    tones={
        "state": lambda row: STATUS_TONES.get(row.status or row.state, ""),
        "failed": lambda row: BAD if row.attempts + row.crashes else DIM,
    },
    actions=(
        Action(
            name="cancel",
            key="x",
            label="Cancel",
            question=lambda target: f"Cancel {named(target)}? It is gone then.",
            act=lambda admin, target: admin.cancel(handle_of(target)),
            done="cancelled",
        ),
        Action(
            name="run",
            key="n",
            label="Run now",
            question=lambda target: f"Let {named(target)} wait no longer?",
            act=lambda admin, target: admin.run(handle_of(target)),
            done="due now",
            is_possible=lambda row: row.state == "scheduled",
        ),
        Action(
            name="priority",
            key="plus",
            label="Priority",
            value=Value("Which priority?", _PRIORITIES),
            question=lambda target: f"Give {named(target)} {target.value} priority?",
            act=lambda admin, target: admin.prioritize(handle_of(target), target.value),
            done="changed",
            is_possible=_is_waiting,
        ),
        Action(
            name="move",
            key="m",
            label="Move",
            value=Value("Move it to which function?"),
            question=lambda target: f"Move {named(target)} to {shown(target.value)}?",
            act=lambda admin, target: admin.move(handle_of(target), target.value),
            done="moved",
            is_possible=_is_waiting,
        ),
        Action(
            name="cancel_all",
            key="X",
            label="Cancel all found",
            question=lambda target: (
                "Cancel {count} that match the search? They are gone then."
            ),
            act=lambda admin, target: admin.cancel_all(**target.given),
            count=lambda admin, target: admin.cancel_all(**target.given, count=True),
            done="cancelled",
            bulk=_BULK,
        ),
        Action(
            name="priority_all",
            key="P",
            label="Priority of all found",
            value=Value("Which priority for all that are found?", _PRIORITIES),
            question=lambda target: (
                f"Give up to {{count}} that match the search {target.value} priority?"
            ),
            act=lambda admin, target: admin.prioritize_all(
                target.value, **target.given
            ),
            count=lambda admin, target: admin.prioritize_all(
                target.value, **target.given, count=True
            ),
            done="changed",
            bulk=_BULK,
        ),
        Action(
            name="move_all",
            key="M",
            label="Move all found",
            value=Value("Move all that are found to which function?"),
            question=lambda target: (
                f"Move {{count}} that match the search to {shown(target.value)}?"
            ),
            act=lambda admin, target: admin.move_all(target.value, **target.given),
            count=lambda admin, target: admin.move_all(
                target.value, **target.given, count=True
            ),
            done="moved",
            bulk=_BULK,
        ),
    ),
)
