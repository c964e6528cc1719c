"""``python -m benchmarks``: run the scenarios, print a table, write JSON."""

from __future__ import annotations

import time
from pathlib import Path

import click

from benchmarks import generator, machine, report
from benchmarks.errors import BenchmarkError
from benchmarks.plan import Plan, run_plan
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import PEERS

LATEST = Path(__file__).parent / "results" / "latest.json"
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
    "--only",
    "scenarios",
    multiple=True,
    type=click.Choice(list(SCENARIOS)),
    help="Run this scenario alone; may be given more than once.",
)
@click.option(
    "--servers",
    multiple=True,
    type=click.Choice(list(PEERS)),
    help="Measure this job server alone; may be given more than once.",
)
@click.option("--quick", is_flag=True, help="A tenth of the size, two runs.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, max=1, min_open=True),
    default=None,
    help="The part of the full size to run.  [default: 1]",
)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    default=LATEST,
    help="Where the JSON goes.  [default: benchmarks/results/latest.json]",
)
def main(
    runs: int | None,
    scenarios: tuple[str, ...],
    servers: tuple[str, ...],
    quick: bool,
    scale: float | None,
    results: Path,
) -> None:
    """Measure Geartrain against Debian's gearmand on this machine."""
    plan = Plan(
        scenarios=[SCENARIOS[name] for name in scenarios or SCENARIOS],
        peers=[PEERS[name] for name in servers or PEERS],
        runs=runs or (QUICK_RUNS if quick else 5),
        scale=scale or (QUICK_SCALE if quick else 1.0),
    )
    try:
        done = _measure(plan)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report.markdown(done))
    report.write(done, results)
    _tell(f"written to {results}")


def _measure(plan: Plan) -> report.Report:
    generator.build()
    began = time.monotonic()
    facts = machine.describe(plan.peers)
    others = machine.Others()
    results = run_plan(plan, _tell)
    facts["others"] = others.text()
    return report.Report(
        plan=plan,
        results=results,
        machine=facts,
        seconds=time.monotonic() - began,
    )


if __name__ == "__main__":
    main(prog_name="script/bench")
