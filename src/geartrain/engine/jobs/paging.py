"""Pages: jobs that only the store had come into memory."""

from __future__ import annotations

from geartrain.engine.jobs.life import place
from geartrain.engine.model.backlogs import Agenda, Backlog
from geartrain.engine.model.jobs import PAGED, Job, kept_job
from geartrain.engine.queries import DuePage, Page, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.state import functions, windows
from geartrain.engine.state.state import State
from geartrain.texts import quoted

__all__ = ["forget", "page_in", "recall"]


def forget(state: State, job: Job) -> None:
    """Forget a job that is durable and in the store's care alone, if it is."""
    if job.state is not PAGED or state.journal.is_forgetting(job):
        return
    function = job.function
    function.backlogs[job.priority].leaving -= 1
    state.let_go(job)
    if job.key and function.keyed.get(job.key) is job:
        del function.keyed[job.key]
    windows.refill(state, function, job.priority)


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
        windows.refill(state, backlog.function, backlog.priority)
        functions.retire(state, backlog.function)
    windows.page_on(state)


def _take_in(state: State, records: list[JobRecord]) -> bool:
    """Let jobs that the store has wait in memory; tell whether there was any."""
    is_any = False
    for record in records:
        job = state.jobs.get(record.handle)
        if job is None and not state.journal.has_left(record.number):
            job = _restored(state, record)
        elif job is not None and job.state is PAGED and job.due == record.due:
            # It was about to leave memory, and its turn has come.
            pass
        else:
            continue
        is_any = True
        place(state, job)
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
    windows.arm(state, agenda)


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
    function = functions.find(state, record.function)
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
        place(state, job)
    return job
