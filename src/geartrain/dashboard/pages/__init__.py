"""The pages, in the order of the navigation."""

from __future__ import annotations

from typing import Final

from geartrain.dashboard.page import Page
from geartrain.dashboard.pages import (
    failures,
    job,
    jobs,
    overview,
    schedules,
    try_it,
)

__all__ = ["PAGES"]

PAGES: Final[tuple[Page, ...]] = (
    overview.PAGE,
    jobs.PAGE,
    job.PAGE,
    failures.PAGE,
    schedules.PAGE,
    try_it.PAGE,
)
"""All of them. A page is one entry here, and a template of its name."""
