"""Rows: schedules as JSON objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from geartrain.engine.commands.rows import (
    header_values,
    priority_name,
    text,
    with_data,
)
from geartrain.engine.jobs.recurring import date_of
from geartrain.engine.model.schedules import Run, Schedule
from geartrain.engine.state.state import State

__all__ = ["schedule_row", "schedule_values", "whole_schedule"]


def schedule_values(schedule: Schedule) -> dict[str, object]:
    """Return what ``upcoming`` tells of a schedule."""
    return {
        "handle": text(schedule.handle),
        "function": text(schedule.function.name),
        "unique": text(schedule.unique),
        "fields": schedule.times_text(),
        "last": schedule.ran or None,
        "size": _size(schedule),
        "headers": header_values(schedule.headers),
        "lost": schedule.is_lost,
    }


def _size(schedule: Schedule) -> int:
    return len(schedule.workload) + sum([len(piece) for piece in schedule.more])


def schedule_row(state: State, schedule: Schedule) -> dict[str, object]:
    """Return what ``schedule list`` tells of one: no workload, and the last run."""
    due = schedule.due
    return {
        "name": text(schedule.handle),
        "source": _source(schedule),
        "state": _state(schedule),
        "function": text(schedule.function.name),
        "unique": text(schedule.unique),
        "priority": priority_name(schedule.priority),
        "cron": schedule.cron or None,
        "every": schedule.every or None,
        "timezone": schedule.timezone or None,
        "jitter": schedule.jitter,
        "until": schedule.until or None,
        "missed": schedule.missed,
        "overlap": schedule.overlap,
        "paused": schedule.is_paused,
        "changed": sorted(schedule.changed) if schedule.given is not None else [],
        "times": schedule.times_text(),
        "next": None if not due or schedule.is_lost else date_of(state, schedule, due),
        "last": _run(state, schedule.runs[-1]) if schedule.runs else None,
        "failed": schedule.has_failed(),
        "counts": schedule.counts,
        "size": _size(schedule),
        "headers": header_values(schedule.headers),
        "options": schedule.asked or None,
    }


def whole_schedule(state: State, schedule: Schedule) -> Iterator[bytes]:
    """Give all of a schedule: its workload, and its last runs, the latest first."""
    values = schedule_row(state, schedule)
    values["runs"] = [_run(state, run) for run in reversed(schedule.runs)]
    pieces = [schedule.workload, *schedule.more]
    yield from with_data(state, values, "workload", pieces)


def _source(schedule: Schedule) -> str:
    if schedule.is_clients():
        return "client"
    return "runtime" if schedule.given is None else "file"


def _state(schedule: Schedule) -> str:
    """Return what a schedule does, in a word."""
    if schedule.is_paused:
        return "paused"
    if schedule.is_lost:
        return "lost"
    if schedule.held.due:
        return "held"
    # One whose next time is yet to be found waits, too.
    return "waiting" if schedule.timer or not schedule.until else "ended"


def _run(state: State, run: Run) -> dict[str, Any]:
    return {
        "due": run.due,
        "handle": text(state.handle(run.number)) if run.number else None,
        "outcome": run.outcome or None,
        "ended": run.ended or None,
    }
