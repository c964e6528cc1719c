"""``script/torture``: campaigns on one store for so many minutes."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import click

from proof.torture.campaign import Campaign, Load
from proof.torture.report import report
from proof.torture.steps import MOMENTS, STEPS


@click.command()
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Run time; the current campaign is finished.",
)
@click.option("--seed", help="Seed of all random choices.  [default: a new one]")
@click.option(
    "--keep", is_flag=True, help="Keep the store and logs even if all is well."
)
def torture(minutes: float, seed: str | None, keep: bool) -> None:
    """Kill job servers under load, restart them, and look for every job."""
    seed = seed or f"{random.SystemRandom().randrange(10**9)}"
    folder = Path(tempfile.mkdtemp(prefix="geartrain-torture-"))
    click.echo(f"seed {seed}, store and logs in {folder}")
    deadline = time.monotonic() + minutes * 60
    number = 0
    while number == 0 or time.monotonic() < deadline:
        number += 1
        if not _campaign(folder, seed, number):
            sys.exit(1)
    if not keep:
        shutil.rmtree(folder)


def _campaign(folder: Path, seed: str, number: int) -> bool:
    """Run one campaign and report it; return whether all was well."""
    began = time.monotonic()
    load = Load(most_waiting=5000, submitters=3, workers=4, random_kills=40, stops=6)
    campaign = Campaign(folder, f"{seed}/{number}", load, f"c{number}")
    try:
        campaign.run()
    except AssertionError as error:
        click.echo(f"campaign {number}: {error}", err=True)
        return False
    told = report(campaign, folder)
    seconds = time.monotonic() - began
    lives = len(campaign.history.rounds)
    click.echo(f"campaign {number}: {seconds:.0f} s, {lives} lives, {told.line()}")
    for step in sorted(told.missed):
        moment = MOMENTS[STEPS[step].moment]
        click.echo(f"never came by: {step}: {moment}", err=True)
    if told.text:
        click.echo(f"campaign {number}: {told.text}", err=True)
    return not (told.text or told.missed)


if __name__ == "__main__":
    torture()
