"""The page of problems: what is wrong now, and what mends it."""

from __future__ import annotations

from geartrain.admin import ProblemRow
from geartrain.cli.problems import PROBLEMS_LISTING
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
    listing=PROBLEMS_LISTING,
    find=lambda admin, ask, given: admin.problems(ask.limit),
    leads_to=mended_at,
    detail=lambda row: f"{row.told}: {row.remedy}",
    tones={"problem": lambda row: BAD},
)
