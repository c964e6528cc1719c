"""The benchmark runs every scenario on real servers and reports figures for each."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.contenders import GEARTRAIN_PYTHON_SQLITE, LIBRARIES
from benchmarks.libraries import environment
from benchmarks.peers import (
    BEANSTALKD_FSYNC,
    GEARTRAIN,
    GEARTRAIN_MARIADB,
    GEARTRAIN_REDIS,
    GEARTRAIN_SQLITE,
    PEERS,
)
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS
from benchmarks.suites import MEMORY

ROOT = Path(__file__).parents[2]
RUNS = 1
ON_DEMAND = [name for name, each in SCENARIOS.items() if each.on_demand]
ELSEWHERE = [
    name for name, each in LIBRARIES.items() if each.prepare is environment.make
]
"""What has an environment of its own, which script/bench makes."""

ON_PG = [name for name in ELSEWHERE if LIBRARIES[name].database]
"""Those of them that keep jobs in PostgreSQL."""

SLOW_TO_START = [
    each.name
    for each in (
        GEARTRAIN_SQLITE,
        GEARTRAIN_MARIADB,
        GEARTRAIN_REDIS,
        GEARTRAIN_PYTHON_SQLITE,
    )
]
"""Stores beside PostgreSQL, which are measured in the same way."""

TAKING_PART = {*PEERS, *LIBRARIES} - {*ELSEWHERE, *SLOW_TO_START}
_NAMED = [word for name in sorted(TAKING_PART) for word in ("--servers", name)]
GROUPS = {
    "memory": ["--suite", "memory"],
    "durable": ["--suite", "durable"],
    "observed": ["--suite", "observed"],
    "python": ["--suite", "python", *_NAMED],
    "stores": ["--suite", "stores", *_NAMED],
    "postgresql": ["--suite", "postgresql", *_NAMED],
    "on demand": [word for name in ON_DEMAND for word in ("--only", name)],
}
"""Scenarios that are run together, tiny, and the options that name them."""

# A group takes half a minute, and twice that beside other work.
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


def run_benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


class Groups:
    """The table and the JSON of each group of scenarios, run when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: dict[str, dict[str, Any]] = {}

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._done:
            self._done[name] = self._run(name)
        return self._done[name]

    def of(self, scenario: Scenario) -> dict[str, Any]:
        group = "on demand" if scenario.on_demand else scenario.suite.name
        found: dict[str, Any] = self[group]["json"]["scenarios"][scenario.name]
        return found

    def _run(self, name: str) -> dict[str, Any]:
        results = self._folder / name / "results.json"
        size = ["--scale", "0.002", "--runs", str(RUNS), "--results", str(results)]
        done = run_benchmarks(*GROUPS[name], *size)
        assert done.returncode == 0, done.stderr
        return {"table": done.stdout, "json": json.loads(results.read_text())}


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Groups:
    return Groups(tmp_path_factory.mktemp("benchmarks"))


def names(scenario: Scenario) -> set[str]:
    return {peer.name for peer in scenario.peers} & TAKING_PART


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_every_figure_of_every_peer(
    groups: Groups, name: str
) -> None:
    figures = groups.of(SCENARIOS[name])["figures"]
    expected = {
        f"{figure.placement}.{figure.key}" for figure in SCENARIOS[name].figures
    }
    assert set(figures) == expected
    for key, figure in figures.items():
        assert set(figure["peers"]) == names(SCENARIOS[name]), key
        for peer, found in figure["peers"].items():
            runs = 1 if peer in SCENARIOS[name].once else RUNS
            assert len(found["values"]) == runs, (key, peer)
            assert all(math.isfinite(value) for value in found["values"]), (key, peer)
            assert found["least"] <= found["median"] <= found["greatest"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_comparable_figure_has_its_ratios(groups: Groups, name: str) -> None:
    figures = groups.of(SCENARIOS[name])["figures"]
    ours = SCENARIOS[name].suite.ours.name
    references = names(SCENARIOS[name]) - {ours}
    for figure in SCENARIOS[name].figures:
        found = figures[f"{figure.placement}.{figure.key}"]
        expected = references if figure.compare else set()
        assert set(found["ratio_of_geartrain_to"]) == expected, figure.key


@pytest.mark.parametrize("name", SCENARIOS)
def test_costs_and_rates_are_positive(groups: Groups, name: str) -> None:
    for key, figure in groups.of(SCENARIOS[name])["figures"].items():
        for peer, found in figure["peers"].items():
            assert found["least"] > 0, (key, peer)


def test_the_c_server_wakes_everyone_and_ours_at_most_two(groups: Groups) -> None:
    figures = groups.of(SCENARIOS["sleepers"])["figures"]
    woken = figures["pinned.noops"]["peers"]
    workers = figures["pinned.workers"]["peers"]
    for peer in MEMORY.references:
        assert woken[peer.name]["median"] == workers[peer.name]["median"]
    assert 1 <= woken[GEARTRAIN.name]["greatest"] <= 2


@pytest.mark.parametrize("group", GROUPS)
def test_the_table_names_every_scenario_and_all_versions(
    groups: Groups, group: str
) -> None:
    table = groups[group]["table"]
    machine = groups[group]["json"]["machine"]
    ran = [SCENARIOS[name] for name in groups[group]["json"]["scenarios"]]
    facts = {"python", "kernel", "cpu", "cores", "others", "date"}
    for scenario in ran:
        assert f"| {scenario.title} |" in table
        facts |= names(scenario)
        facts |= {PEERS[name].database for name in names(scenario) & {*PEERS}}
        facts |= {LIBRARIES[name].database for name in names(scenario) & {*LIBRARIES}}
    facts.discard("")
    if group not in {"memory", "python"}:
        facts |= {"sqlite", "disk", "fdatasync before", "fdatasync after"}
    assert set(machine) == facts
    for fact in facts:
        assert machine[fact]
        assert f"- {fact}: {machine[fact]}" in table


@pytest.mark.parametrize("group", GROUPS)
def test_every_row_of_a_table_has_every_column(groups: Groups, group: str) -> None:
    text, ran = groups[group]["table"], groups[group]["json"]["scenarios"]
    scenarios = [SCENARIOS[name] for name in ran]
    for suite in {scenario.suite for scenario in scenarios}:
        inside = [scenario for scenario in scenarios if scenario.suite is suite]
        table = text.partition(f"{suite.title}:\n\n")[2].partition("\n\n")[0]
        rows = table.splitlines()
        peers = {peer for scenario in inside for peer in names(scenario)}
        columns = 2 + len(peers) + len(peers) - 1
        assert {row.count("|") for row in rows} == {columns + 1}
        assert len(rows) == 2 + sum(len(scenario.figures) for scenario in inside)


def test_everything_but_what_is_on_demand_runs_by_default(groups: Groups) -> None:
    ran = {
        name
        for group in GROUPS
        if group != "on demand"
        for name in groups[group]["json"]["scenarios"]
    }
    assert ran == set(SCENARIOS) - set(ON_DEMAND)


@pytest.mark.skipif(not environment.is_made(), reason="script/bench makes .venv-bench")
@pytest.mark.parametrize("name", ON_PG)
def test_a_library_on_postgresql_is_measured(name: str, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    size = ["--scale", "0.01", "--runs", "1", "--results", str(results)]
    done = run_benchmarks("--suite", "postgresql", "--servers", name, *size)
    assert done.returncode == 0, done.stderr
    found = json.loads(results.read_text())
    for scenario in found["scenarios"].values():
        for key, figure in scenario["figures"].items():
            assert figure["peers"][name]["least"] > 0, key


@pytest.mark.skipif(not environment.is_made(), reason="script/bench makes .venv-bench")
@pytest.mark.parametrize("name", [each for each in ELSEWHERE if each not in ON_PG])
def test_a_library_on_redis_is_measured(name: str, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    chosen = ["--only", "python-jobs-2", "--only", "python-result", "--servers", name]
    size = ["--scale", "0.01", "--runs", "1", "--results", str(results)]
    done = run_benchmarks(*chosen, *size)
    assert done.returncode == 0, done.stderr
    found = json.loads(results.read_text())
    for scenario in ("python-jobs-2", "python-result"):
        for key, figure in found["scenarios"][scenario]["figures"].items():
            assert figure["peers"][name]["least"] > 0, (scenario, key)
    assert "redis-server" in found["machine"][name]


def test_options_that_leave_nothing_are_refused() -> None:
    done = run_benchmarks("--suite", "memory", "--servers", BEANSTALKD_FSYNC.name)
    assert done.returncode == 2
    assert "leave no scenario" in done.stderr


def test_an_unknown_server_is_refused_with_the_known_ones() -> None:
    done = run_benchmarks("--servers", "gearmand -t 9")
    assert done.returncode == 2
    assert "'gearmand -t 0'" in done.stderr
