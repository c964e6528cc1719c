"""All pages of the dashboard, in the order of the navigation."""

from __future__ import annotations

from typing import Final

from geartrain.dashboard.page import Page
from geartrain.dashboard.pages import (
    batch,
    batches,
    cluster,
    failures,
    function,
    functions,
    job,
    jobs,
    keys,
    overview,
    schedule,
    schedules,
    settings,
    try_it,
    workers,
)

__all__ = ["PAGES"]

PAGES: Final[tuple[Page, ...]] = (
    overview.PAGE,
    functions.PAGE,
    function.PAGE,
    keys.PAGE,
    jobs.PAGE,
    job.PAGE,
    workers.PAGE,
    cluster.PAGE,
    failures.PAGE,
    schedules.PAGE,
    schedule.PAGE,
    batches.PAGE,
    batch.PAGE,
    try_it.PAGE,
    settings.PAGE,
)
"""All of them. A page is one entry here, and a template of its name."""
