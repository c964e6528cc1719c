"""The text commands about what comes when: delayed jobs, and recurring ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.permission import check_job
from geartrain.engine.commands.rows import header_values, job_values, row, text
from geartrain.engine.commands.sweeps import UNKNOWN_JOB
from geartrain.engine.jobs.recurring import skip_time
from geartrain.engine.model.access import SEE
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import CALENDAR, Schedule
from geartrain.engine.state.state import State
from geartrain.engine.timers import Timed
from geartrain.engine.window.shelves import Shelf
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["skip", "upcoming"]

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
        return [(each.due, each) for each in state.schedules.values()]
    shift = state.calendar_shift()
    state.turns.work += _MOST_LOOKED_AT >> 2
    steady = state.alarms.first(_MOST_LOOKED_AT)
    dates = state.calendar_alarms.first(_MOST_LOOKED_AT)
    return [*((when + shift, item) for when, item in steady), *dates]


def _of_function(state: State, function: Function) -> list[_Coming]:
    shift = state.calendar_shift()
    found: list[_Coming] = [
        (job.due + shift if job.is_steady else job.due, job)
        for job in function.scheduled
    ]
    found += [(each.due, each) for each in function.recurring.values()]
    for window in function.windows:
        if window.waits.timer:
            found.append((window.waits.next_due + shift, window.waits))
        if window.dates.timer:
            found.append((window.dates.next_due, window.dates))
    state.turns.work += len(found) >> 3
    return found


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
            values |= _schedule_values(item)
        elif isinstance(item, Shelf):
            values |= _shelf_values(state, item)
        yield row(values)
    yield END_OF_LIST


def _schedule_values(schedule: Schedule) -> dict[str, object]:
    pieces = [schedule.workload, *schedule.more]
    return {
        "kind": "schedule",
        "handle": text(schedule.handle),
        "function": text(schedule.function.name),
        "unique": text(schedule.unique),
        "fields": text(b" ".join([field or b"*" for field in schedule.fields])),
        "last": schedule.ran or None,
        "size": sum([len(piece) for piece in pieces]),
        "headers": header_values(schedule.headers),
        "lost": schedule.is_lost,
    }


def _shelf_values(state: State, shelf: Shelf) -> dict[str, object]:
    function = state.functions.get(shelf.function)
    window = None if function is None else function.windows[shelf.priority]
    return {
        "kind": "stored",
        "function": text(shelf.function),
        "priority": ("high", "normal", "low")[shelf.priority],
        "count": 0 if window is None else window.delayed,
    }


def skip(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Leave out the next time of a recurring job: ``skip H``.

    It is forgotten at a restart before that time.
    """
    if len(words) != 2:
        return invalid("skip takes the handle of a recurring job")
    schedule = state.schedules.get(words[1])
    if schedule is None:
        return UNKNOWN_JOB
    check_job(state, peer, schedule.function.name)
    state.turns.work += CALENDAR
    fault = skip_time(state, schedule)
    if fault:
        return error(b"INVALID_ARGUMENT", fault)
    return OK
