"""``script/soak``: everything goes wrong at once, and nothing may be lost."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

from proof.soak.machine import Machine
from proof.soak.soak import Soak
from proof.soak.verdict import figures, judge
from tests.support.faults import build, preloaded
from tests.support.servers import free_port

_MOST_TOLD = 20


@click.command()
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Run time.",
)
@click.option("--seed", help="Seed of all random choices.  [default: a new one]")
@click.option("--keep", is_flag=True, help="Keep the logs even if all is well.")
def soak(minutes: float, seed: str | None, keep: bool) -> None:
    """Run the job server on a bad day and look for every acknowledged job."""
    seed = seed or f"{random.SystemRandom().randrange(10**9)}"
    folder = Path(tempfile.mkdtemp(prefix="geartrain-soak-"))
    click.echo(f"seed {seed}, logs in {folder}")
    with preloaded(build(folder), folder) as faults:
        port = free_port()
        machine = Machine(folder, port, faults)
        try:
            run = Soak(folder, machine, port, seed)
            run.run(minutes * 60)
            machine.stop()
        finally:
            machine.close()
    runs = Counter((folder / "runs").read_bytes().split(b"\n")[:-1])
    for line in figures(run, runs, folder):
        click.echo(line)
    found = judge(run, runs)
    for line in found[:_MOST_TOLD]:
        click.echo(line, err=True)
    if found:
        click.echo(f"{len(found)} faults; logs in {folder}", err=True)
        sys.exit(1)
    if not keep:
        shutil.rmtree(folder)
    click.echo("nothing acknowledged was lost")


if __name__ == "__main__":
    soak()
