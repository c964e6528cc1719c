"""The two clocks that waits and dates go by.

*Server time* counts on steadily, also from one life of the job server to the next, and
is near the seconds since 1970 as long as nobody sets the system's clock. A delay, a
pause, a time to live and the age of a job are times by it: a step of the system's clock
moves none of them. The *calendar* is the system's clock, steps included: EPOCH and
schedules name times by it. What waits for the one is in other heaps and other pages
than what waits for the other, so that a step costs nothing, however many jobs wait.

A store keeps both times of one moment. The next life goes on at that server time, and
only how long the job server was down is told by the calendar.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.notices import Notice
from geartrain.engine.state.state import State

__all__ = ["keep_clock", "keep_clock_with", "log_number", "resume_clock", "set_clock"]

# Seconds by which two readings of a system's clocks differ without a step.
_JITTER: Final = 0.0001
# A machine that sleeps does so for more seconds.
_NAP: Final = 0.1
# Seconds. A larger step is made durable at once, and logged.
_STEP: Final = 1.0
# Seconds between the times that go to the store with other changes. They only count
# if the system's clock is behind at the next start.
_KEEP_EVERY: Final = 10.0
# A job server that was down for more seconds than this, a year, was not: the system's
# clock is wrong. Time to live must not end for that.
_LONGEST_STOP: Final = 366 * 86400.0
# 2026 by the calendar: microseconds since then are numbers that JSON has exactly.
_LOGS_SINCE: Final = 1_767_225_600.0


def set_clock(state: State, offset: float, asleep: float) -> None:
    """Take a reading of the clocks; ``Engine.set_clock`` says of what."""
    if not state.is_clock_set:
        state.is_clock_set = True
        state.clock_offset = offset
        state.steady_offset = offset
        state.asleep = asleep
        return
    if abs(offset - state.clock_offset) <= _JITTER:
        return
    before = state.calendar_shift()
    state.clock_offset = offset
    if asleep > state.asleep + _NAP:
        state.steady_offset += asleep - state.asleep
        state.asleep = asleep
    step = state.calendar_shift() - before
    if abs(step) >= _STEP:
        _tell_step(state, step)
        keep_clock(state)


def _tell_step(state: State, step: float) -> None:
    direction = "forward" if step > 0 else "back"
    text = (
        f"the system's clock was set {direction} by {abs(step):.1f} s: EPOCH and "
        "schedules follow it; delays, pauses and times to live do not"
    )
    state.notices.append(Notice("info", "clock_stepped", text))


def resume_clock(state: State, inventory: Inventory) -> None:
    """Go on at the server time that a store kept, if it has kept one."""
    if inventory.steady <= 0:
        keep_clock(state)
        return
    passed = state.wall_time() - inventory.calendar
    counted = passed if 0 <= passed <= _LONGEST_STOP else 0.0
    state.steady_offset = inventory.steady + counted - state.now
    state.reckoned_shift = state.calendar_shift()
    if abs(passed - counted) >= _STEP:
        if passed > 0:
            state.warn(
                "clock_doubted",
                f"the store was last used {passed / 86400:.0f} days ago by the "
                "system's clock, which may be wrong: delays, pauses and times to live "
                "go on as if it had been now",
            )
        keep_clock(state)


def keep_clock(state: State) -> None:
    """Record the time in the store, if there is one."""
    journal = state.journal
    if journal.is_on:
        journal.keep_clock(state.server_time(), state.wall_time())
        state.clock_kept = state.now


def keep_clock_with(state: State, batch: Batch) -> None:
    """Add the time to a batch that changes something, every few seconds."""
    if state.now >= state.clock_kept + _KEEP_EVERY and not batch.changes_nothing():
        batch.steady = state.server_time()
        batch.calendar = state.wall_time()
        state.clock_kept = state.now


def log_number(state: State) -> int:
    """Return the least number of what is logged now.

    Where others share the store it is by the time, in microseconds since 2026: a log
    that one takes over from another is one with its own then.
    """
    if not state.is_shared:
        return 1
    return max(1, int((state.wall_time() - _LOGS_SINCE) * 1_000_000))
