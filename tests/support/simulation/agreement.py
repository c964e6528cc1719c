"""What several job servers at rest agree on: settings, and schedules that all have."""

from __future__ import annotations

import json
from collections.abc import Sequence

from geartrain.engine.jobs.schedules import SHARED_CHANGES
from geartrain.engine.state.functions import FUNCTION
from geartrain.engine.state.overrides import POLICY
from geartrain.engine.state.state import State
from tests.support.lanes import Database

__all__ = ["check_runs", "check_settings", "check_times"]

_MINUTE = 60.0


def check_settings(states: Sequence[State], database: Database) -> None:
    """Check that what operators have set holds everywhere."""
    common = database.common
    changed = {
        name: json.loads(value)
        for (kind, name), value in common.items()
        if kind == SHARED_CHANGES
    }
    for state in states:
        for pattern in (b"f", b"g", b"*"):
            value = common.get((POLICY, pattern))
            settings = {} if value is None else json.loads(value)["settings"]
            assert state.policies.changed(pattern) == settings
        for name in (b"f", b"g", b"h"):
            function = state.functions.get(name)
            limits = common.get((FUNCTION, name))
            is_named = function is not None and function.is_named
            assert is_named == (limits is not None)
            if function is not None and limits is not None:
                assert function.limits == json.loads(limits)
        schedules = state.schedules
        assert {name: schedules[name].changed for name in schedules} == changed


def check_runs(leading: Sequence[State], database: Database) -> None:
    """Check that schedules wait for no job of their own lane that has ended.

    The store is asked for others from time to time.
    """
    kept = database.jobs.by_number
    for state in leading:
        for schedule in state.schedules.values():
            runs = [each for each in schedule.runs if not each.outcome]
            own = [each.number for each in runs if state.is_of_lane(each.number)]
            assert all(number in kept for number in own)


def check_times(
    state: State, database: Database, steady_since: dict[bytes, float]
) -> None:
    """Check that the last times have come of schedules that make up for all.

    ``steady_since`` has since when, by the calendar, nobody has changed each; those
    that it lacks count from now on.
    """
    now = state.wall_time()
    for (_, name), value in database.progress.items():
        since = steady_since.setdefault(name, now)
        schedule = state.schedules.get(name)
        if schedule is None or schedule.missed != "all" or schedule.is_paused:
            continue
        told = json.loads(value)
        is_waiting = any(not outcome for *_, outcome, _ in told["runs"])
        if len(told["runs"]) == 10 and is_waiting:
            # There may be no room to tell what became of another.
            continue
        came = {told["held"], *(due for due, *_ in told["runs"])}
        last = now // _MINUTE * _MINUTE
        first = max(since // _MINUTE * _MINUTE + _MINUTE, last - 5 * _MINUTE)
        due = {first + each * _MINUTE for each in range(6)}
        missing = {each for each in due if each <= last} - came
        assert not missing, f"{name!r} did not come at {missing}: {told}"
