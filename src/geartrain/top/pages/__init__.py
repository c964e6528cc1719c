"""The pages of ``geartrain top``, in the order of their keys."""

from __future__ import annotations

from typing import Any

from geartrain.top.page import Action, AnyPage
from geartrain.top.pages.actions import ACTIONS
from geartrain.top.pages.dead import DEAD
from geartrain.top.pages.failures import FAILURES
from geartrain.top.pages.functions import FUNCTIONS
from geartrain.top.pages.history import HISTORY
from geartrain.top.pages.jobs import JOBS
from geartrain.top.pages.problems import PROBLEMS
from geartrain.top.pages.schedules import SCHEDULES
from geartrain.top.pages.workers import WORKERS

__all__ = ["PAGES", "action_named", "page_named"]

PAGES: tuple[AnyPage, ...] = (
    FUNCTIONS,
    JOBS,
    WORKERS,
    FAILURES,
    DEAD,
    HISTORY,
    SCHEDULES,
    ACTIONS,
    PROBLEMS,
)
"""Each by its digit: the first is shown at the start."""


def page_named(name: str) -> AnyPage:
    """Return the page with a name."""
    return next(page for page in PAGES if page.name == name)


def action_named(page: AnyPage, name: str) -> Action[Any]:
    """Return the action of a page with a name."""
    return next(action for action in page.actions if action.name == name)
