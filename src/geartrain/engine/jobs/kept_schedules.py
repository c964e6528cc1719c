"""Schedules in the store: what it keeps of them, and how they are had again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geartrain.engine.inventory import Inventory
from geartrain.engine.jobs import recurring, schedules
from geartrain.engine.jobs.submissions import coalescing_key
from geartrain.engine.model.schedule_settings import (
    check_schedule,
    settings_of,
)
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.model.settings import Value
from geartrain.engine.records import Entry, ScheduleRecord
from geartrain.engine.state import functions, runs
from geartrain.engine.state.state import State
from geartrain.texts import shown

__all__ = ["adopt", "follow", "keep_record", "restore", "restore_record"]

# Of a job server's own schedules, and of those that all have which share its store.
_CHANGES: Final = (schedules.CHANGES, schedules.SHARED_CHANGES)
_PROGRESS: Final = (runs.PROGRESS, runs.SHARED_PROGRESS)


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
    for entry in _by_name(state, entries, _CHANGES).values():
        _restore_changed(state, entry)
    progress = _by_name(state, entries, _PROGRESS)
    is_due_known = {
        name: _restore_progress(state, entry) for name, entry in progress.items()
    }
    for handle, schedule in state.schedules.items():
        recurring.begin(state, schedule, is_due_known=is_due_known.get(handle, False))
    runs.look_up(state)


def _by_name(
    state: State, entries: list[Entry], kinds: tuple[bytes, bytes]
) -> dict[bytes, Entry]:
    """Return the entries of two kinds; of one name that of the second kind is right."""
    own, shared = (
        {entry.key: entry for entry in entries if entry.kind == kind} for kind in kinds
    )
    for name in own.keys() & shared.keys():
        state.journal.remove(kinds[0], name)
    return {**own, **shared}


def follow(state: State, name: bytes, value: bytes | None) -> None:
    """Let a schedule be as operators have it at any job server of a store.

    ``value`` is what the entry says, None if that was taken back. What makes no
    schedule by itself is about one of a file that is not this job server's.
    """
    schedule = state.schedules.get(name)
    is_of_file = schedule is not None and schedule.is_of_file()
    state.strange_entries.pop((schedules.SHARED_CHANGES, name), None)
    if value is None and not is_of_file:
        if schedule is not None:
            schedules.end_schedule(state, schedule)
        return
    try:
        changed, values = _read(schedule, value or b"{}")
        schedules.check_times(state, values)
    except schedules.UNREADABLE as error:
        if schedule is not None:
            schedules.complain(state, name, error)
        elif value is not None:
            state.strange_entries[schedules.SHARED_CHANGES, name] = value
        return
    if schedule is None:
        schedule = schedules.new_schedule(state, name, values)
    schedule.changed = changed
    schedules.follow(state, schedule, values, is_at_once=False)
    left = state.strange_entries.pop((runs.SHARED_PROGRESS, name), None)
    if left is not None and state.leads:
        # Who led had it already when it left.
        _go_on(state, schedule, Entry(runs.SHARED_PROGRESS, name, left))


def adopt(state: State, inventory: Inventory) -> None:
    """Go on with the schedules of another job server, where it was.

    Those that all have are here already. How far they have come is told where the other
    one led, and this one does now.
    """
    progress = _by_name(state, inventory.entries, _PROGRESS)
    adopted: dict[bytes, None] = dict.fromkeys(progress)
    if state.leads:
        # Those that the one which led has not heard of have a time to begin with.
        first = [name for name, each in state.schedules.items() if each.first]
        adopted.update(dict.fromkeys(first))
    for record in inventory.schedules:
        if record.handle not in state.schedules:
            restore_record(state, record)
            adopted[record.handle] = None
    for entry in inventory.entries:
        if entry.kind == schedules.CHANGES and not _is_changed(state, entry.key):
            _restore_changed(state, entry)
            adopted[entry.key] = None
    for name in adopted:
        schedule = state.schedules.get(name)
        if schedule is not None:
            _go_on(state, schedule, progress.get(name))
        elif name in progress:
            state.strange_entries[progress[name].kind, name] = progress[name].value
    runs.look_up(state)


def _is_changed(state: State, name: bytes) -> bool:
    schedule = state.schedules.get(name)
    return schedule is not None and bool(schedule.changed)


def _go_on(state: State, schedule: Schedule, entry: Entry | None) -> None:
    """Go on with a schedule where another job server was."""
    recurring.disarm(state, schedule)
    is_due_known = entry is not None and _restore_progress(state, entry)
    if schedule.first and not is_due_known and not schedule.is_paused:
        schedule.due, is_due_known = schedule.first, True
    schedule.first = 0.0
    recurring.begin(state, schedule, is_due_known=is_due_known)


def _read(
    schedule: Schedule | None, value: bytes
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return what an entry has operators set, and all settings that come of it.

    Raises:
        OptionError, ValueError, TypeError, LookupError: it makes no schedule.
    """
    changed = schedules.read_changes(value)
    values = settings_of(schedule.given if schedule else None, changed)
    check_schedule(values)
    return changed, values


def _restore_changed(state: State, entry: Entry) -> None:
    """Set again what operators had set; what means nothing any more is told."""
    schedule = state.schedules.get(entry.key)
    is_shared = entry.kind == schedules.SHARED_CHANGES
    try:
        changed, values = _read(schedule, entry.value)
    except schedules.UNREADABLE as error:
        if not is_shared:
            state.journal.remove(schedules.CHANGES, entry.key)
        if schedule is not None or not is_shared:
            schedules.complain(state, entry.key, error)
        else:
            state.strange_entries[entry.kind, entry.key] = entry.value
        return
    if schedule is None:
        schedule = schedules.new_schedule(state, entry.key, values)
    elif not schedule.is_clients():
        _warn_of_both(state, schedule, changed)
    schedule.changed = changed
    schedules.take_settings(state, schedule, values)
    if not is_shared and runs.is_shared(state, schedule):
        # It was set while no other job server shared the store.
        state.journal.remove(entry.kind, entry.key)
        schedules.keep_changed(state, schedule)


def _warn_of_both(
    state: State, schedule: Schedule, changed: Mapping[str, Value]
) -> None:
    state.warn(
        "schedule_changed",
        f"the schedule {shown(schedule.handle)} of the configuration file was changed"
        f" at run time, which counts: {', '.join(changed)}",
    )


def _restore_progress(state: State, entry: Entry) -> bool:
    """Go on where an entry says; tell whether its next time still holds."""
    schedule = state.schedules.get(entry.key)
    if schedule is None:
        if entry.kind == runs.PROGRESS:
            state.journal.remove(entry.kind, entry.key)
        return False
    runs.clear(state, schedule)
    try:
        is_due_known = runs.restore(state, schedule, entry.value)
    except (ValueError, TypeError, LookupError) as error:
        schedules.complain(state, entry.key, error)
        return False
    if entry.kind == runs.PROGRESS and runs.is_shared(state, schedule):
        state.journal.remove(entry.kind, entry.key)
        runs.keep(state, schedule)
    return is_due_known
