"""Recurring jobs: submitted at their times, whatever the system's clock does.

A schedule waits for one time, its next. When the clock is set, by more than a
correction, the next time of each is found anew: what the step went over is left out,
and what it went back to comes again. A calendar that fails, or names a time that has
passed, costs its schedule an hour and a warning, never the job server a turn.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.jobs.submissions import (
    admit,
    coalescing_key,
    joinable,
    refusal,
    start,
)
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.schedules import CALENDAR, Schedule
from geartrain.engine.records import ScheduleRecord
from geartrain.engine.state import functions
from geartrain.engine.state.memory import schedule_cost
from geartrain.engine.state.state import State
from geartrain.protocol.constants import Priority
from geartrain.texts import quoted, shown

__all__ = [
    "add_schedule",
    "end_schedule",
    "is_stepped",
    "keep_schedule",
    "next_time",
    "reckon_some",
    "restore_schedule",
    "ring_schedule",
    "run_schedule",
    "set_schedule",
    "skip_time",
]

# A clock that is set by no more seconds than this is corrected: no time is left out
# for that, and none comes twice. Cron's times are minutes.
_CORRECTION: Final = 60.0
# Schedules whose next times are found in one turn after a step: a few milliseconds.
_MOST_RECKONED: Final = 25
# Seconds until a calendar that failed is asked again.
_PAUSE: Final = 3600.0


def add_schedule(state: State, schedule: Schedule) -> None:
    """Take a schedule that is new."""
    state.schedules[schedule.handle] = schedule
    schedule.function.recurring[schedule.identity()] = schedule
    state.memory.jobs += schedule_cost(schedule)


def keep_schedule(state: State, schedule: Schedule) -> None:
    """Record a schedule in the store, if there is a store that keeps jobs."""
    if not state.journal.keeps_jobs:
        return
    record = ScheduleRecord(schedule.number, schedule.handle, schedule.function.name)
    record.unique = schedule.unique
    record.fields = schedule.fields
    record.headers = schedule.headers
    record.workload = b"".join([schedule.workload, *schedule.more])
    state.journal.keep_schedule(record)


def end_schedule(state: State, schedule: Schedule) -> None:
    """End a schedule; the jobs it has submitted stay."""
    del state.schedules[schedule.handle]
    del schedule.function.recurring[schedule.identity()]
    state.memory.jobs -= schedule_cost(schedule)
    functions.retire(state, schedule.function)
    state.calendar_alarms.cancel(schedule)
    if state.journal.keeps_jobs:
        state.journal.end_schedule(schedule.number)


def restore_schedule(state: State, record: ScheduleRecord) -> None:
    """Take back a schedule that was kept by a store.

    Times that passed while there was no job server do not count.
    """
    schedule = Schedule(
        record.number,
        record.handle,
        functions.find(state, record.function),
        record.unique,
    )
    schedule.key = coalescing_key(record.unique, record.workload, [])
    schedule.workload = record.workload
    schedule.fields = record.fields
    schedule.headers = record.headers
    add_schedule(state, schedule)
    _arm(state, schedule)


def ring_schedule(state: State, schedule: Schedule) -> None:
    """React to the alarm of a schedule: its time has come, or a step went over it.

    Times that passed while the job server could not run, or its machine slept, count
    once.
    """
    passed = state.wall_time() - schedule.due
    is_expected = passed <= _CORRECTION or not _differs(state, schedule.shift)
    if is_expected and not schedule.is_lost:
        refused = _submit(state, schedule)
        if refused:
            state.warn(
                "schedule_skipped",
                f"{shown(schedule.handle)} of {quoted(schedule.function.name)}: its job"
                f" is left out this time: {refused.decode()}",
            )
        schedule.ran = schedule.due
    _arm(state, schedule)


def run_schedule(state: State, schedule: Schedule) -> bytes:
    """Submit a schedule's job now, beside its times; return why not, if refused."""
    refused = _submit(state, schedule)
    if not refused:
        schedule.ran = state.wall_time()
    return refused


def skip_time(state: State, schedule: Schedule) -> str:
    """Leave out a schedule's next time; return what its calendar says against it."""
    due, fault = next_time(state, schedule.fields, schedule.due)
    if not fault:
        state.calendar_alarms.cancel(schedule)
        set_schedule(state, schedule, due)
    return fault


def is_stepped(state: State) -> bool:
    """Tell whether next times are to be found anew, because the clock was set."""
    return bool(state.unreckoned) or _differs(state, state.reckoned_shift)


def reckon_some(state: State) -> None:
    """Find the next times of some schedules anew, if the clock was set."""
    if _differs(state, state.reckoned_shift):
        state.reckoned_shift = state.calendar_shift()
        state.unreckoned = list(state.schedules.values())
    for _ in range(min(_MOST_RECKONED, len(state.unreckoned))):
        schedule = state.unreckoned.pop()
        state.turns.work += CALENDAR
        if schedule.timer and _differs(state, schedule.shift):
            state.calendar_alarms.cancel(schedule)
            if 0 <= state.wall_time() - schedule.due <= _CORRECTION:
                ring_schedule(state, schedule)
            else:
                _arm(state, schedule)


def _differs(state: State, shift: float) -> bool:
    """Tell whether the clock was set, and by more than a correction, since then."""
    return abs(state.calendar_shift() - shift) > _CORRECTION


def _submit(state: State, schedule: Schedule) -> bytes:
    """Submit a schedule's job; return why not, if it is refused.

    It joins the one of the time before if that is there.
    """
    submitted = Job(
        schedule.function,
        schedule.unique,
        schedule.workload,
        schedule.more,
        int(Priority.NORMAL),
    )
    submitted.headers = schedule.headers
    key = schedule.key
    joined = joinable(schedule.function, key, submitted)
    job = admit(state, submitted, key, joined, True)
    if job is None:
        return refusal(state, submitted)
    start(state, job)
    return b""


def _arm(state: State, schedule: Schedule) -> None:
    """Find a schedule's next time, and set its alarm."""
    wall_time = state.wall_time()
    after = wall_time
    if wall_time < schedule.ran <= wall_time + _CORRECTION:
        # A correction of the clock must not have a time come twice.
        after = schedule.ran
    due, fault = next_time(state, schedule.fields, after)
    if fault:
        due = wall_time + _PAUSE
        state.warn(
            "schedule_lost",
            f"{shown(schedule.handle)} of {quoted(schedule.function.name)} cannot be "
            f"run, and is looked at again in an hour: {fault}",
        )
    set_schedule(state, schedule, due)
    schedule.is_lost = bool(fault)


def set_schedule(state: State, schedule: Schedule, due: float) -> None:
    """Set the time of a schedule whose alarm is not set."""
    schedule.due = due
    schedule.shift = state.calendar_shift()
    schedule.is_lost = False
    state.calendar_alarms.set(schedule, due)


def next_time(state: State, fields: list[bytes], after: float) -> tuple[float, str]:
    """Return the calendar's next time, or else why there is none."""
    try:
        due = state.calendar(fields, after)
    except Exception as error:
        return 0.0, str(error) or type(error).__name__
    if after < due < float("inf"):
        return due, ""
    return 0.0, f"its calendar names {due!r} as the next time after {after!r}"
