"""What came of the times of schedules, and how far each has come.

Both are in one entry of the store for each schedule. It is written in the batch of the
job that a time submits, and in that of the job's end: so a time that a crash cuts short
has come with its job, or not at all.
"""

from __future__ import annotations

import json
from typing import Any, Final

from geartrain.engine.model.schedule_settings import settings_of, times_of
from geartrain.engine.model.schedules import ELSEWHERE, Run, Schedule
from geartrain.engine.queries import FindDead, FindJob, Query
from geartrain.engine.state.state import State

__all__ = [
    "LOOK_EVERY",
    "PROGRESS",
    "RETRY",
    "SHARED_PROGRESS",
    "clear",
    "end",
    "forget",
    "give_back",
    "has_foreign",
    "is_elsewhere",
    "is_shared",
    "keep",
    "learn",
    "look_again",
    "look_up",
    "note",
    "rename",
    "restore",
    "schedule_of",
]

PROGRESS: Final = b"schedule-progress"
"""The kind of entry that keeps how far a schedule has come."""

SHARED_PROGRESS: Final = b"shared-progress"
"""The same of one that all have which share the store: kept by the one that leads."""

# Runs kept of each schedule: a week of nights, and ten minutes of minutes.
_MOST: Final = 10
# Jobs that the store is asked for at once: it takes some 10 ms.
_ASKED: Final = 20

RETRY: Final = 1.0
"""Seconds until a store that has refused a schedule's job is tried again."""

LOOK_EVERY: Final = 5.0
"""Seconds between two questions for jobs of other job servers."""


def note(
    state: State,
    schedule: Schedule,
    due: float,
    number: int,
    outcome: str,
    *,
    is_asked: bool = False,
) -> None:
    """Note what came of a time of a schedule: its job's ``number``, or an outcome."""
    run = Run(due, number, outcome)
    run.is_asked = is_asked
    if number:
        run.batch = state.journal.following()
    if outcome:
        run.ended = state.wall_time()
    schedule.counts[outcome or "submitted"] += 1
    _add(state, schedule, run)


def _add(state: State, schedule: Schedule, run: Run) -> None:
    schedule.runs.append(run)
    if run.number:
        state.runs.setdefault(run.number, []).append(schedule)
    while len(schedule.runs) > _MOST:
        place = _expendable(state, schedule)
        if place < 0:
            break
        _untrack(state, schedule, schedule.runs.pop(place).number)


def _expendable(state: State, schedule: Schedule) -> int:
    """Return which run is the first to be told no more; -1 if none is yet.

    It is the earliest, but none whose job the next time has to wait for, or the store
    may still refuse.
    """
    for place, run in enumerate(schedule.runs):
        is_kept = run.batch <= state.journal.committed
        is_waited_for = schedule.overlap != "allow" and run.is_outstanding()
        if is_kept and not is_waited_for:
            return place
    return -1


def _untrack(state: State, schedule: Schedule, number: int) -> None:
    schedules = state.runs.get(number)
    if schedules is None or schedule not in schedules:
        return
    schedules.remove(schedule)
    if not schedules:
        del state.runs[number]


def end(state: State, number: int, outcome: str) -> None:
    """Note how a job has ended, if a schedule's time is waiting for that."""
    for schedule in state.runs.get(number, ()):
        for run in schedule.runs:
            if run.number == number:
                run.outcome = outcome
                run.ended = state.wall_time()
        held = schedule.held
        if held.due and not held.timer and not schedule.outstanding():
            state.alarms.set(held, state.server_time())
        keep(state, schedule)


def schedule_of(state: State, number: int) -> bytes:
    """Return the name of the schedule that submitted a job; empty if none has."""
    schedules = state.runs.get(number)
    return schedules[0].handle if schedules else b""


def rename(state: State, number: int, twin: int) -> None:
    """Note that a job turned out to be another, which it joins."""
    for schedule in state.runs.pop(number, ()):
        for run in schedule.runs:
            if run.number == number:
                run.number = twin
        state.runs.setdefault(twin, []).append(schedule)
        keep(state, schedule)


def is_shared(state: State, schedule: Schedule) -> bool:
    """Tell whether all job servers that ever share the store have one in common.

    One that a client submitted belongs to the job server that took it, as its jobs do.
    """
    is_common = state.is_shared or state.has_common
    return is_common and not schedule.is_clients()


def is_elsewhere(state: State, schedule: Schedule) -> bool:
    """Tell whether another job server submits the jobs of a schedule."""
    return not state.leads and is_shared(state, schedule)


def give_back(state: State, number: int) -> None:
    """Have the times come again whose job the store has refused, once it takes it.

    Nobody else would submit it again, as a client does.
    """
    for schedule in dict.fromkeys(state.runs.pop(number, ())):
        for run in [each for each in schedule.runs if each.number == number]:
            if run.is_asked:
                run.number, run.outcome = 0, "refused"
                run.ended = state.wall_time()
                continue
            schedule.runs.remove(run)
            schedule.counts["submitted"] -= 1
            schedule.owed.times.append(run.due)
        if schedule.owed.times:
            state.alarms.set(schedule.owed, state.server_time() + RETRY)
        keep(state, schedule)


def keep(state: State, schedule: Schedule) -> None:
    """Record how far a schedule has come, unless that is another job server's to do."""
    if not state.journal.keeps_jobs or is_elsewhere(state, schedule):
        return
    values = {
        "times": times_of(settings_of(schedule.settings())),
        "due": schedule.due,
        "shift": schedule.shift,
        "ran": schedule.ran,
        "held": schedule.held.due,
        "owed": schedule.owed.times,
        "runs": [
            [run.due, run.number, run.outcome, run.ended] for run in schedule.runs
        ],
    }
    kind = _kind_of(state, schedule)
    state.journal.put(kind, schedule.handle, json.dumps(values).encode())


def _kind_of(state: State, schedule: Schedule) -> bytes:
    return SHARED_PROGRESS if is_shared(state, schedule) else PROGRESS


def forget(state: State, schedule: Schedule) -> None:
    """Forget what came of a schedule's times: it has ended."""
    clear(state, schedule)
    state.alarms.cancel(schedule.held)
    state.alarms.cancel(schedule.owed)
    if not is_elsewhere(state, schedule):
        state.journal.remove(_kind_of(state, schedule), schedule.handle)


def look_up(state: State) -> None:
    """Ask the store for the jobs of times that have not ended, as far as was noted.

    One that it has no more, because its file was repaired or is another, would hold up
    the schedule's next for ever.
    """
    state.doubted_runs = [
        number
        for number, schedules in state.runs.items()
        if any(_waits_for(schedule, number) for schedule in schedules)
    ]
    _ask(state)


def _ask(state: State) -> None:
    """Ask the store for some of the jobs that ``look_up`` is about.

    Thousands at once would keep it from renewing a lease in time.
    """
    numbers = state.doubted_runs[:_ASKED]
    del state.doubted_runs[:_ASKED]
    queries: list[Query] = []
    for number in numbers:
        for query in (FindJob(number, False), FindDead(number, False)):
            query.is_anywhere = True
            queries.append(query)
    if queries:
        state.journal.ask(queries, None, None)


def has_foreign(state: State, schedule: Schedule) -> bool:
    """Tell whether a job is waited for whose end another job server may see.

    It joined one of that, or stayed with the heir of another lane.
    """
    return any(
        run.is_outstanding() and not state.is_of_lane(run.number)
        for run in schedule.runs
    )


def look_again(state: State, schedule: Schedule) -> None:
    """Ask the store from time to time whether such jobs have ended."""
    if state.now < schedule.looked_up + LOOK_EVERY or not has_foreign(state, schedule):
        return
    schedule.looked_up = state.now
    state.doubted_runs += [
        run.number
        for run in schedule.runs
        if run.is_outstanding() and not state.is_of_lane(run.number)
    ]
    _ask(state)


def _waits_for(schedule: Schedule, number: int) -> bool:
    return any(run.number == number and not run.outcome for run in schedule.runs)


def learn(state: State, answers: list[Query]) -> None:
    """Take in what the store says of the jobs that ``look_up`` asked for.

    A dead letter has ended: another job server may have led when it died.
    """
    outcomes: dict[int, str] = {}
    for answer in answers:
        if isinstance(answer, FindJob | FindDead):
            outcomes.setdefault(answer.number, ELSEWHERE if state.is_shared else "lost")
            if answer.error:
                outcomes[answer.number] = ""
            elif answer.record is not None:
                is_dead = isinstance(answer, FindDead)
                outcomes[answer.number] = "dead" if is_dead else ""
    for number, outcome in outcomes.items():
        waiting = state.runs.get(number, ())
        if outcome and any(_waits_for(each, number) for each in waiting):
            end(state, number, outcome)
    _ask(state)


def clear(state: State, schedule: Schedule) -> None:
    """Forget what came of a schedule's times, but not how far it has come."""
    while schedule.runs:
        _untrack(state, schedule, schedule.runs.pop().number)


def restore(state: State, schedule: Schedule, value: bytes) -> bool:
    """Take back what ``keep`` recorded; tell whether its next time still holds.

    It does not where the schedule's times have changed since, or the system's clock was
    set while there was no job server.

    Raises:
        ValueError, LookupError, TypeError: it is nothing that ``keep`` recorded.
    """
    values: dict[str, Any] = json.loads(value)
    for due, number, outcome, ended in values["runs"]:
        run = Run(float(due), int(number), str(outcome))
        run.ended = float(ended)
        _add(state, schedule, run)
    schedule.ran = float(values["ran"])
    schedule.held.due = float(values["held"])
    schedule.owed.times = [float(each) for each in values.get("owed", ())]
    if values["times"] != times_of(settings_of(schedule.settings())):
        return False
    schedule.due = float(values["due"])
    schedule.shift = float(values["shift"])
    return True
