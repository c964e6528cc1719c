"""When moments are marked, and how marks outlast the job server.

A function whose last worker left is marked a while later, unless a worker has come by
then: workers that reconnect, or are started for each job, leave no marks.
"""

from __future__ import annotations

import json
from typing import Final

from geartrain.engine.inventory import Inventory
from geartrain.engine.model.functions import Function
from geartrain.engine.model.marks import (
    CRASHED,
    NO_WORKER,
    STARTED,
    STOPPED,
    WORKER,
    Absence,
    Mark,
    read_mark,
)
from geartrain.engine.records import Entry
from geartrain.engine.state.clocks import log_number
from geartrain.engine.state.following import note_workers
from geartrain.engine.state.idle import is_for_chunks
from geartrain.engine.state.state import State

__all__ = ["adopt", "begin", "end", "mark_absence", "workers_changed"]

_MARK: Final = b"mark"

# Seconds that a function is without a worker before that is marked.
_GRACE: Final = 5.0
# Seconds since a stop in order for which it has just been: who takes over from it does
# so at once.
_LATELY: Final = 60.0
# Units of work, as ``turns`` counts it, of a mark.
_WORK: Final = 10


def begin(state: State, inventory: Inventory) -> None:
    """Take over the marks of earlier lives, and mark how the last ended and this began.

    What a store keeps that is no mark is forgotten.
    """
    for mark in _take_in(state, inventory.entries):
        if mark.node == _node(state):
            _restore_absence(state, mark)
    for last in state.marks.last_of_servers().values():
        _mark_crash(state, last, max(last.time, inventory.calendar))
    now = state.wall_time()
    own = state.marks.last_of_servers().get(_node(state))
    away = -1.0 if own is None else max(0.0, now - own.time)
    state.marks.began = _add(state, STARTED, now, seconds=away)


def adopt(state: State, entries: list[Entry]) -> list[Mark]:
    """Keep the marks of a job server that has left its lane, and how it ended.

    Returns how those ended that have just done so. The lane may have marks of others,
    too, from which that one had taken over before.
    """
    began = state.marks.began
    last_of_servers: dict[str, Mark] = {}
    for mark in _take_in(state, entries):
        if not mark.function:
            last_of_servers[mark.node] = mark
    left: list[Mark] = []
    for node, last in last_of_servers.items():
        if began is not None and node == began.node:
            # An earlier life of ours had this lane: it ended before we began.
            end = _mark_crash(state, last, began.time, began.number - 1)
        elif state.marks.last_of_servers().get(node, last) is last:
            end = _mark_crash(state, last, state.wall_time())
        else:
            continue
        if end is not last or state.wall_time() - end.time < _LATELY:
            left.append(end)
    return left


def _mark_crash(state: State, last: Mark, time: float, number: int = 0) -> Mark:
    """Mark that a job server crashed: every stop in order leaves its mark.

    Returns the mark of how it ended.
    """
    if last.kind != STARTED:
        return last
    mark = Mark(number or _next_number(state), time, CRASHED, b"")
    mark.node = last.node
    _keep(state, mark)
    return mark


def _node(state: State) -> str:
    """Return whose marks are ours; nothing where no other job server has any."""
    name = state.options.node_name if state.is_shared else b""
    return name.decode("utf-8", "replace")


def _take_in(state: State, entries: list[Entry]) -> list[Mark]:
    """Keep the marks among entries; return them in their order."""
    found: list[Mark] = []
    for entry in entries:
        if entry.kind == _MARK:
            try:
                found.append(read_mark(entry.value))
            except (ValueError, LookupError, TypeError, AttributeError):
                state.journal.remove(_MARK, entry.key)
    for number in state.marks.take_in(found):
        state.journal.remove(_MARK, b"%d" % number)
    return sorted(found, key=_number)


def _restore_absence(state: State, mark: Mark) -> None:
    if mark.kind == NO_WORKER:
        since = mark.time - state.calendar_shift()
        absence = Absence(mark.function, mark.time, since)
        absence.is_marked = True
        state.marks.lose(absence)
    elif mark.kind == WORKER:
        state.marks.absences.pop(mark.function, None)


def _number(mark: Mark) -> int:
    return mark.number


def end(state: State) -> None:
    """Mark that the job server stops in order."""
    _add(state, STOPPED, state.wall_time())


def workers_changed(state: State, function: Function) -> None:
    """Note that a function has one worker more or fewer."""
    note_workers(state, function)
    absences = state.marks.absences
    if not function.workers:
        function.unserved_since = state.server_time()
        _lose(state, function)
    elif absences and function.name in absences:
        _return(state, absences.pop(function.name))


def _lose(state: State, function: Function) -> None:
    """Wait for another worker before it is marked that there is none."""
    name = function.name
    if name in state.marks.absences or is_for_chunks(name):
        return
    now = state.server_time()
    absence = Absence(name, state.wall_time(), now)
    given_up = state.marks.lose(absence)
    if given_up is not None:
        state.alarms.cancel(given_up)
    state.alarms.set(absence, now + _GRACE)


def _return(state: State, absence: Absence) -> None:
    state.alarms.cancel(absence)
    if absence.is_marked:
        seconds = max(0.0, state.server_time() - absence.since)
        _add(state, WORKER, state.wall_time(), absence.function, seconds)


def mark_absence(state: State, absence: Absence) -> None:
    """Mark that a function has had no worker for a while."""
    absence.is_marked = True
    _add(state, NO_WORKER, absence.time, absence.function)


def _add(
    state: State, kind: str, time: float, function: bytes = b"", seconds: float = -1.0
) -> Mark:
    mark = Mark(_next_number(state), time, kind, function)
    mark.seconds = seconds
    mark.node = _node(state)
    if kind == STARTED:
        mark.version = state.options.version.decode("utf-8", "replace")
    _keep(state, mark)
    return mark


def _next_number(state: State) -> int:
    return state.marks.next_number(log_number(state))


def _keep(state: State, mark: Mark) -> None:
    """Keep a mark, in place of the earliest if there are too many."""
    state.turns.work += _WORK
    state.journal.put(_MARK, b"%d" % mark.number, json.dumps(mark.values()).encode())
    forgotten = state.marks.add(mark)
    if forgotten:
        state.journal.remove(_MARK, b"%d" % forgotten)
