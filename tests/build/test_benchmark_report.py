"""Who takes part in a benchmark, where, and what is made of the samples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.disk import fdatasync_text, fresh_folder, mount_of
from benchmarks.errors import BenchmarkError
from benchmarks.peers import BEANSTALKD_FSYNC, GEARMAND_SQLITE, PEERS
from benchmarks.plan import Plan, Result, Step
from benchmarks.report import Report, markdown
from benchmarks.scenario import FREE, PINNED
from benchmarks.scenarios import SCENARIOS
from benchmarks.suites import DURABLE

SHARED_MEMORY = Path("/dev/shm")


def test_a_disk_is_named_by_its_file_system(tmp_path: Path) -> None:
    root = mount_of(Path("/"))
    assert root.point == Path("/")
    assert root.kind
    with fresh_folder(tmp_path) as folder:
        assert not list(folder.iterdir())
        assert folder.parent == tmp_path
    assert not folder.exists()


def test_memory_is_no_disk(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no folder: name one on a disk by --disk"):
        mount_of(tmp_path / "missing")
    if SHARED_MEMORY.is_dir():
        with pytest.raises(BenchmarkError, match="tmpfs, which is memory"):
            mount_of(SHARED_MEMORY)


def test_fdatasync_is_timed(tmp_path: Path) -> None:
    found = re.findall(
        r"p50 (\d+\.\d\d) ms, p99 (\d+\.\d\d) ms", fdatasync_text(tmp_path)
    )
    assert len(found) == 2
    assert all(float(middle) <= float(late) for middle, late in found)
    assert not list(tmp_path.iterdir())


def plan_of(scenarios: list[str], servers: set[str], runs: int = 2) -> Plan:
    return Plan(
        scenarios=[SCENARIOS[name] for name in scenarios],
        servers=frozenset(servers),
        runs=runs,
        scale=1,
        disk=Path("/var/tmp"),
    )


def test_each_run_begins_with_another_peer_and_slow_ones_take_part_once() -> None:
    peers = {peer.name for peer in SCENARIOS["drain"].peers}
    steps = list(plan_of(["drain", "waiting"], peers, runs=3).steps())
    drains = [step.peer.name for step in steps if step.scenario.name == "drain"]
    assert {drains[0], drains[3], drains[6]} == peers
    assert {frozenset(drains[at : at + 3]) for at in (0, 3, 6)} == {frozenset(peers)}
    slow = [step.peer.name for step in steps if step.scenario.name == "waiting"]
    assert {name: slow.count(name) for name in peers} == {
        "geartrain": 3,
        "gearmand": 1,
        "gearmand -t 0": 1,
    }


def test_peers_take_part_where_their_figures_mean_something() -> None:
    plan = plan_of(["durable-submit", "durable-submit-plain"], set(PEERS), runs=1)
    steps = [(step.scenario.name, step.peer) for step in plan.steps()]
    assert ("durable-submit", GEARMAND_SQLITE) in steps
    assert ("durable-submit", BEANSTALKD_FSYNC) not in steps
    assert ("durable-submit-plain", BEANSTALKD_FSYNC) in steps
    assert ("durable-submit-plain", GEARMAND_SQLITE) not in steps
    assert plan.all_peers()[0] is DURABLE.ours
    assert plan.needs_disk()


def sample_report(rates: dict[str, list[float]], generator_share: float) -> Report:
    scenario = SCENARIOS["drain"]
    plan = plan_of(["drain"], set(rates))
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
