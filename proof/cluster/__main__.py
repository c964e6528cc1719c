"""``script/torture --cluster``: three nodes in network namespaces, and troubles."""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import click

from proof.cluster.campaign import Campaign
from proof.cluster.history import History
from proof.cluster.sites import Hosts
from proof.cluster.troubles import HostTroubles
from proof.cluster.verdict import faults, totals


@click.command()
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    show_default=True,
    help="How long things go wrong.",
)
@click.option("--seed", help="Seed of all random choices.  [default: a new one]")
@click.option("--keep", is_flag=True, help="Keep the logs even if all is well.")
def cluster(minutes: float, seed: str | None, keep: bool) -> None:
    """Hurt a cluster of three nodes and two databases, and look for every job."""
    seed = seed or f"{random.SystemRandom().randrange(10**9)}"
    folder = Path(tempfile.mkdtemp(prefix="geartrain-cluster-"))
    click.echo(f"seed {seed}, logs in {folder}")
    site, history = Hosts(folder, random.Random(f"{seed} site")), History()
    troubles = HostTroubles(site, history, random.Random(f"{seed} troubles"))
    campaign = Campaign(site, history, troubles, seed)
    try:
        campaign.run(minutes * 60)
    except AssertionError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(", ".join(f"{count} {of}" for of, count in totals(history).items()))
    takeovers = history.takeovers
    if takeovers:
        median, worst = statistics.median(takeovers), max(takeovers)
        click.echo(f"takeover after {median:.1f} s (median), {worst:.1f} s (worst)")
    found = faults(history)
    for text in found[:50]:
        click.echo(text, err=True)
    if found:
        click.echo(f"{len(found)} faults", err=True)
        sys.exit(1)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    cluster()
