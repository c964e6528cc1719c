"""The page of recurring jobs."""

from __future__ import annotations

import dataclasses

from geartrain.admin import ScheduleRow
from geartrain.cli.columns import AGE, NAME, TEXT, WORD, Column
from geartrain.cli.listing import RowListing
from geartrain.cli.schedule import outcome
from geartrain.texts import shown
from geartrain.top.page import Action, ActionTarget, Page

__all__ = ["SCHEDULES"]


def _text(target: ActionTarget[ScheduleRow]) -> str:
    """Return the schedule that an action is about, for a question."""
    return f"{shown(target.one.name)} of {shown(target.one.function)}"


SCHEDULES: Page[ScheduleRow] = Page(
    name="schedules",
    title="Recurring",
    listing=RowListing(
        columns=(
            Column("NAME", lambda row: row.name, NAME, worth=9),
            Column("FUNCTION", lambda row: row.function, NAME, worth=8),
            Column("TIMES", lambda row: row.times, WORD, worth=7),
            Column("STATE", lambda row: row.state, WORD, worth=5),
            Column("WHEN", lambda row: row.next, AGE, worth=6),
            Column("LAST", lambda row: row.last and row.last.due, AGE, worth=3),
            Column("OUTCOME", lambda row: outcome(row.last), WORD, worth=4),
            Column("UNIQUE", lambda row: row.unique or None, TEXT, worth=2),
            Column("NODE", lambda row: row.node, NAME, worth=1, is_rare=True),
        ),
        to_json=dataclasses.asdict,
        nothing="there are no recurring jobs",
        key=lambda row: (row.node, row.name),
    ),
    find=lambda admin, ask, given: admin.schedules(),
    actions=(
        Action(
            name="run",
            key="n",
            label="Run now",
            question=lambda target: (
                f"Run the job of {_text(target)} now, beside its times?"
            ),
            act=lambda admin, target: admin.run_schedule(target.one.name),
            done="is run now",
        ),
        Action(
            name="skip",
            key="K",
            label="Skip",
            question=lambda target: f"Leave out the next time of {_text(target)}?",
            act=lambda admin, target: admin.skip_schedule(target.one.name),
            done="has its next time skipped",
        ),
        Action(
            name="pause",
            key="p",
            label="Pause",
            question=lambda target: f"Pause the schedule {_text(target)}?",
            act=lambda admin, target: admin.pause_schedule(target.one.name),
            done="paused",
        ),
        Action(
            name="resume",
            key="u",
            label="Resume",
            question=lambda target: f"Resume the schedule {_text(target)}?",
            act=lambda admin, target: admin.resume_schedule(target.one.name),
            done="resumed",
        ),
        Action(
            name="remove",
            key="x",
            label="Remove",
            question=lambda target: (
                f"End the schedule {_text(target)}? Its jobs that wait stay."
            ),
            act=lambda admin, target: admin.remove_schedule(target.one.name),
            done="removed",
        ),
    ),
)
