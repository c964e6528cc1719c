"""Paging: which waiting jobs are in memory, and which the store alone has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geartrain.engine.backlogs import Agenda, Backlog
from geartrain.engine.functions import Function
from geartrain.engine.jobs import PAGED, SUBMITTED, Job, kept_job
from geartrain.engine.queries import DuePage, Page, Query
from geartrain.engine.records import JobRecord
from geartrain.texts import quoted

if TYPE_CHECKING:
    from geartrain.engine.state import State

__all__ = [
    "enter",
    "expect",
    "forget",
    "go_on",
    "page_again",
    "page_in",
    "page_on",
    "press_on",
    "recall",
    "refill",
    "ring",
    "serve",
    "unpage",
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


def _has_room(state: State, function: Function, priority: int) -> bool:
    """Tell whether one more ready job of this priority may wait in memory."""
    queue = function.ready[priority]
    if state.memory.is_tight() and (queue.size() or not function.workers):
        return False
    return queue.size() < _window(state) and queue.workload() < _window_bytes(state)


def _has_room_for_delayed(state: State, function: Function) -> bool:
    if state.memory.is_tight():
        return False
    is_short = len(function.scheduled) < _window(state)
    return is_short and function.scheduled_bytes < _window_bytes(state)


def page_out(state: State, job: Job) -> None:
    """Leave a kept job, which is in no place, to the store alone."""
    backlog = job.function.backlogs[job.priority]
    backlog.gain(job.number, job.due, job.is_steady)
    backlog.leaving += 1
    job.state = PAGED
    state.journal.forget(job)
    expect(state, backlog.agenda(job.is_steady), job.due)


def expect(state: State, agenda: Agenda, due: float) -> None:
    """See to it that a delayed job comes in at its time; 0 is none."""
    if due > 0 and (agenda.next_due == 0 or due < agenda.next_due):
        agenda.next_due = due
        _arm(state, agenda)
    if 0 < due <= state.time_by(agenda.is_steady):
        agenda.is_due = True


def page_again(state: State, job: Job) -> None:
    """Have pages include a job that the store was to have, and has not yet."""
    if job.state is PAGED:
        backlog = job.function.backlogs[job.priority]
        backlog.rewind(job.number, job.due, job.is_steady)
        expect(state, backlog.agenda(job.is_steady), job.due)


def unpage(job: Job) -> None:
    """Have a job that the engine has not yet forgotten in no place."""
    backlog = job.function.backlogs[job.priority]
    backlog.give(job.due)
    backlog.leaving -= 1
    job.state = SUBMITTED


def forget(state: State, job: Job) -> None:
    """Forget a job that is durable and in the store's care alone, if it is."""
    if job.state is not PAGED or state.journal.is_forgetting(job):
        return
    function = job.function
    function.backlogs[job.priority].leaving -= 1
    state.let_go(job)
    if job.key and function.keyed.get(job.key) is job:
        del function.keyed[job.key]
    refill(state, function, job.priority)


def enter(state: State, job: Job) -> None:
    """Let a job, which is in no place, wait in memory if there is room for it."""
    function = job.function
    backlog = function.backlogs[job.priority]
    if not job.batch or job.is_awaited():
        state.place(job)
    elif state.wait_of(job) > 0:
        if _has_room_for_delayed(state, function):
            state.place(job)
        else:
            page_out(state, job)
    elif backlog.ready or not _has_room(state, function, job.priority):
        page_out(state, job)
        refill(state, function, job.priority)
    else:
        state.place(job)


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


def _arm(state: State, agenda: Agenda) -> None:
    alarms = state.alarms_by(agenda.is_steady)
    alarms.cancel(agenda)
    if agenda.next_due > 0:
        alarms.set(agenda, agenda.next_due)


def page_in(state: State, query: Query, backlog: Backlog) -> None:
    """Take in what the store answered to ``refill``."""
    state.memory.pages -= 1
    if isinstance(query, Page):
        backlog.is_paging = False
        _turn_page(state, query, backlog)
    else:
        assert isinstance(query, DuePage)
        agenda = backlog.agenda(query.is_steady)
        agenda.is_paging = False
        _turn_due_page(state, query, agenda)
    state.weigh()
    if query.error:
        _pause(state, backlog, query.error)
    else:
        refill(state, backlog.function, backlog.priority)
        state.retire(backlog.function)
    page_on(state)


def _take_in(state: State, records: list[JobRecord]) -> bool:
    """Let jobs that the store has wait in memory; tell whether there was any."""
    is_any = False
    for record in records:
        job = state.jobs.get(record.handle)
        if job is None and not state.journal.has_left(record.number):
            job = _restored(state, record)
        elif job is not None and job.state is PAGED and job.due == record.due:
            # It was about to leave memory, and its turn has come.
            unpage(job)
        else:
            continue
        is_any = True
        state.place(job)
    return is_any


def _turn_page(state: State, query: Page, backlog: Backlog) -> None:
    if _take_in(state, query.records):
        backlog.is_complete = False
    backlog.ready -= _leave_in_store(state, query, backlog)
    numbers = [record.number for record in query.records]
    numbers += query.damaged
    numbers += query.oversized
    backlog.after = min(backlog.after, max(numbers, default=query.after))
    if query.error or numbers or backlog.ready <= 0 or backlog.leaving:
        return
    if query.after > 0 and not backlog.is_complete:
        backlog.after = 0
        backlog.is_complete = True
    else:
        _lost(state, backlog, backlog.ready)
        backlog.ready = 0


def _turn_due_page(state: State, query: DuePage, agenda: Agenda) -> None:
    backlog = agenda.backlog()
    if _take_in(state, query.records):
        agenda.is_complete = False
    backlog.delayed -= _leave_in_store(state, query, backlog)
    last = query.after
    if query.records:
        last = (query.records[-1].due, query.records[-1].number)
    agenda.after = min(agenda.after, last)
    if query.error or query.records:
        return
    if agenda.next_due == 0 or 0 < query.next_due < agenda.next_due:
        agenda.next_due = query.next_due
    agenda.is_due = 0 < agenda.next_due <= state.time_by(agenda.is_steady)
    if _is_searched(backlog) and backlog.delayed > 0:
        _look_again(state, query, agenda)
    _arm(state, agenda)


def _is_searched(backlog: Backlog) -> bool:
    """Tell whether none of the delayed jobs is expected by either clock."""
    waits, dates = backlog.waits, backlog.dates
    is_asked = waits.is_paging or dates.is_paging or waits.is_due or dates.is_due
    return not is_asked and waits.next_due == 0 and dates.next_due == 0


def _look_again(state: State, query: DuePage, agenda: Agenda) -> None:
    """Look for delayed jobs that are counted but were not found."""
    backlog = agenda.backlog()
    if backlog.leaving:
        agenda.is_due = True
    elif not (agenda.is_complete and backlog.agenda(not agenda.is_steady).is_complete):
        for each in (backlog.waits, backlog.dates):
            each.after = (0.0, 0)
            each.is_due = True
            each.is_complete = True
    else:
        _lost(state, backlog, backlog.delayed)
        backlog.delayed = 0


def _leave_in_store(state: State, query: Page | DuePage, backlog: Backlog) -> int:
    """Report jobs that cannot be taken into memory; return how many of them are new."""
    oversized = set(query.oversized) - backlog.oversized
    backlog.oversized |= oversized
    for number in sorted(oversized):
        state.warn(
            "job_oversized",
            f"job {number} of {quoted(backlog.function.name)} is larger than a quarter "
            "of --max-memory and is left in the store: restart with more memory, or "
            f"cancel {state.handle(number).decode()}",
        )
    damaged = set(query.damaged) - backlog.damaged
    backlog.damaged |= damaged
    for number in sorted(damaged):
        state.warn(
            "job_damaged",
            f"job {number} of {quoted(backlog.function.name)} is damaged in the store "
            "and is left there: see geartrain store check",
        )
    return len(damaged) + len(oversized)


def _lost(state: State, backlog: Backlog, count: int) -> None:
    state.warn(
        "jobs_missing",
        f"{count} jobs of {quoted(backlog.function.name)} are not where the store "
        "counts them: see geartrain store check",
    )


def _pause(state: State, backlog: Backlog, error: str) -> None:
    """Ask again in a moment."""
    state.warn(
        "page_failed",
        f"jobs of {quoted(backlog.function.name)} cannot be read: {error}",
    )
    backlog.is_paused = True
    state.alarms.cancel(backlog)
    state.alarms.set(backlog, state.server_time() + 1.0)


def _restored(state: State, record: JobRecord) -> Job:
    """Take a job from the store into memory; it is in no place then."""
    function = state.function(record.function)
    job = kept_job(function, record)
    job.due = record.due
    job.is_steady = record.is_steady
    job.failures = record.failures
    # It is durable: as if by a batch before the first.
    job.batch = -1
    state.remember(job)
    if record.key:
        job.key = record.key
        # A tentative submission with the same key will turn out to be its twin.
        function.keyed[job.key] = job
    backlog = function.backlogs[job.priority]
    if job.number in backlog.oversized:
        backlog.oversized.remove(job.number)
    elif job.number in backlog.damaged:
        # The store was mended meanwhile.
        backlog.damaged.remove(job.number)
    else:
        backlog.give(job.due)
    return job


def recall(state: State, record: JobRecord) -> Job | None:
    """Bring a job into memory out of its turn; None if it has ended."""
    job = state.jobs.get(record.handle)
    if job is None and not state.journal.has_left(record.number):
        job = _restored(state, record)
        state.place(job)
    return job
