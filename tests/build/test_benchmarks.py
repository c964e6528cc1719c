"""The benchmark runs every scenario on real servers and reports figures for each."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks import generator
from benchmarks.errors import LoadError
from benchmarks.plan import Plan, Result, Step
from benchmarks.report import Report, markdown
from benchmarks.scenario import FREE, PINNED
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import OURS, PEERS, REFERENCES, cpu_seconds, resident_bytes

from tests.support.servers import RunningServer, free_port, running_gearmand

ROOT = Path(__file__).parents[2]
RUNS = 1


def run_benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run every scenario on every peer, tiny, and return the table and the JSON."""
    results = tmp_path_factory.mktemp("benchmarks") / "new" / "results.json"
    done = run_benchmarks(
        "--scale", "0.002", "--runs", str(RUNS), "--results", str(results)
    )
    assert done.returncode == 0, done.stderr
    return {"table": done.stdout, "json": json.loads(results.read_text())}


@pytest.fixture
def gearmand() -> Iterator[RunningServer]:
    with running_gearmand() as server:
        yield server


def load(server: RunningServer, mode: str, **options: int) -> generator.Spent:
    return generator.run(mode, port=server.port, server=server.process.pid, **options)


def status(server: RunningServer) -> bytes:
    with server.connect() as connection:
        connection.sendall(b"status\n")
        answer = b""
        while not answer.endswith(b".\n"):
            answer += connection.recv(4096)
        return answer


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_every_figure_of_every_peer(
    everything: dict[str, Any], name: str
) -> None:
    figures = everything["json"]["scenarios"][name]["figures"]
    expected = {
        f"{figure.placement}.{figure.key}" for figure in SCENARIOS[name].figures
    }
    assert set(figures) == expected
    for key, figure in figures.items():
        assert set(figure["peers"]) == set(PEERS), key
        for peer, found in figure["peers"].items():
            runs = 1 if peer in SCENARIOS[name].once else RUNS
            assert len(found["values"]) == runs, (key, peer)
            assert all(math.isfinite(value) for value in found["values"]), (key, peer)
            assert found["least"] <= found["median"] <= found["greatest"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_comparable_figure_has_its_ratios(
    everything: dict[str, Any], name: str
) -> None:
    figures = everything["json"]["scenarios"][name]["figures"]
    for figure in SCENARIOS[name].figures:
        found = figures[f"{figure.placement}.{figure.key}"]
        expected = {peer.name for peer in REFERENCES} if figure.compare else set()
        assert set(found["ratio_of_geartrain_to"]) == expected, figure.key


def test_costs_and_rates_are_positive(everything: dict[str, Any]) -> None:
    for scenario in everything["json"]["scenarios"].values():
        for key, figure in scenario["figures"].items():
            for peer, found in figure["peers"].items():
                assert found["least"] > 0, (scenario["title"], key, peer)


def test_the_c_server_wakes_everyone_and_ours_at_most_two(
    everything: dict[str, Any],
) -> None:
    figures = everything["json"]["scenarios"]["sleepers"]["figures"]
    woken = figures["pinned.noops"]["peers"]
    workers = figures["pinned.workers"]["peers"]
    for peer in REFERENCES:
        assert woken[peer.name]["median"] == workers[peer.name]["median"]
    assert 1 <= woken[OURS.name]["greatest"] <= 2


def test_the_table_names_every_scenario_and_all_versions(
    everything: dict[str, Any],
) -> None:
    table = everything["table"]
    for scenario in SCENARIOS.values():
        assert f"| {scenario.title} |" in table
    machine = everything["json"]["machine"]
    for fact in (*PEERS, "python", "kernel", "cpu", "cores", "others", "date"):
        assert machine[fact]
        assert f"- {fact}: {machine[fact]}" in table


def test_every_row_of_the_table_has_every_column(everything: dict[str, Any]) -> None:
    rows = [line for line in everything["table"].splitlines() if line.startswith("|")]
    columns = 2 + len(PEERS) + len(REFERENCES)
    assert {row.count("|") for row in rows} == {columns + 1}
    assert len(rows) == 2 + sum(len(each.figures) for each in SCENARIOS.values())


def test_submitted_jobs_wait_and_drained_jobs_are_gone(
    gearmand: RunningServer,
) -> None:
    submitted = load(gearmand, "submit", in_flight=100, jobs=777)
    assert submitted.jobs == 777
    assert status(gearmand) == b"bench\t777\t0\t0\n.\n"
    drained = load(gearmand, "exchange", clients=0, workers=4, jobs=777)
    assert drained.jobs == 777
    assert status(gearmand).startswith(b"bench\t0\t0\t")


def test_uniques_are_all_different(gearmand: RunningServer) -> None:
    load(gearmand, "submit", in_flight=100, jobs=5000, unique=1)
    assert status(gearmand) == b"bench\t5000\t0\t0\n.\n"


def test_submitting_stops_at_its_time_limit(gearmand: RunningServer) -> None:
    spent = load(
        gearmand, "submit", in_flight=2, jobs=10**8, slice=1000, milliseconds=200
    )
    assert 0 < spent.jobs < 10**7
    assert 0.2 <= spent.wall < 5
    assert sum(part.jobs for part in spent.slices) == spent.jobs


def test_processor_time_is_what_proc_says(gearmand: RunningServer) -> None:
    before = cpu_seconds(gearmand.process.pid)
    spent = load(gearmand, "submit", in_flight=100, jobs=100_000)
    after = cpu_seconds(gearmand.process.pid)
    assert spent.server > 0.02
    assert after - before == pytest.approx(spent.server, abs=0.05, rel=0.2)


def test_resident_memory_grows_with_what_waits(gearmand: RunningServer) -> None:
    before = resident_bytes(gearmand.process.pid)
    load(gearmand, "submit", in_flight=100, jobs=20_000)
    assert resident_bytes(gearmand.process.pid) - before > 20_000 * 64


def test_latencies_are_those_of_single_jobs(gearmand: RunningServer) -> None:
    spent = load(gearmand, "exchange", jobs=500, warmup=20, separate=1)
    assert 0 < spent.extra["p50"] <= spent.extra["p99"]
    assert spent.extra["p50"] * 500 / 2 <= spent.wall * 1e6


def test_no_server_is_a_clear_error(gearmand: RunningServer) -> None:
    port = free_port()
    with pytest.raises(LoadError, match=f"connect to 127.0.0.1:{port}"):
        generator.run("submit", port=port, server=gearmand.process.pid)


def test_an_ended_server_process_is_a_clear_error(gearmand: RunningServer) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    with pytest.raises(LoadError, match=f"no process {ended.pid}"):
        generator.run("submit", port=gearmand.port, server=ended.pid)


def test_no_compiler_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "PROGRAM", tmp_path / "build" / "load")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LoadError, match="apt-get install gcc"):
        generator.build()


def test_changed_sources_are_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "PROGRAM", tmp_path / "build" / "load")
    first = generator.build().stat().st_mtime_ns
    assert generator.build().stat().st_mtime_ns == first
    source = tmp_path / "main.c"
    source.write_text("int main(void) { return 0 }")
    monkeypatch.setattr(generator, "SOURCES", tmp_path)
    with pytest.raises(LoadError, match="does not compile"):
        generator.build()


def test_an_unknown_server_is_refused_with_the_known_ones() -> None:
    done = run_benchmarks("--servers", "gearmand -t 9")
    assert done.returncode == 2
    assert "'gearmand -t 0'" in done.stderr


def test_each_run_begins_with_another_peer_and_slow_ones_take_part_once() -> None:
    peers = list(PEERS.values())
    names = [SCENARIOS["drain"], SCENARIOS["waiting"]]
    plan = Plan(scenarios=names, peers=peers, runs=3, scale=1)
    steps = list(plan.steps())
    drains = [step.peer.name for step in steps if step.scenario.name == "drain"]
    assert {drains[0], drains[3], drains[6]} == set(PEERS)
    assert {tuple(sorted(drains[at : at + 3])) for at in (0, 3, 6)} == {
        tuple(sorted(PEERS))
    }
    slow = [step.peer.name for step in steps if step.scenario.name == "waiting"]
    assert {name: slow.count(name) for name in PEERS} == {
        "geartrain": 3,
        "gearmand": 1,
        "gearmand -t 0": 1,
    }


def sample_report(rates: dict[str, list[float]], generator_share: float) -> Report:
    scenario = SCENARIOS["drain"]
    plan = Plan(
        scenarios=[scenario], peers=[PEERS[name] for name in rates], runs=2, scale=1
    )
    results = [
        Result(
            step=Step(number=number, scenario=scenario, peer=PEERS[name]),
            samples={
                f"{PINNED}.cpu_us": 1000 / value,
                f"{FREE}.rate": value,
                f"{FREE}.server_share": 99.0,
                f"{FREE}.generator_share": generator_share,
            },
        )
        for name, values in rates.items()
        for number, value in enumerate(values)
    ]
    return Report(plan=plan, results=results, machine={}, seconds=1)


def test_ratios_pair_the_figures_of_one_run() -> None:
    report = sample_report({"geartrain": [100, 400], "gearmand": [50, 100]}, 10)
    rate = SCENARIOS["drain"].figures[1]
    ratio = report.ratio(SCENARIOS["drain"], "gearmand", rate)
    assert ratio is not None
    assert ratio.values == (2.0, 4.0)
    assert ratio.median == 3.0
    assert "3.00 (2.00 to 4.00)" in markdown(report)


@pytest.mark.parametrize(("share", "mark"), [(89.0, ""), (95.0, "≥ ")])
def test_a_saturated_generator_makes_rates_lower_bounds(
    share: float, mark: str
) -> None:
    table = markdown(sample_report({"geartrain": [100, 300]}, share))
    assert f"| jobs per second (/s) | {mark}200 (100 to 300) |" in table
    assert "| server CPU per job (µs) | 6.67 (3.33 to 10.00) |" in table
