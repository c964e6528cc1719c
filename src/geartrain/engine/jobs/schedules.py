"""Which schedules there are, and what they consist of.

A schedule comes from the configuration file, from a client by SUBMIT_JOB_SCHED, or from
an operator at run time. Whatever operators set comes before what the file or the client
says, setting by setting, as with policies. There is a schedule as long as what is left
of both makes one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from geartrain.engine.jobs import recurring
from geartrain.engine.jobs.submissions import coalescing_key
from geartrain.engine.model.schedule_settings import (
    JOB_SETTINGS,
    check_schedule,
    read_schedule_setting,
    settings_of,
    times_of,
)
from geartrain.engine.model.schedules import CALENDAR, Schedule
from geartrain.engine.model.settings import Value
from geartrain.engine.state import functions, quotas, runs
from geartrain.engine.state.memory import schedule_cost
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.texts import quoted, shown

__all__ = [
    "CHANGES",
    "SHARED_CHANGES",
    "UNREADABLE",
    "add_schedule",
    "change",
    "check_times",
    "complain",
    "end_schedule",
    "follow",
    "give_all",
    "is_name",
    "keep_changed",
    "new_schedule",
    "read_changes",
    "remove",
    "submit",
    "take_settings",
]

CHANGES: Final = b"schedule"
"""The kind of entry that keeps what operators set of a schedule at run time."""

SHARED_CHANGES: Final = b"shared-schedule"
"""The same of one that all have which share the store."""

UNREADABLE: Final = (OptionError, ValueError, TypeError, LookupError)
"""What comes of reading an entry that means nothing any more."""

# One of them says when a schedule is due.
_OTHER: Final = {"cron": "every", "every": "cron"}

# Units of work, as ``turns`` counts it, of what the file says of a
# schedule, and of a look at whether that has changed.
_GIVE: Final = 60
_LOOK: Final = 2
# Beside those of the file and of clients: each takes about 2 kB.
_MOST: Final = 100_000
# No handle is such a name: it has a colon.
# A path ends at dots alone, so HTTP could not name it.
_NAME: Final = re.compile(rb"(?!\.+$)[A-Za-z0-9._-]{1,64}")


def is_name(name: bytes) -> bool:
    """Tell whether a schedule may have this name."""
    return _NAME.fullmatch(name) is not None


def add_schedule(state: State, schedule: Schedule) -> None:
    """Take a schedule that is new."""
    state.schedules[schedule.handle] = schedule
    schedule.function.recurring[schedule.identity()] = schedule
    state.memory.jobs += schedule_cost(schedule)
    quotas.begin_schedule(state, schedule)


def end_schedule(state: State, schedule: Schedule) -> None:
    """End a schedule; the jobs it has submitted stay."""
    del state.schedules[schedule.handle]
    del schedule.function.recurring[schedule.identity()]
    state.memory.jobs -= schedule_cost(schedule)
    quotas.end_schedule(state, schedule)
    functions.retire(state, schedule.function)
    recurring.disarm(state, schedule)
    runs.forget(state, schedule)
    if not runs.is_shared(state, schedule):
        state.journal.remove(CHANGES, schedule.handle)
    elif schedule.is_of_file() and schedule.changed:
        # It may stand in the files of others still, and in this one's again.
        value = json.dumps(schedule.changed).encode()
        state.strange_entries[SHARED_CHANGES, schedule.handle] = value
    if schedule.is_clients() and state.journal.keeps_jobs:
        state.journal.end_schedule(schedule.number)


def change(
    state: State, name: bytes, settings: Mapping[str, Value], *, is_new: bool
) -> Schedule:
    """Set some settings at run time, of a schedule that is new or known.

    An empty text takes back what was set, so that the file's or the client's value
    holds again.

    Raises:
        OptionError: a setting or a value is wrong, or what comes of it is no schedule.
    """
    if settings.get("cron") and settings.get("every"):
        raise OptionError("give either cron or every, not both")
    known = state.schedules.get(name)
    if is_new:
        _check_new(state, name)
    changed = dict(known.changed) if known is not None else {}
    for setting, value in settings.items():
        if known is not None and known.is_clients() and setting in JOB_SETTINGS:
            raise OptionError(
                f"{setting} is what its client submitted: submit it again to change it"
            )
        read = read_schedule_setting(setting, value) if value != "" else ""
        changed.pop(setting, None)
        if read != "":
            changed[setting] = read
            changed.pop(_OTHER.get(setting, ""), None)
    given = known.given if known is not None else None
    values = _checked(state, given, changed)
    schedule = known or new_schedule(state, name, values)
    schedule.changed = changed
    follow(state, schedule, values, is_at_once=True)
    keep_changed(state, schedule)
    return schedule


def read_changes(value: bytes) -> dict[str, Value]:
    """Return what operators have set, as ``keep_changed`` recorded it.

    Raises:
        OptionError, ValueError, TypeError, LookupError: it is nothing of that.
    """
    found = json.loads(value)
    return {name: read_schedule_setting(name, found[name]) for name in found}


def keep_changed(state: State, schedule: Schedule) -> None:
    """Record what operators have set of a schedule."""
    kind = SHARED_CHANGES if runs.is_shared(state, schedule) else CHANGES
    if schedule.changed:
        value = json.dumps(schedule.changed).encode()
        state.journal.put(kind, schedule.handle, value)
    else:
        state.journal.remove(kind, schedule.handle)


def _check_new(state: State, name: bytes) -> None:
    """Raise OptionError if no schedule of this name can be added."""
    if not is_name(name):
        raise OptionError(
            f"{name.decode('utf-8', 'replace')!r} is no name of a schedule: use 1 to 64"
            " letters, digits and . _ -"
        )
    if name in state.schedules:
        raise OptionError(f"there is a schedule {name.decode()!r}: change it instead")
    if len(state.schedules) >= _MOST:
        raise OptionError(f"there are {_MOST} schedules, which is the most")


def _checked(
    state: State, given: Mapping[str, Value] | None, changed: Mapping[str, Value]
) -> dict[str, Value]:
    """Return all settings of a schedule.

    Raises:
        OptionError: these make none.
    """
    values = settings_of(given, changed)
    _check(state, values)
    check_times(state, values)
    if functions.admit(state, _bytes(values["function"])) is None:
        raise OptionError("there are too many functions for one more")
    return values


def _check(state: State, values: Mapping[str, Value]) -> None:
    """Raise OptionError if settings make no schedule, whatever its times are."""
    check_schedule(values)
    name = _bytes(values["function"])
    bare, mark, options = name.partition(b"?")
    if mark and functions.has_options(state, bare):
        raise OptionError(
            f"function cannot be {quoted(name)}: give {quoted(bare)}, and"
            f" {quoted(options)} as options"
        )


def check_times(state: State, values: Mapping[str, Value]) -> None:
    """Have the calendar look at what says when a schedule is due.

    Raises:
        OptionError: it means nothing to it.
    """
    timezone = str(values["timezone"])
    state.turns.work += CALENDAR
    try:
        if values["until"]:
            state.calendar(str(values["until"]), timezone, 0.0)
        if values["cron"] or timezone:
            state.calendar(str(values["cron"]) or "@daily", timezone, state.wall_time())
    except Exception as error:
        raise OptionError(str(error) or type(error).__name__) from None


def new_schedule(state: State, name: bytes, values: Mapping[str, Value]) -> Schedule:
    """Return a schedule of this name, which is yet to take its settings."""
    function = functions.find(state, _bytes(values["function"]))
    schedule = Schedule(0, name, function)
    add_schedule(state, schedule)
    return schedule


def follow(
    state: State,
    schedule: Schedule,
    values: Mapping[str, Value],
    *,
    is_at_once: bool,
) -> None:
    """Let a schedule be as its settings have it, and due at its times.

    Where these have changed, the next is found at once, or else in the turns to come.
    """
    before = (times_of(schedule.times()), schedule.is_paused)
    recurring.disarm(state, schedule)
    take_settings(state, schedule, values)
    if (times_of(values), schedule.is_paused) != before:
        schedule.due = schedule.first = 0.0
    if is_at_once and not schedule.due:
        recurring.arm(state, schedule)
    else:
        recurring.begin(state, schedule, is_due_known=True)


def take_settings(
    state: State, schedule: Schedule, values: Mapping[str, Value]
) -> None:
    """Take settings over, and the function that they name."""
    state.memory.jobs -= schedule_cost(schedule)
    del schedule.function.recurring[schedule.identity()]
    left = schedule.function
    if not schedule.is_clients():
        schedule.function = functions.find(state, _bytes(values["function"]))
    schedule.take(values)
    if not schedule.is_clients():
        schedule.key = coalescing_key(schedule.unique, schedule.workload, [])
    schedule.function.recurring[schedule.identity()] = schedule
    state.memory.jobs += schedule_cost(schedule)
    if left is not schedule.function:
        functions.retire(state, left)


def _bytes(value: Value) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def remove(state: State, schedule: Schedule) -> None:
    """End a schedule at an operator's wish.

    Raises:
        OptionError: it stands in the configuration file.
    """
    if schedule.is_of_file():
        raise OptionError(
            f"{schedule.handle.decode()!r} stands in the configuration file: remove it"
            " there, or pause it"
        )
    end_schedule(state, schedule)
    if runs.is_shared(state, schedule):
        state.journal.remove(SHARED_CHANGES, schedule.handle)


def give_all(
    state: State, definitions: Mapping[bytes, Mapping[str, Value]]
) -> Iterator[None]:
    """Have the schedules that the configuration file defines, one in each step.

    The settings were checked. What the file has no more ends, unless operators have set
    at run time what makes a schedule by itself.
    """
    for name in list(state.schedules):
        state.turns.work += _LOOK
        schedule = state.schedules.get(name)
        if schedule is not None and name not in definitions and schedule.is_of_file():
            _give(state, name, None)
        yield
    for name, given in definitions.items():
        state.turns.work += _LOOK
        schedule = state.schedules.get(name)
        if schedule is None or schedule.given != given:
            _give(state, name, dict(given))
        yield


def _give(state: State, name: bytes, given: dict[str, Value] | None) -> None:
    """Take what the file says of one schedule, or that it says nothing any more."""
    state.turns.work += _GIVE
    schedule = state.schedules.get(name)
    changed: Mapping[str, Value] = {} if schedule is None else schedule.changed
    try:
        entry = (SHARED_CHANGES, name)
        if schedule is None and entry in state.strange_entries:
            changed = read_changes(state.strange_entries[entry])
        values = settings_of(given, changed)
        _check(state, values)
    except UNREADABLE as error:
        if given is None and schedule is not None:
            end_schedule(state, schedule)
        else:
            complain(state, name, error)
        return
    if schedule is None:
        schedule = new_schedule(state, name, values)
        schedule.changed = dict(changed)
        state.strange_entries.pop(entry, None)
    schedule.given = given
    follow(state, schedule, values, is_at_once=False)


def submit(
    state: State, schedule: Schedule, fields: list[bytes], cron: str, data: list[bytes]
) -> None:
    """Let a client's schedule be as it is submitted, for the first time or again.

    ``data`` are the pieces of its workload, and ``cron`` is what the fields mean.
    """
    state.memory.jobs -= schedule_cost(schedule)
    schedule.fields = fields
    schedule.workload, schedule.more = data[0], data[1:]
    state.memory.jobs += schedule_cost(schedule)
    name = schedule.function.name.decode("utf-8", "surrogateescape")
    schedule.given = {"function": name, "cron": cron}
    values = settings_of(schedule.given, schedule.changed)
    follow(state, schedule, values, is_at_once=True)


def complain(state: State, name: bytes, error: Exception) -> None:
    """Say that a schedule cannot be had."""
    state.warn("schedule_lost", f"the schedule {shown(name)} cannot be had: {error}")
