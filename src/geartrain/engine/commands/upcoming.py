"""The text commands about what comes when: delayed jobs, and recurring ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.rows import job_values, row, text
from geartrain.engine.commands.schedule_rows import schedule_values
from geartrain.engine.jobs.recurring import date_of
from geartrain.engine.model.access import SEE
from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import NEVER
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.state.state import State
from geartrain.engine.timers import Timed
from geartrain.engine.window.shelves import Shelf
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["upcoming"]

_KINDS: Final = (b"job", b"schedule", b"stored")
# Alarms of each clock that are looked at for one list.
_MOST_LOOKED_AT: Final = 1_000
# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 15

# Something to come, and when, by the calendar.
_Coming = tuple[float, Timed]


def upcoming(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List what comes, the soonest first: ``upcoming [function=F] [kind=K] [limit=N]``.

    A row is a ``job`` that waits for its time, the next time of a ``schedule``, or what
    the store alone has of a function and priority (``stored``), of which the first is
    known.
    """
    try:
        arguments = read_arguments(words[1:], (b"function", b"kind", b"limit"))
        limit = arguments.limit()
        kind = arguments.get(b"kind")
        if kind and kind not in _KINDS:
            raise OptionError(f"kind is job, schedule or stored, not {text(kind)!r}")
    except OptionError as refusal:
        return invalid(str(refusal))
    wanted = [
        each
        for each in _candidates(state, arguments)
        if _is(kind, each[1]) and peer.may(SEE, _function_of(each[1]))
    ]
    state.turns.work += len(wanted) >> 2
    # By time alone: what comes at the same time cannot be compared.
    first = nsmallest(limit, wanted, key=lambda each: each[0])
    peer.rest = _rows(state, first)
    return b""


def _candidates(state: State, arguments: Arguments) -> Iterable[_Coming]:
    """Return what may be listed, in any order."""
    name = arguments.get(b"function")
    if name:
        function = state.functions.get(name)
        return [] if function is None else _of_function(state, function)
    if arguments.get(b"kind") == b"schedule":
        state.turns.work += len(state.schedules) >> 3
        return _of_schedules(state, state.schedules.values())
    shift = state.calendar_shift()
    state.turns.work += _MOST_LOOKED_AT >> 2
    steady = state.alarms.first(_MOST_LOOKED_AT)
    dates = state.calendar_alarms.first(_MOST_LOOKED_AT)
    found = [(when + shift, item) for when, item in steady if when < NEVER]
    return [*found, *dates]


def _of_function(state: State, function: Function) -> list[_Coming]:
    shift = state.calendar_shift()
    found: list[_Coming] = [
        (job.due + shift if job.is_steady else job.due, job)
        for job in function.scheduled
        if job.due < NEVER
    ]
    found += _of_schedules(state, function.recurring.values())
    for window in function.windows:
        if window.waits.timer and window.waits.next_due < NEVER:
            found.append((window.waits.next_due + shift, window.waits))
        if window.dates.timer:
            found.append((window.dates.next_due, window.dates))
    state.turns.work += len(found) >> 3
    return found


def _of_schedules(state: State, schedules: Iterable[Schedule]) -> list[_Coming]:
    return [(date_of(state, each, each.due), each) for each in schedules if each.due]


def _function_of(item: Timed) -> bytes:
    """Return the name of the function that something to come is of."""
    if isinstance(item, Job | Schedule):
        return item.function.name
    return item.function if isinstance(item, Shelf) else b""


def _is(kind: bytes, item: Timed) -> bool:
    """Tell whether something is of a kind; none is any of them."""
    if isinstance(item, Job):
        return kind in (b"", b"job")
    if isinstance(item, Schedule):
        return kind in (b"", b"schedule")
    return isinstance(item, Shelf) and kind in (b"", b"stored")


def _rows(state: State, coming: list[_Coming]) -> Iterator[bytes]:
    for when, item in coming:
        if not item.timer:
            # It has come since.
            continue
        state.turns.work += _ROW
        values: dict[str, object] = {"when": when}
        if isinstance(item, Job):
            values |= {"kind": "job", **job_values(state, item)}
        elif isinstance(item, Schedule):
            values |= {"kind": "schedule", **schedule_values(item)}
        elif isinstance(item, Shelf):
            values |= _shelf_values(state, item)
        yield row(values)
    yield END_OF_LIST


def _shelf_values(state: State, shelf: Shelf) -> dict[str, object]:
    function = state.functions.get(shelf.function)
    window = None if function is None else function.windows[shelf.priority]
    return {
        "kind": "stored",
        "function": text(shelf.function),
        "priority": ("high", "normal", "low")[shelf.priority],
        "count": 0 if window is None else window.delayed,
    }
