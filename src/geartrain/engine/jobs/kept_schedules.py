"""Schedules in the store: what it keeps of them, and how they are had again."""

from __future__ import annotations

import json
from collections.abc import Mapping

from geartrain.engine.inventory import Inventory
from geartrain.engine.jobs import recurring, schedules
from geartrain.engine.jobs.submissions import coalescing_key
from geartrain.engine.model.schedule_settings import (
    check_schedule,
    read_schedule_setting,
    settings_of,
)
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.model.settings import Value
from geartrain.engine.records import Entry, ScheduleRecord
from geartrain.engine.state import functions, runs
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.texts import shown

__all__ = ["adopt", "follow", "keep_record", "restore", "restore_record"]


def keep_record(state: State, schedule: Schedule) -> None:
    """Record a client's schedule in the store, if there is a store that keeps jobs."""
    if not state.journal.keeps_jobs:
        return
    record = ScheduleRecord(schedule.number, schedule.handle, schedule.function.name)
    record.unique = schedule.unique
    record.fields = schedule.fields
    record.headers = schedule.headers
    record.owner = schedule.owner
    record.workload = b"".join([schedule.workload, *schedule.more])
    state.journal.keep_schedule(record)


def restore_record(state: State, record: ScheduleRecord) -> None:
    """Take back a client's schedule that was kept by a store."""
    function = functions.find(state, record.function)
    schedule = Schedule(record.number, record.handle, function)
    schedule.given = {"function": function.name.decode("utf-8", "surrogateescape")}
    schedule.unique = record.unique
    schedule.key = coalescing_key(record.unique, record.workload, [])
    schedule.workload = record.workload
    schedule.headers = record.headers
    schedule.owner = record.owner
    try:
        schedule.take_fields(record.fields)
    except ValueError:
        # Its calendar will say what is wrong, each hour.
        schedule.cron = b" ".join(record.fields).decode("utf-8", "replace")
    schedule.given["cron"] = schedule.cron
    schedules.add_schedule(state, schedule)


def restore(state: State, entries: list[Entry]) -> None:
    """Take back what operators set, and go on where an earlier life was.

    Schedules of clients were restored before, and those of the file are known.
    """
    for entry in entries:
        is_common = entry.kind == schedules.COMMON_CHANGES
        if entry.kind == schedules.CHANGES or (
            is_common and _is_of_file(state, entry.key)
        ):
            _restore_changed(state, entry)
    is_due_known: dict[bytes, bool] = {}
    for entry in entries:
        if entry.kind == runs.PROGRESS:
            is_due_known[entry.key] = _restore_progress(state, entry)
    for handle, schedule in state.schedules.items():
        recurring.begin(state, schedule, is_due_known=is_due_known.get(handle, False))
    runs.look_up(state)


def follow(state: State, name: bytes, value: bytes | None) -> None:
    """Let a schedule of the file be as operators have it at any job server of a store.

    ``value`` is what the entry says, None if that was taken back. Where the file has no
    such schedule there is none.
    """
    if not _is_of_file(state, name):
        return
    schedule = state.schedules[name]
    try:
        found = json.loads(value) if value is not None else {}
        changed = {each: read_schedule_setting(each, found[each]) for each in found}
        values = settings_of(schedule.given, changed)
        check_schedule(values)
        schedules.check_times(state, values)
    except (OptionError, ValueError, TypeError, LookupError) as error:
        schedules.complain(state, name, error)
        return
    schedule.changed = changed
    schedules.follow(state, schedule, values, is_at_once=False)


def adopt(state: State, inventory: Inventory) -> None:
    """Go on with the schedules of another job server, where it was.

    Those of the file are here already: the other one may have run them later.
    """
    progress = {
        entry.key: entry for entry in inventory.entries if entry.kind == runs.PROGRESS
    }
    adopted: dict[bytes, None] = {}
    for record in inventory.schedules:
        if record.handle not in state.schedules:
            restore_record(state, record)
            adopted[record.handle] = None
    for entry in inventory.entries:
        if entry.kind == schedules.CHANGES and not _is_changed(state, entry.key):
            _restore_changed(state, entry)
            state.journal.put(entry.kind, entry.key, entry.value)
            adopted[entry.key] = None
    for name, entry in progress.items():
        schedule = state.schedules.get(name)
        if schedule is not None and runs.is_later(schedule, entry):
            adopted[name] = None
    for name in adopted:
        schedule = state.schedules.get(name)
        if schedule is not None:
            _go_on(state, schedule, progress.get(name))


def _is_of_file(state: State, name: bytes) -> bool:
    schedule = state.schedules.get(name)
    return schedule is not None and schedule.is_of_file()


def _is_changed(state: State, name: bytes) -> bool:
    schedule = state.schedules.get(name)
    return schedule is not None and bool(schedule.changed)


def _go_on(state: State, schedule: Schedule, entry: Entry | None) -> None:
    """Go on with a schedule where another job server was."""
    recurring.disarm(state, schedule)
    runs.clear(state, schedule)
    is_due_known = entry is not None and _restore_progress(state, entry)
    recurring.begin(state, schedule, is_due_known=is_due_known)


def _restore_changed(state: State, entry: Entry) -> None:
    schedule = state.schedules.get(entry.key)
    try:
        found = json.loads(entry.value)
        changed = {name: read_schedule_setting(name, found[name]) for name in found}
        values = settings_of(schedule.given if schedule else None, changed)
        check_schedule(values)
    except (OptionError, ValueError, TypeError, LookupError) as error:
        state.journal.remove(schedules.CHANGES, entry.key)
        schedules.complain(state, entry.key, error)
        return
    if schedule is None:
        schedule = schedules.new_schedule(state, entry.key, values)
    elif not schedule.is_clients():
        _warn_of_both(state, schedule, changed)
    schedule.changed = changed
    schedules.take_settings(state, schedule, values)


def _warn_of_both(
    state: State, schedule: Schedule, changed: Mapping[str, Value]
) -> None:
    state.warn(
        "schedule_changed",
        f"the schedule {shown(schedule.handle)} of the configuration file was changed"
        f" at run time, which counts: {', '.join(changed)}",
    )


def _restore_progress(state: State, entry: Entry) -> bool:
    schedule = state.schedules.get(entry.key)
    if schedule is None:
        state.journal.remove(runs.PROGRESS, entry.key)
        return False
    try:
        return runs.restore(state, schedule, entry.value)
    except (ValueError, TypeError, LookupError) as error:
        schedules.complain(state, entry.key, error)
        return False
