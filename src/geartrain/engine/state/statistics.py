"""What happens to jobs is counted here: in the open minute of their function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.model import counts
from geartrain.engine.model.counts import bucket, submission, unpack
from geartrain.engine.model.functions import Function
from geartrain.engine.model.health import OK
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.open_counts import OpenCounts
from geartrain.engine.model.statistics import (
    Ring,
    SlotPage,
    Statistics,
    page_of,
    read_page,
)
from geartrain.engine.records import Entry
from geartrain.engine.state.slots import MINUTE
from geartrain.engine.state.state import State

__all__ = [
    "adopt",
    "count",
    "count_refusal",
    "count_run",
    "count_submission",
    "count_wait",
    "end_all",
    "end_minute",
    "restore",
]

# Units of work, as ``turns`` counts it, of closing one function's minute or hour, and
# of dropping a page or having it saved.
_CLOSE: Final = 15
_DROP: Final = 60
_SAVE: Final = 100


def count(state: State, function: Function, kind: int) -> None:
    """Count an event of a function's jobs, of a kind that ``model.counts`` names."""
    its, every = _open(state, function.statistics)
    its.count(kind)
    every.count(kind)


def count_job(state: State, job: Job, kind: int) -> None:
    """Count an event of a job, where it was submitted."""
    if not job.is_doubled:
        count(state, job.function, kind)


def count_submission(state: State, job: Job) -> None:
    """Count a job that was submitted, by its priority and kind."""
    if job.is_doubled:
        return
    its, every = _open(state, job.function.statistics)
    number = submission(job.priority, job.background)
    its.submit(number)
    every.submit(number)


def count_refusal(state: State, name: bytes) -> None:
    """Count a submission that was refused, of a function that need not be known."""
    function = state.functions.get(name)
    if function is not None:
        count(state, function, counts.REFUSED)
    else:
        _open(state, state.slots.all)[1].count(counts.REFUSED)


def count_wait(state: State, job: Job, seconds: float) -> None:
    """Count an attempt that began, and how long its job had waited."""
    if job.is_doubled:
        return
    number = bucket(seconds)
    its, every = _open(state, job.function.statistics)
    its.wait(seconds, number)
    every.wait(seconds, number)


def count_run(state: State, job: Job, seconds: float) -> None:
    """Count how long an attempt ran that has ended, however it did."""
    if job.is_doubled:
        return
    number = bucket(seconds)
    its, every = _open(state, job.function.statistics)
    its.run(seconds, number)
    every.run(seconds, number)


def _open(state: State, statistics: Statistics) -> tuple[OpenCounts, OpenCounts]:
    """Return the counts of the open minute: these, and those of all functions.

    Where these have part in the minute, so have those of all.
    """
    slots = state.slots
    if statistics.minute != slots.minute:
        _begin(state, slots.all)
        _begin(state, statistics)
    its, every = statistics.open, slots.all.open
    assert its is not None
    assert every is not None
    return its, every


def _begin(state: State, statistics: Statistics) -> None:
    """Open a minute, if there is none, and let these statistics have part in it."""
    slots = state.slots
    if statistics.minute == slots.minute:
        return
    if not slots.minute:
        slots.begin(state.server_time())
        end = (slots.minute + 1) * MINUTE - state.server_time()
        slots.until = state.now + end
    slots.open(statistics)


def end_minute(state: State) -> None:
    """React to the end of the open minute: close it, as much at a time as fits."""
    slots = state.slots
    minute = slots.minute
    slots.minute = 0
    slots.until = 0.0
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
    for ring, page in slots.unsaved() if state.journal.keeps_jobs else ():
        _save(state, ring, page)
        yield
    dropped = slots.drop_oldest(state.server_time())
    while dropped is not None:
        state.turns.work += _DROP
        state.journal.remove(dropped[0].kind, dropped[1].key())
        yield
        dropped = slots.drop_oldest(state.server_time())


def _save(state: State, ring: Ring, page: SlotPage) -> None:
    """Have the store keep a page, if it has room for more than jobs."""
    if state.journal.keeps_jobs and state.health.state == OK:
        state.turns.work += _SAVE
        state.journal.put(ring.kind, page.key(), page.value())
        page.is_saved = True


def end_all(state: State) -> None:
    """Have the store keep what was counted so far: the job server is about to stop."""
    slots = state.slots
    slots.until = 0.0
    for statistics in slots.opened:
        slots.close(statistics)
    slots.opened = []
    slots.minute = 0
    for ring, page in slots.unsaved():
        _save(state, ring, page)


def restore(state: State, entries: list[Entry]) -> None:
    """Go on with what a store has kept, before there are functions."""
    slots = state.slots
    for ring in slots.rings():
        is_all = ring in (slots.all_minutes, slots.all_hours)
        for entry in sorted(
            (each for each in entries if each.kind == ring.kind), key=_order
        ):
            try:
                found = read_page(entry.value)
                ring.restore(
                    entry.key,
                    [
                        (slots.all if is_all else slots.known(name), packed)
                        for name, packed in found
                    ],
                )
            except ValueError:
                state.journal.remove(entry.kind, entry.key)
    slots.resume()


def adopt(state: State, entries: list[Entry]) -> None:
    """Have what another job server counted that shares the store: it has left it.

    Its pages are in our lane now, but for those with the key of one of ours.
    """
    slots = state.slots
    # The last hour that it had ended, by function.
    ended: dict[Statistics, int] = {}
    for ring in (slots.hours, slots.all_hours):
        for page in _take_in(state, ring, entries):
            for statistics in page.members:
                ended[statistics] = max(ended.get(statistics, 0), page.number)
    for ring in (slots.minutes, slots.all_minutes):
        for page in _take_in(state, ring, entries):
            hour = page.number // 60
            for statistics, packed in zip(page.members, page.packed, strict=True):
                if hour > ended.get(statistics, 0):
                    slots.add_late(statistics, hour, unpack(packed))
    for ring, page in slots.unsaved():
        _save(state, ring, page)
    first = slots.all_minutes.pages
    if first:
        since = first[0].number * MINUTE
        slots.since = min(slots.since or since, since)


def _take_in(state: State, ring: Ring, entries: list[Entry]) -> list[SlotPage]:
    """Take the pages of a ring out of entries; return them."""
    slots = state.slots
    is_all = ring in (slots.all_minutes, slots.all_hours)
    pages = []
    for entry in entries:
        if entry.kind != ring.kind:
            continue
        try:
            found = [
                (slots.all if is_all else _statistics_of(state, name), packed)
                for name, packed in read_page(entry.value)
            ]
            pages.append(page_of(entry.key, found))
        except ValueError:
            state.journal.remove(entry.kind, entry.key)
    state.turns.work += _SAVE * len(pages)
    ring.take_in(pages)
    return pages


def _statistics_of(state: State, name: bytes) -> Statistics:
    function = state.functions.get(name)
    return state.slots.known(name) if function is None else function.statistics


def _order(entry: Entry) -> tuple[int, bytes]:
    """Sort keys by their numbers, of however many digits."""
    return len(entry.key.partition(b".")[0]), entry.key
