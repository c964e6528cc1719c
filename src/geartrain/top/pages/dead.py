"""The page of dead letters."""

from __future__ import annotations

from typing import Final

from geartrain.admin import JobRow
from geartrain.cli.columns import AGE, COUNT, NAME, PROSE, TEXT, WORD, Column
from geartrain.cli.details import job_object
from geartrain.cli.listing import RowListing
from geartrain.texts import error_line, shown
from geartrain.top.page import BAD, Action, Page, Story, Value
from geartrain.top.search import asking_by
from geartrain.top.targets import handle_of, named

__all__ = ["DEAD"]

_BULK: Final = frozenset({"function", "reason", "unique", "kind"})


DEAD: Page[JobRow] = Page(
    name="dead",
    title="Dead",
    listing=RowListing(
        columns=(
            Column("HANDLE", lambda row: row.handle, NAME, worth=9),
            Column("FUNCTION", lambda row: row.function, TEXT, worth=8),
            Column("NODE", lambda row: row.node, NAME, worth=4, is_rare=True),
            Column("AGE", lambda row: row.died, AGE, worth=6),
            Column("REASON", lambda row: row.reason, WORD, worth=5),
            Column("FAILED", lambda row: row.attempts, COUNT, worth=2),
            Column("LOST", lambda row: row.crashes, COUNT, worth=1),
            Column("SIZE", lambda row: row.size, COUNT, worth=0),
            Column("UNIQUE", lambda row: row.unique or None, TEXT, worth=1),
            Column(
                "ERROR", lambda row: error_line(row.error or "") or None, PROSE, worth=7
            ),
        ),
        to_json=job_object,
        nothing="there are no dead letters",
        key=lambda row: row.handle,
    ),
    find=lambda admin, ask, given: admin.dead_list(
        order="newest", limit=ask.limit, **given
    ),
    asks=asking_by("reason", "unique", globs=("function",), texts=("kind",)),
    leads_to=lambda row: Story(row.handle),
    tones={"reason": lambda row: BAD},
    detail=lambda row: error_line(row.error or ""),
    actions=(
        Action(
            name="retry",
            key="R",
            label="Retry",
            question=lambda target: f"Run {named(target)} again?",
            act=lambda admin, target: admin.dead_retry(handle_of(target)),
            done="is run again",
        ),
        Action(
            name="drop",
            key="x",
            label="Drop",
            question=lambda target: (
                f"Delete {named(target)}, its workload included? It is gone then."
            ),
            act=lambda admin, target: admin.dead_drop(handle_of(target)),
            done="deleted",
        ),
        Action(
            name="move",
            key="m",
            label="Move",
            value=Value("Let it belong to which function?"),
            question=lambda target: f"Move {named(target)} to {shown(target.value)}?",
            act=lambda admin, target: admin.move(handle_of(target), target.value),
            done="moved",
        ),
        Action(
            name="retry_all",
            key="A",
            label="Retry all found",
            question=lambda target: "Run {count} that match the search again?",
            act=lambda admin, target: admin.dead_retry_all(**target.given),
            count=lambda admin, target: admin.dead_retry_all(
                **target.given, count=True
            ),
            done="run again",
            bulk=_BULK,
            needs_search=False,
        ),
        Action(
            name="drop_all",
            key="X",
            label="Drop all found",
            question=lambda target: (
                "Delete {count} that match the search? They are gone then."
            ),
            act=lambda admin, target: admin.dead_drop_all(**target.given),
            count=lambda admin, target: admin.dead_drop_all(**target.given, count=True),
            done="deleted",
            bulk=_BULK,
            needs_search=False,
        ),
    ),
)
