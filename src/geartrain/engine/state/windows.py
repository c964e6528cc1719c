"""Windows: which waiting jobs are in memory, and what is read from the store next."""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.backlogs import Agenda, Backlog
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import PAGED, Job
from geartrain.engine.queries import DuePage, Page
from geartrain.engine.state.state import State

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
]

# Page size. Reading 1,000 jobs takes the event loop a few milliseconds.
_MOST: Final = 1000

# All windows together have about so many jobs, and so many bytes of workloads; one
# window has at most so many bytes, and at least some jobs.
_MOST_IN_ALL: Final = 200_000
_BYTES_IN_ALL: Final = 256 * 1024 * 1024
_MOST_BYTES: Final = 16 * 1024 * 1024
_LEAST: Final = 20

# Of a limit of memory all windows have this part at most.
_SHARE: Final = 8

# A workload is at most this part of it, as ``server.memory.largest_packet`` has it.
_LARGEST: Final = 4

# Behind every job.
_FAR: Final = 2**62
_FAR_DUE: Final = (float("inf"), 0)


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
    backlog = job.function.backlogs[job.priority]
    backlog.gain(job.number, job.due, job.is_steady)
    backlog.leaving += 1
    state.journal.forget(job)
    expect(state, backlog.agenda(job.is_steady), job.due)


def expect(state: State, agenda: Agenda, due: float) -> None:
    """See to it that a delayed job comes in at its time; 0 is none."""
    if due > 0 and (agenda.next_due == 0 or due < agenda.next_due):
        agenda.next_due = due
        arm(state, agenda)
    if 0 < due <= state.time_by(agenda.is_steady):
        agenda.is_due = True


def page_again(state: State, job: Job) -> None:
    """Have pages include a job that the store was to have, and has not yet."""
    if job.state is PAGED:
        backlog = job.function.backlogs[job.priority]
        backlog.rewind(job.number, job.due, job.is_steady)
        expect(state, backlog.agenda(job.is_steady), job.due)


def refill(
    state: State, function: Function, priority: int, *, is_pressing: bool = False
) -> None:
    """Ask the store for more jobs if there is room for them.

    If it ``is_pressing``, that does not wait for other pages, nor for memory.
    """
    backlog = function.backlogs[priority]
    queue = function.ready[priority]
    window = _window(state)
    room = window - queue.size()
    if backlog.is_paused or not _may_page(state, function, queue.size()):
        return
    if room * 2 < window or queue.workload() >= _window_bytes(state):
        return
    wants_ready = backlog.ready > 0 and not backlog.is_paging
    wants_due = backlog.waits.wants_page() or backlog.dates.wants_page()
    if not (wants_ready or wants_due):
        return
    if not (is_pressing or state.memory.may_page()):
        state.memory.backlogs[backlog] = None
        return
    _ask(state, backlog, min(max(room, 1), _MOST), wants_ready)


def _ask(state: State, backlog: Backlog, most: int, wants_ready: bool) -> None:
    """Ask for the next page of the ready jobs, of the delayed ones, or both."""
    function, priority = backlog.function, backlog.priority
    if wants_ready:
        backlog.is_paging = True
        state.memory.pages += 1
        largest = _largest(state)
        page = Page(function.name, priority, backlog.after, most, largest)
        # From here on it is about jobs that the answer does not know.
        backlog.after = _FAR
        state.journal.ask([page], None, backlog)
    for agenda in (backlog.waits, backlog.dates):
        if agenda.wants_page():
            _ask_due(state, agenda, most)


def _ask_due(state: State, agenda: Agenda, most: int) -> None:
    """Ask the store for delayed jobs that are due."""
    agenda.is_paging = True
    state.memory.pages += 1
    backlog = agenda.backlog()
    due = DuePage(
        backlog.function.name,
        backlog.priority,
        agenda.after,
        state.time_by(agenda.is_steady),
        most,
        agenda.is_steady,
        _largest(state),
    )
    agenda.after = _FAR_DUE
    agenda.next_due = 0.0
    state.journal.ask([due], None, backlog)


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
    later = state.memory.backlogs
    while later and state.memory.may_page():
        following = later.popitem(last=False)[0]
        refill(state, following.function, following.priority)


def press_on(state: State) -> None:
    """Ask for a page though memory is full, lest workers wait for what others hold."""
    later = state.memory.backlogs
    if later and state.memory.pages == 0:
        following = later.popitem(last=False)[0]
        refill(state, following.function, following.priority, is_pressing=True)


def serve(state: State, function: Function) -> None:
    """Have jobs come in for a worker that has just registered, before others'."""
    if not function.paged_count() or function.ready_count():
        return
    for priority, backlog in enumerate(function.backlogs):
        refill(state, function, priority)
        if backlog in state.memory.backlogs:
            state.memory.backlogs.move_to_end(backlog, last=False)


def ring(state: State, agenda: Agenda) -> None:
    """React to a delayed job of a backlog being due."""
    backlog = agenda.backlog()
    agenda.is_due = backlog.delayed > 0
    if not agenda.is_due:
        agenda.next_due = 0.0
    refill(state, backlog.function, backlog.priority)


def go_on(state: State, backlog: Backlog) -> None:
    """Read pages of a backlog again, a pause having passed."""
    backlog.is_paused = False
    backlog.waits.is_due = backlog.dates.is_due = backlog.delayed > 0
    refill(state, backlog.function, backlog.priority)


def arm(state: State, agenda: Agenda) -> None:
    """Set the alarm of an agenda for the first time it expects."""
    alarms = state.alarms_by(agenda.is_steady)
    alarms.cancel(agenda)
    if agenda.next_due > 0:
        alarms.set(agenda, agenda.next_due)
