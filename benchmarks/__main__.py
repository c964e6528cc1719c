"""``python -m benchmarks``: run the scenarios, print tables, write JSON."""

from __future__ import annotations

import time
from pathlib import Path

import click

from benchmarks import disk, generator, machine, report
from benchmarks.contenders import LIBRARIES
from benchmarks.errors import BenchmarkError
from benchmarks.peers import PEERS
from benchmarks.plan import Plan, run_plan
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS
from benchmarks.suites import SUITES

LATEST = Path(__file__).parent / "results" / "latest.json"
NAMED = (*PEERS, *LIBRARIES)
QUICK_SCALE = 0.1
QUICK_RUNS = 2


def _tell(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=None,
    help="How often each peer runs each scenario.  [default: 5]",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    type=click.Choice(SUITES),
    help="Run the scenarios of this suite alone; may be given more than once.",
)
@click.option(
    "--only",
    "scenarios",
    multiple=True,
    type=click.Choice(list(SCENARIOS)),
    help="Run this scenario alone, also one that runs on demand only; may be given"
    " more than once.",
)
@click.option(
    "--servers",
    multiple=True,
    type=click.Choice(list(NAMED)),
    help="Measure this job server or library alone; may be given more than once.",
)
@click.option("--quick", is_flag=True, help="A tenth of the size, two runs.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=None,
    help="The part of the full size to run.  [default: 1]",
)
@click.option(
    "--disk",
    "folder",
    type=click.Path(path_type=Path),
    default=disk.DEFAULT,
    show_default=True,
    help="A folder on the disk that durable job servers are to use.",
)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LATEST,
    help="Where the JSON goes.  [default: benchmarks/results/latest.json]",
)
def main(  # noqa: PLR0913, PLR0917
    runs: int | None,
    suites: tuple[str, ...],
    scenarios: tuple[str, ...],
    servers: tuple[str, ...],
    quick: bool,
    scale: float | None,
    folder: Path,
    results: Path,
) -> None:
    """Measure Geartrain on this machine beside other job servers and libraries."""
    named = frozenset(servers or NAMED)
    plan = Plan(
        scenarios=_chosen(suites, scenarios, named),
        servers=named,
        runs=runs or (QUICK_RUNS if quick else 5),
        scale=scale or (QUICK_SCALE if quick else 1.0),
        disk=folder,
    )
    try:
        done = _measure(plan)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report.markdown(done))
    report.write(done, results)
    _tell(f"written to {results}")


def _chosen(
    suites: tuple[str, ...], names: tuple[str, ...], servers: frozenset[str]
) -> list[Scenario]:
    """Return the scenarios that are asked for and have one of these job servers."""
    chosen = [
        scenario
        for scenario in SCENARIOS.values()
        if (scenario.name in names if names else not scenario.on_demand)
        and scenario.suite.name in (suites or SUITES)
        and any(peer.name in servers for peer in scenario.peers)
    ]
    if not chosen:
        raise click.UsageError("these options together leave no scenario to run")
    return chosen


def _measure(plan: Plan) -> report.Report:
    generator.build()
    began = time.monotonic()
    peers = plan.all_peers()
    facts = machine.describe(peers)
    if plan.needs_disk():
        facts |= machine.describe_disk(plan.disk, peers)
        facts["fdatasync before"] = disk.fdatasync_text(plan.disk)
    others = machine.Others()
    results = run_plan(plan, _tell)
    facts["others"] = others.text()
    if plan.needs_disk():
        facts["fdatasync after"] = disk.fdatasync_text(plan.disk)
    return report.Report(
        plan=plan,
        results=results,
        machine=facts,
        seconds=time.monotonic() - began,
    )


if __name__ == "__main__":
    main(prog_name="script/bench")
