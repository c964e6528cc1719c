"""The page of recurring jobs."""

from __future__ import annotations

import dataclasses

from geartrain.admin import ScheduleRow
from geartrain.cli.columns import AGE, MOMENT, NAME, TEXT, WORD, Column
from geartrain.cli.listing import RowListing
from geartrain.texts import shown
from geartrain.top.page import Action, ActionTarget, Page

__all__ = ["SCHEDULES"]


def _text(target: ActionTarget[ScheduleRow]) -> str:
    """Return the schedule that an action is about, for a question."""
    return f"{shown(target.one.handle)} of {shown(target.one.function)}"


SCHEDULES: Page[ScheduleRow] = Page(
    name="schedules",
    title="Recurring",
    listing=RowListing(
        columns=(
            Column("FUNCTION", lambda row: row.function, NAME, worth=9),
            Column("FIELDS", lambda row: row.fields, WORD, worth=8),
            Column("WHEN", lambda row: row.due, AGE, worth=7),
            Column("DUE", lambda row: row.due, MOMENT, worth=1),
            Column("UNIQUE", lambda row: row.unique or None, TEXT, worth=2),
            Column("HANDLE", lambda row: row.handle, TEXT, worth=6),
        ),
        to_json=dataclasses.asdict,
        nothing="there are no recurring jobs",
        key=lambda row: row.handle,
    ),
    find=lambda admin, ask, given: admin.schedules(),
    actions=(
        Action(
            name="cancel",
            key="x",
            label="Cancel",
            question=lambda target: (
                f"End the schedule {_text(target)}? Its jobs that wait stay."
            ),
            act=lambda admin, target: admin.cancel(target.one.handle),
            done="cancelled",
        ),
    ),
)
