"""The scenarios, in the order in which they are run and printed."""

from __future__ import annotations

from benchmarks.scenario import Scenario
from benchmarks.scenarios import (
    drain,
    durable_exchange,
    durable_latency,
    durable_submit,
    durable_waiting,
    in_flight,
    round_trip,
    sleepers,
    submit,
    ten_million,
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
        durable_submit.ONE_CLIENT,
        durable_submit.ONE_CLIENT_PLAIN,
        durable_submit.MANY_CLIENTS,
        durable_submit.MANY_CLIENTS_PLAIN,
        durable_submit.ONE_BY_ONE,
        durable_exchange.WITH_UNIQUES,
        durable_exchange.WITHOUT_UNIQUES,
        durable_latency.SCENARIO,
        durable_waiting.SCENARIO,
        ten_million.WITHOUT_UNIQUES,
        ten_million.WITH_UNIQUES,
    )
}
