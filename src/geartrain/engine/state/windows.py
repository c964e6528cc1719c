"""How large windows are, and when what they want read is asked for."""

from __future__ import annotations

from typing import Final

from geartrain.engine.inventory import QueueInventory
from geartrain.engine.model.flow_keys import FlowKey
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.queries import FULL_PAGE
from geartrain.engine.state.state import State
from geartrain.engine.window.shelves import Shelf
from geartrain.engine.window.windows import Window

__all__ = [
    "adopt",
    "arm",
    "expect",
    "go_on",
    "has_room",
    "has_room_for_delayed",
    "has_room_for_held",
    "page_again",
    "page_on",
    "page_out",
    "page_wanting",
    "press_on",
    "refill",
    "ring",
    "serve",
    "take_over",
    "window_of",
]

# Page size. Reading 1,000 jobs takes the event loop a few milliseconds.
_MOST: Final = 1000

# All windows together hold about this many jobs, and this many bytes of workloads. One
# may grow to half of what all others leave of these, but has room for _LEAST jobs at
# least. So functions without jobs take nothing from the others: equal shares for
# 10,000 idle ones had the jobs of the one at work written, left to the store and read
# again, at three times the CPU.
_MOST_IN_ALL: Final = 200_000
_BYTES_IN_ALL: Final = 256 * 1024 * 1024
_MOST_BYTES: Final = 16 * 1024 * 1024
_PART: Final = 2
_LEAST: Final = 20
_LEAST_BYTES: Final = 16 * 1024

# Held jobs of one function in memory, and of one of its flow keys at least, so that
# reading a page is not a matter of a few jobs. One key's share follows from both.
_MOST_HELD: Final = 128_000
_LEAST_HELD: Final = 16

# A page of a flow key is read when this part of its jobs in memory is left: with a
# half, a third more pages are read.
_NEARLY_EMPTY: Final = 4

# A page of a flow key is light if it has at most _FEW jobs, and their workloads have at
# most _SMALL bytes on average.
_FEW: Final = 64
_SMALL: Final = 16 * 1024

# Windows of keys that get a page at once for a worker that has just registered.
_MOST_SERVED: Final = 100

# All windows together use at most an eighth of --max-memory.
_SHARE: Final = 8

# A workload is at most a quarter of it, as ``server.memory.largest_packet`` has it.
_LARGEST: Final = 4


def _window(state: State) -> int:
    """Return how many ready jobs of one function and priority are kept in memory."""
    free = _MOST_IN_ALL - len(state.jobs)
    return min(state.options.window, max(_LEAST, free // _PART))


def _window_bytes(state: State) -> int:
    in_all = _BYTES_IN_ALL
    if state.memory.limit:
        in_all = min(in_all, state.memory.limit // _SHARE)
    free = in_all - state.memory.workloads(len(state.jobs))
    return min(_MOST_BYTES, max(_LEAST_BYTES, free // _PART))


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


def _held_window(state: State, function: Function) -> int:
    """Return how many held jobs of one flow key and priority are kept in memory."""
    keys = function.keys()
    live = 1 if keys is None else len(keys.live) or 1
    return min(state.options.window, max(_LEAST_HELD, _MOST_HELD // live))


def has_room_for_held(state: State, function: Function, key: FlowKey) -> bool:
    """Tell whether one more job may wait for its flow key in memory."""
    keys = function.keys()
    held = key.held_count() + len(key.ready)
    if state.memory.is_tight() and (held or not function.workers):
        return False
    if keys is None or held >= _held_window(state, function):
        return False
    is_short = not held or keys.held_count() < _MOST_HELD
    return is_short and (not held or keys.held_bytes < _window_bytes(state))


def window_of(job: Job) -> Window:
    """Return the window of the queue that a job is in, in the store."""
    return job.function.window(job.priority, job.queue_key)


def page_out(state: State, job: Job) -> None:
    """Leave a kept job to the store alone, once its batch is durable."""
    window = window_of(job)
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
        window = window_of(job)
        window.rewind(job.number, job.due, job.is_steady)
        expect(state, window.shelf(job.is_steady), job.due)


def refill(
    state: State, function: Function, window: Window, *, is_pressing: bool = False
) -> None:
    """Ask the store for more jobs if a window wants them and there is room.

    If it ``is_pressing``, that does not wait for other pages, nor for memory.
    """
    if not window.is_wanting() or state.is_fenced:
        return
    room = _room(state, function, window)
    if room <= 0:
        return
    memory = state.memory
    if not (is_pressing or memory.may_page()):
        memory.windows[window] = None
        return
    for page in window.read(
        min(room, _MOST),
        _largest(state),
        state.server_time(),
        state.wall_time(),
    ):
        page.weight = _weight(function, window, room)
        memory.pages += page.weight
        state.journal.ask([page], None, window)


def _weight(function: Function, window: Window, room: int) -> int:
    """Return the weight of a page of so many jobs: 1 if these are few and small."""
    keys = function.keys()
    if keys is None or not window.queue_key or room > _FEW:
        return FULL_PAGE
    held = keys.held_count()
    return 1 if held and keys.held_bytes <= held * _SMALL else FULL_PAGE


def _room(state: State, function: Function, window: Window) -> int:
    """Return how many jobs a page of a window should have; 0 for none now."""
    keys = function.keys()
    key = None if keys is None else keys.live.get(window.queue_key)
    if keys is not None and key is not None and window.queue_key:
        return _room_for_held(state, function, key, window)
    queue = function.ready[window.priority]
    waiting, size = queue.size(), queue.workload()
    if keys is not None and key is not None:
        # Where the order is fifo, jobs without a key are held by one without a name.
        waiting += key.held_count()
        size += keys.held_bytes
    if not _may_page(state, function, waiting) or size >= _window_bytes(state):
        return 0
    most = _window(state)
    room = most - waiting
    return max(room, 1) if room * 2 >= most else 0


def _room_for_held(
    state: State, function: Function, key: FlowKey, window: Window
) -> int:
    """Return how many jobs a page of a flow key should have; 0 for none now.

    Where many are held in memory, only keys get one that have a job which may start;
    the others wait for room. Keys with enough do not: they ask when they have less.
    """
    keys = function.keys()
    assert keys is not None
    queue = key.held[window.priority]
    held = 0 if queue is None else queue.size()
    most = _held_window(state, function)
    if held > most // _NEARLY_EMPTY:
        return 0
    waiting = key.held_count() + len(key.ready)
    is_crowded = keys.held_count() >= _MOST_HELD
    if is_crowded or keys.held_bytes >= _window_bytes(state):
        room = 1 if not waiting and keys.may_start(key, state.server_time()) else 0
    else:
        room = most - held
    if not (room and _may_page(state, function, waiting)):
        keys.wanting[window] = None
        return 0
    return room


def page_wanting(state: State, function: Function, most: int) -> None:
    """Ask for pages of flow keys that had to wait for room, for some of them."""
    keys = function.keys()
    for _ in range(0 if keys is None else min(most, len(keys.wanting))):
        assert keys is not None
        window, _ = keys.wanting.popitem(last=False)
        if function.has_window(window):
            refill(state, function, window)


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
    if function is not None and function.has_window(window):
        refill(state, function, window, is_pressing=is_pressing)


def take_over(state: State, kept: QueueInventory) -> None:
    """Count what a store has kept, and have the first of it read."""
    function = state.functions[kept.function]
    if kept.queue_key and not kept.ready and not kept.delayed:
        return
    window = function.window(kept.priority, kept.queue_key)
    window.begin(kept.ready, kept.delayed)
    expect(state, window.dates, kept.next_due)
    expect(state, window.waits, kept.next_steady)
    refill(state, function, window)


def adopt(state: State, kept: QueueInventory) -> None:
    """Count what another job server has left, and read the queue anew.

    Its jobs may come before the place where the queue is read.
    """
    window = state.functions[kept.function].window(kept.priority, kept.queue_key)
    for shelf in (window.numbers, window.waits, window.dates):
        shelf.rewind(0.0, 1)
    take_over(state, kept)


def serve(state: State, function: Function) -> None:
    """Read pages for a worker that has just registered before other windows' pages."""
    if not function.paged_count() or function.ready_count():
        return
    page_wanting(state, function, _MOST_SERVED)
    for window in function.windows:
        refill(state, function, window)
        if window in state.memory.windows:
            state.memory.windows.move_to_end(window, last=False)


def ring(state: State, shelf: Shelf) -> None:
    """React to a delayed job of a shelf being due."""
    function = state.functions[shelf.function]
    window = function.window(shelf.priority, shelf.queue_key)
    window.ring(shelf)
    refill(state, function, window)


def go_on(state: State, window: Window) -> None:
    """Read a window again, a pause having passed."""
    window.go_on()
    refill(state, state.functions[window.function], window)
