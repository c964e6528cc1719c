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
    observed,
    python_do,
    python_import,
    python_jobs,
    python_results,
    python_submit,
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
        observed.SCENARIO,
        python_jobs.LIBRARIES_1,
        python_jobs.LIBRARIES_2,
        python_submit.SCENARIO,
        python_results.ONE,
        python_results.MANY,
        python_import.SCENARIO,
        python_jobs.WORKERS_1,
        python_jobs.WORKERS_2,
        python_do.SCENARIO,
        ten_million.WITHOUT_UNIQUES,
        ten_million.WITH_UNIQUES,
    )
}
