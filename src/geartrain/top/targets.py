"""The jobs that actions are about, as their questions name them."""

from __future__ import annotations

from geartrain.admin import JobRow
from geartrain.texts import shown
from geartrain.top.page import ActionTarget

__all__ = ["handle_of", "named"]


def handle_of(target: ActionTarget[JobRow]) -> str:
    """Return the handle of the one job that an action is about."""
    return target.one.handle


def named(target: ActionTarget[JobRow]) -> str:
    """Return that job as people read it: its handle, and of which function."""
    job = target.one
    return f"{shown(job.handle)} of {shown(job.function)}"
