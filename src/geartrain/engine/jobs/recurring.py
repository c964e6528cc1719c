"""Recurring jobs: submitted at their times, whatever the system's clock does.

A schedule waits for one time, its next. ``cron`` names times of the calendar: when the
clock is set, by more than a correction, the next time of each is found anew: what the
step went over is left out, and what it went back to comes again. ``every`` counts
server time, which no step moves. A calendar that fails, or names a time that has
passed, costs its schedule an hour and a warning, never the job server a turn.

A time's job and the schedule's step to the next time are in one batch of the store:
after a crash the time has come, once, or it comes then. Times that passed while the job
server could not run are what ``missed`` says.
"""

from __future__ import annotations

import math
from typing import Final

from geartrain.engine.jobs import addressing
from geartrain.engine.jobs.placing import delay
from geartrain.engine.jobs.submissions import (
    admit,
    joinable,
    refusal,
    start,
    take_options,
)
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.schedules import CALENDAR, Held, Schedule
from geartrain.engine.model.submission_options import SubmissionOptions
from geartrain.engine.state import runs
from geartrain.engine.state.state import State
from geartrain.engine.timers import Timers
from geartrain.errors import PacketError
from geartrain.texts import quoted, shown

__all__ = [
    "CORRECTION",
    "MOST_MISSED",
    "arm",
    "begin",
    "date_of",
    "disarm",
    "fire",
    "is_stepped",
    "next_time",
    "reckon_some",
    "ring",
    "run_schedule",
    "skip_time",
]

# A clock that is set by no more seconds than this is corrected: no time is left out
# for that, and none comes twice. Cron's times are minutes. A time that is later than
# this, or after which another has passed, was missed.
CORRECTION: Final = 60.0
# Schedules whose next times are found in one turn after a step: a few milliseconds.
_MOST_RECKONED: Final = 25
# Seconds until a calendar that failed is asked again.
_PAUSE: Final = 3600.0
# Times that ``missed = "all"`` makes up for.
MOST_MISSED: Final = 100


def ring(state: State, due: Schedule | Held) -> None:
    """React to the alarm of a schedule, or of its time that waited."""
    if isinstance(due, Held):
        _ring_held(state, due)
    else:
        _ring(state, due)


def _ring(state: State, schedule: Schedule) -> None:
    """React to the alarm of a schedule: its time has come, or a step went over it."""
    late = state.time_by(schedule.is_steady()) - schedule.rings_at()
    is_expected = late <= CORRECTION or not _is_moved(state, schedule)
    if schedule.is_lost or not is_expected:
        arm(state, schedule)
        return
    due = date_of(state, schedule, schedule.due)
    following, fault = _following(state, schedule)
    is_missed = late > CORRECTION or schedule.behind > 0
    if runs.is_elsewhere(state, schedule):
        # All that share the store have it: the one that leads submits its job.
        pass
    elif is_missed and schedule.missed == "skip":
        runs.note(state, schedule, due, 0, "missed")
    else:
        fire(state, schedule, due)
    if fault:
        _lose(state, schedule, fault)
    else:
        _set(state, schedule, following)


def _following(state: State, schedule: Schedule) -> tuple[float, str]:
    """Return the time after the one that has come, or else why there is none.

    What has passed meanwhile is left out, but for ``missed = "all"``.
    """
    found, fault = next_time(state, schedule, schedule.due)
    now = state.time_by(schedule.is_steady())
    behind, schedule.behind = schedule.behind, 0
    if fault or not found or _put_off(schedule, found) > now:
        return found, fault
    if schedule.missed == "all":
        if behind < MOST_MISSED - 1:
            schedule.behind = behind + 1
            return found, ""
        state.warn(
            "schedule_missed",
            f"{_name(schedule)}: {MOST_MISSED} times that had passed were made up"
            " for, which is the most: the others are left out",
        )
    return next_time(state, schedule, now)


def _put_off(schedule: Schedule, due: float) -> float:
    """Return when a time would ring."""
    before, schedule.due = schedule.due, due
    rings_at = schedule.rings_at()
    schedule.due = before
    return rings_at


def fire(
    state: State, schedule: Schedule, due: float, *, is_asked: bool = False
) -> bytes:
    """Submit a schedule's job for a time; return why not, if it is refused.

    ``is_asked`` says that it is none of its times: an operator asks for it.
    """
    if schedule.overlap != "allow" and schedule.outstanding():
        runs.look_again(state, schedule)
        if schedule.overlap == "wait" and not schedule.held.due:
            schedule.held.due = due
            _wait(state, schedule.held)
            return b""
        runs.note(state, schedule, due, 0, "overlapped")
        return b"the job of the time before has not ended"
    number, refused = _submit(state, schedule)
    outcome = "refused" if refused else ""
    runs.note(state, schedule, due, number, outcome, is_asked=is_asked)
    if refused:
        state.warn(
            "schedule_skipped",
            f"{_name(schedule)}: its job is left out this time: {refused.decode()}",
        )
    else:
        schedule.ran = due
    return refused


def _wait(state: State, held: Held) -> None:
    """Look from time to time whether a job has ended that another job server has."""
    if runs.has_foreign(state, held.schedule):
        state.alarms.set(held, state.server_time() + runs.LOOK_EVERY)


def _ring_held(state: State, held: Held) -> None:
    """Submit the job of a time that waited for the one before, which has ended."""
    schedule = held.schedule
    if schedule.overlap != "allow" and schedule.outstanding():
        runs.look_again(state, schedule)
        _wait(state, held)
        return
    due, held.due = held.due, 0.0
    fire(state, schedule, due)
    runs.keep(state, schedule)


def run_schedule(state: State, schedule: Schedule) -> bytes:
    """Submit a schedule's job now, beside its times; return why not, if refused."""
    refused = fire(state, schedule, state.wall_time(), is_asked=True)
    runs.keep(state, schedule)
    return refused


def skip_time(state: State, schedule: Schedule) -> str:
    """Leave out a schedule's next time; return what its calendar says against it."""
    if not schedule.due:
        return "it has no next time"
    due, fault = next_time(state, schedule, schedule.due)
    if not fault:
        skipped = date_of(state, schedule, schedule.due)
        disarm(state, schedule)
        runs.note(state, schedule, skipped, 0, "skipped")
        _set(state, schedule, due)
    return fault


def _submit(state: State, schedule: Schedule) -> tuple[int, bytes]:
    """Submit a schedule's job; return its number, or why it is refused.

    It joins another with its unique that is there.
    """
    submitted = Job(
        schedule.function,
        schedule.unique,
        schedule.workload,
        schedule.more,
        schedule.priority,
    )
    submitted.headers = schedule.headers
    submitted.owner = schedule.owner
    options = schedule.options
    if options is not None:
        take_options(state, submitted, options)
    try:
        job = _take(state, submitted, schedule.key, options)
    except PacketError as error:
        return 0, error.text
    return (0, refusal(state, submitted)) if job is None else (job.number, b"")


def _take(
    state: State, submitted: Job, key: bytes, options: SubmissionOptions | None
) -> Job | None:
    """Take a schedule's job, or make one for each; None if there is no room.

    Raises:
        PacketError: nobody is there whom it is for.
    """
    if options is not None and options.to:
        if addressing.is_broadcast(options):
            return addressing.broadcast(state, submitted, options, background=True)
        addressing.address(state, submitted, options)
        key = addressing.key_within(submitted, key)
    if options is None or not options.has_time():
        delay(state, submitted)
    joined = joinable(submitted.function, key, submitted)
    job = admit(state, submitted, key, joined, True)
    if job is not None:
        start(state, job)
    return job


def begin(state: State, schedule: Schedule, *, is_due_known: bool) -> None:
    """Go on with a schedule of an earlier life, or begin with one of the file.

    Its next time is found in the turns to come, unless it is known.
    """
    held = schedule.held
    if held.due and not schedule.outstanding():
        state.alarms.set(held, state.server_time())
    elif held.due:
        _wait(state, held)
    if schedule.owed.times:
        state.alarms.set(schedule.owed, state.server_time())
    is_moved = _is_moved(state, schedule)
    if is_due_known and schedule.due and not (is_moved or schedule.is_paused):
        _alarms(state, schedule).set(schedule, schedule.rings_at())
    else:
        state.unreckoned.append(schedule)


def arm(state: State, schedule: Schedule) -> None:
    """Find a schedule's next time from now on, and set its alarm."""
    if schedule.is_paused:
        _set(state, schedule, 0.0)
        return
    after = state.time_by(schedule.is_steady())
    if not schedule.is_steady() and after < schedule.ran <= after + CORRECTION:
        # A correction of the clock must not have a time come twice.
        after = schedule.ran
    due, fault = next_time(state, schedule, after)
    if fault:
        _lose(state, schedule, fault)
    else:
        _set(state, schedule, due)


def disarm(state: State, schedule: Schedule) -> None:
    """Take a schedule's alarm from it, if it has one."""
    _alarms(state, schedule).cancel(schedule)


def _lose(state: State, schedule: Schedule, fault: str) -> None:
    """Ask a calendar that failed again in an hour."""
    state.warn(
        "schedule_lost",
        f"{_name(schedule)} cannot be run, and is looked at again in an hour: {fault}",
    )
    _set(state, schedule, state.time_by(schedule.is_steady()) + _PAUSE)
    schedule.is_lost = True


def _set(state: State, schedule: Schedule, due: float) -> None:
    """Set the next time of a schedule whose alarm is not set; 0 is for none."""
    schedule.due = due
    schedule.shift = state.calendar_shift()
    schedule.is_lost = False
    if due:
        _alarms(state, schedule).set(schedule, schedule.rings_at())
    if not schedule.first and runs.is_elsewhere(state, schedule):
        schedule.first = due
    runs.keep(state, schedule)


def _alarms(state: State, schedule: Schedule) -> Timers:
    return state.alarms_by(schedule.is_steady())


def next_time(state: State, schedule: Schedule, after: float) -> tuple[float, str]:
    """Return a schedule's first time after another, or else why there is none.

    Both are server times or of the calendar, as ``due`` is. 0 is for one that has
    ended.
    """
    state.turns.work += CALENDAR
    try:
        until = 0.0
        if schedule.until:
            until = state.calendar(schedule.until, schedule.timezone, 0.0)
        if schedule.is_steady():
            due = _counted_on(schedule, after)
        else:
            due = state.calendar(schedule.cron, schedule.timezone, after)
    except Exception as error:
        return 0.0, str(error) or type(error).__name__
    if not after < due < math.inf:
        return 0.0, f"its calendar names {due!r} as the next time after {after!r}"
    if until and date_of(state, schedule, due) > until:
        return 0.0, ""
    return due, ""


def _counted_on(schedule: Schedule, after: float) -> float:
    """Return the first time after another of one that is due every so many seconds."""
    every = schedule.every
    if not 0 < schedule.due <= after:
        return after + every
    due = schedule.due + math.floor((after - schedule.due) / every + 1) * every
    return due if due > after else due + every


def date_of(state: State, schedule: Schedule, due: float) -> float:
    """Return a time of a schedule by the calendar; that of 0, which is none, is 0."""
    return due + state.calendar_shift() if due and schedule.is_steady() else due


def is_stepped(state: State) -> bool:
    """Tell whether next times are to be found anew, because the clock was set."""
    return bool(state.unreckoned) or _differs(state, state.reckoned_shift)


def reckon_some(state: State) -> None:
    """Find the next times of some schedules: they are new, or the clock was set."""
    if _differs(state, state.reckoned_shift):
        state.reckoned_shift = state.calendar_shift()
        state.unreckoned = list(state.schedules.values())
    for _ in range(min(_MOST_RECKONED, len(state.unreckoned))):
        _reckon(state, state.unreckoned.pop())


def _reckon(state: State, schedule: Schedule) -> None:
    if state.schedules.get(schedule.handle) is not schedule:
        return
    if schedule.timer and not _is_moved(state, schedule):
        return
    is_new = not schedule.timer
    disarm(state, schedule)
    passed = state.wall_time() - schedule.due
    if not is_new and 0 <= passed <= CORRECTION:
        _ring(state, schedule)
    else:
        arm(state, schedule)


def _is_moved(state: State, schedule: Schedule) -> bool:
    """Tell whether a schedule's next time is to be found anew after a step."""
    return not schedule.is_steady() and _differs(state, schedule.shift)


def _differs(state: State, shift: float) -> bool:
    """Tell whether the clock was set, and by more than a correction, since then."""
    return abs(state.calendar_shift() - shift) > CORRECTION


def _name(schedule: Schedule) -> str:
    return f"{shown(schedule.handle)} of {quoted(schedule.function.name)}"
