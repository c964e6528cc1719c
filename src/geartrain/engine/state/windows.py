"""How large windows are, and when what they want read is asked for."""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.records import QueueInventory
from geartrain.engine.state.state import State
from geartrain.engine.window.shelves import Shelf
from geartrain.engine.window.windows import Window

__all__ = [
    "arm",
    "expect",
    "go_on",
    "has_room",
    "has_room_for_delayed",
    "page_again",
    "page_on",
    "page_out",
    "press_on",
    "refill",
    "ring",
    "serve",
    "take_over",
]

# Page size. Reading 1,000 jobs takes the event loop a few milliseconds.
_MOST: Final = 1000

# All windows together hold about this many jobs, and this many bytes of workloads. One
# holds at most _MOST_BYTES, and room for _LEAST jobs at least.
_MOST_IN_ALL: Final = 200_000
_BYTES_IN_ALL: Final = 256 * 1024 * 1024
_MOST_BYTES: Final = 16 * 1024 * 1024
_LEAST: Final = 20

# All windows together use at most an eighth of --max-memory.
_SHARE: Final = 8

# A workload is at most a quarter of it, as ``server.memory.largest_packet`` has it.
_LARGEST: Final = 4


def _window(state: State) -> int:
    """Return how many ready jobs of one function and priority are kept in memory."""
    fair = max(_LEAST, _MOST_IN_ALL // (len(state.functions) or 1))
    return min(state.options.window, fair)


def _window_bytes(state: State) -> int:
    in_all = _BYTES_IN_ALL
    if state.memory.limit:
        in_all = min(in_all, state.memory.limit // _SHARE)
    return min(_MOST_BYTES, in_all // (len(state.functions) or 1))


def has_room(state: State, function: Function, priority: int) -> bool:
    """Tell whether one more ready job of this priority may wait in memory."""
    queue = function.ready[priority]
    if state.memory.is_tight() and (queue.size() or not function.workers):
        return False
    return queue.size() < _window(state) and queue.workload() < _window_bytes(state)


def has_room_for_delayed(state: State, function: Function) -> bool:
    """Tell whether one more delayed job may wait in memory."""
    if state.memory.is_tight():
        return False
    is_short = len(function.scheduled) < _window(state)
    return is_short and function.scheduled_bytes < _window_bytes(state)


def page_out(state: State, job: Job) -> None:
    """Leave a kept job to the store alone, once its batch is durable."""
    window = job.function.windows[job.priority]
    window.gain(job.number, job.due, job.is_steady)
    window.leaving += 1
    state.journal.forget(job)
    expect(state, window.shelf(job.is_steady), job.due)


def expect(state: State, shelf: Shelf, due: float) -> None:
    """Set an alarm for a delayed job if it is the first; ``due`` 0 is no job."""
    if due > 0 and shelf.expect(due, state.time_by(shelf.is_steady)):
        arm(state, shelf)


def arm(state: State, shelf: Shelf) -> None:
    """Set the alarm of a shelf for the first time that it expects."""
    alarms = state.alarms_by(shelf.is_steady)
    alarms.cancel(shelf)
    if shelf.next_due > 0:
        alarms.set(shelf, shelf.next_due)


def page_again(state: State, job: Job) -> None:
    """Read a job again that the store was to have by now, and has not."""
    if job.state is PAGED:
        window = job.function.windows[job.priority]
        window.rewind(job.number, job.due, job.is_steady)
        expect(state, window.shelf(job.is_steady), job.due)


def refill(
    state: State, function: Function, priority: int, *, is_pressing: bool = False
) -> None:
    """Ask the store for more jobs if a window wants them and there is room.

    If it ``is_pressing``, that does not wait for other pages, nor for memory.
    """
    window = function.windows[priority]
    if not window.is_wanting():
        return
    queue = function.ready[priority]
    most = _window(state)
    room = most - queue.size()
    if not _may_page(state, function, queue.size()):
        return
    if room * 2 < most or queue.workload() >= _window_bytes(state):
        return
    memory = state.memory
    if not (is_pressing or memory.may_page()):
        memory.windows[window] = None
        return
    for page in window.read(
        min(max(room, 1), _MOST),
        _largest(state),
        state.server_time(),
        state.wall_time(),
    ):
        memory.pages += 1
        state.journal.ask([page], None, window)


def _largest(state: State) -> int:
    """Return the bytes of the largest workload to take into memory; 0 is any.

    It is the largest that is taken from a client with this limit of memory: a larger
    one was kept while the limit was another.
    """
    return state.memory.limit // _LARGEST


def _may_page(state: State, function: Function, ready: int) -> bool:
    """Tell whether there is memory for a page, so that a worker has something to do.

    Where it is tight, what nobody would run now stays in the store: a worker that
    registers has its first page asked for, and each that takes the last job the next.
    """
    if not state.memory.is_tight():
        return True
    return not ready and len(function.workers) > 0


def page_on(state: State) -> None:
    """Ask for the pages that had to wait for others, or for memory."""
    while state.memory.windows and state.memory.may_page():
        _refill_next(state, is_pressing=False)


def press_on(state: State) -> None:
    """Ask for a page though memory is full, lest workers wait for what others hold."""
    if state.memory.windows and state.memory.pages == 0:
        _refill_next(state, is_pressing=True)


def _refill_next(state: State, *, is_pressing: bool) -> None:
    window = state.memory.windows.popitem(last=False)[0]
    function = state.functions.get(window.function)
    if function is not None:
        refill(state, function, window.priority, is_pressing=is_pressing)


def take_over(state: State, kept: QueueInventory) -> None:
    """Count what a store has kept, and have the first of it read."""
    function = state.functions[kept.function]
    window = function.windows[kept.priority]
    window.ready = kept.ready
    window.delayed = kept.delayed
    expect(state, window.dates, kept.next_due)
    expect(state, window.waits, kept.next_steady)
    refill(state, function, kept.priority)


def serve(state: State, function: Function) -> None:
    """Read pages for a worker that has just registered before other windows' pages."""
    if not function.paged_count() or function.ready_count():
        return
    for priority, window in enumerate(function.windows):
        refill(state, function, priority)
        if window in state.memory.windows:
            state.memory.windows.move_to_end(window, last=False)


def ring(state: State, shelf: Shelf) -> None:
    """React to a delayed job of a shelf being due."""
    function = state.functions[shelf.function]
    function.windows[shelf.priority].ring(shelf)
    refill(state, function, shelf.priority)


def go_on(state: State, window: Window) -> None:
    """Read a window again, a pause having passed."""
    window.go_on()
    refill(state, state.functions[window.function], window.priority)
