"""The scenarios, in the order in which they are run and printed."""

from __future__ import annotations

from benchmarks.scenario import Scenario
from benchmarks.scenarios import (
    drain,
    in_flight,
    round_trip,
    sleepers,
    submit,
    waiting,
)

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        round_trip.SCENARIO,
        in_flight.SCENARIO,
        submit.WITH_UNIQUES,
        submit.WITHOUT_UNIQUES,
        drain.SCENARIO,
        waiting.SCENARIO,
        sleepers.SCENARIO,
    )
}
