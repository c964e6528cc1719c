"""What happens to jobs is counted here: in the open minute of their function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.model import counts
from geartrain.engine.model.counts import Counts, bucket
from geartrain.engine.model.functions import Function
from geartrain.engine.model.statistics import Statistics
from geartrain.engine.state.slots import MINUTE
from geartrain.engine.state.state import State

__all__ = ["count", "count_refusal", "count_run", "count_wait", "end_minute"]

# Units of work, as ``turns`` counts it, of closing one function's minute or hour, and
# of dropping a page.
_CLOSE: Final = 15
_DROP: Final = 60


def count(state: State, function: Function, kind: int) -> None:
    """Count an event of a function's jobs, of a kind that ``model.counts`` names."""
    _open(state, function.statistics).numbers[kind] += 1
    _open(state, state.slots.all).numbers[kind] += 1


def count_refusal(state: State, name: bytes) -> None:
    """Count a submission that was refused, of a function that need not be known."""
    function = state.functions.get(name)
    if function is not None:
        count(state, function, counts.REFUSED)
    else:
        _open(state, state.slots.all).numbers[counts.REFUSED] += 1


def count_wait(state: State, function: Function, seconds: float) -> None:
    """Count an attempt that began, and how long its job had waited."""
    number = bucket(seconds)
    _open(state, function.statistics).wait(seconds, number)
    _open(state, state.slots.all).wait(seconds, number)


def count_run(state: State, function: Function, seconds: float) -> None:
    """Count how long an attempt ran that has ended, however it did."""
    number = bucket(seconds)
    _open(state, function.statistics).run(seconds, number)
    _open(state, state.slots.all).run(seconds, number)


def _open(state: State, statistics: Statistics) -> Counts:
    """Return the counts of the open minute."""
    if statistics.minute != state.slots.minute:
        _begin(state, statistics)
    open_counts = statistics.counts
    assert open_counts is not None
    return open_counts


def _begin(state: State, statistics: Statistics) -> None:
    """Open a minute, if there is none, and let these statistics have part in it."""
    slots = state.slots
    if not slots.minute:
        slots.begin(state.server_time())
        state.alarms.set(slots, (slots.minute + 1) * MINUTE)
    slots.open(statistics)


def end_minute(state: State) -> None:
    """React to the end of the open minute: close it, as much at a time as fits."""
    slots = state.slots
    minute, slots.minute = slots.minute, 0
    opened, slots.opened = slots.opened, []
    state.turns.start(_close(state, minute, opened))


def _close(state: State, minute: int, opened: list[Statistics]) -> Iterator[None]:
    slots = state.slots
    for statistics in opened:
        if statistics.minute == minute:
            state.turns.work += _CLOSE
            slots.close(statistics)
            yield
    hour = int(state.server_time() // MINUTE) // 60
    for statistics in slots.end_hour(hour):
        if statistics.hour < hour:
            state.turns.work += _CLOSE
            slots.close_hour(statistics)
        else:
            slots.hourly.append(statistics)
        yield
    while slots.drop_oldest(state.server_time()) is not None:
        state.turns.work += _DROP
        yield
