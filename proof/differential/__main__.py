"""``script/differential``: play every scenario to gearmand and to Geartrain."""

from __future__ import annotations

import sys

import click

from proof.differential.arena import Arena
from proof.differential.registry import SCENARIOS
from proof.differential.scenarios import load_scenarios
from proof.differential.verdict import judge


@click.command()
@click.option("--only", default="", help="Play scenarios with this in their names.")
def differential(only: str) -> None:
    """Compare the answers of gearmand and Geartrain, packet by packet."""
    load_scenarios()
    chosen = [each for name, each in SCENARIOS.items() if only in name]
    faults = 0
    with Arena() as arena:
        for scenario in chosen:
            if fault := judge(arena, scenario):
                faults += 1
                click.echo(f"{scenario.name}\n{fault}\n", err=True)
    known = sum(1 for each in chosen if each.difference is not None)
    click.echo(
        f"{len(chosen)} scenarios: {len(chosen) - known} answered alike, "
        f"{known} with deviations that PROTOCOL.md lists, {faults} faults"
    )
    sys.exit(1 if faults or not chosen else 0)


if __name__ == "__main__":
    differential()
