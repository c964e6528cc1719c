"""The page of problems: what is wrong now, and what mends it."""

from __future__ import annotations

import dataclasses

from geartrain.admin import ProblemRow
from geartrain.cli.columns import AGE, NAME, PROSE, TEXT, Column
from geartrain.cli.listing import RowListing
from geartrain.top.page import BAD, Page, Visit
from geartrain.top.search import equal

__all__ = ["PROBLEMS", "mended_at"]

# Where an operator finds the jobs that a problem is about.
_PAGES = {"dead_letters": "failures", "no_worker": "functions"}


def mended_at(row: ProblemRow) -> Visit | None:
    """Return the page with what a problem is about; None for the server itself."""
    if row.function is None:
        return None
    page = _PAGES.get(row.problem, "jobs")
    return Visit(page, equal("function", row.function))


PROBLEMS: Page[ProblemRow] = Page(
    name="problems",
    title="Problems",
    listing=RowListing(
        columns=(
            Column("PROBLEM", lambda row: row.problem.replace("_", " "), NAME, worth=9),
            Column("SINCE", lambda row: row.since, AGE, worth=7),
            Column("FUNCTION", lambda row: row.function, TEXT, worth=2),
            Column("WHAT IS WRONG", lambda row: row.text, PROSE, worth=8),
            Column("WHAT MENDS IT", lambda row: row.remedy, PROSE, worth=6),
        ),
        to_json=dataclasses.asdict,
        nothing="nothing is wrong",
        key=lambda row: (row.problem, row.function),
    ),
    find=lambda admin, ask, given: admin.problems(ask.limit),
    leads_to=mended_at,
    detail=lambda row: f"{row.text}: {row.remedy}",
    tones={"problem": lambda row: BAD},
)
