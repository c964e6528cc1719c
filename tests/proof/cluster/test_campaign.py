"""A short campaign on one machine: nothing that was acknowledged is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from proof.cluster.campaign import Campaign
from proof.cluster.history import History
from proof.cluster.sites import OneMachine
from proof.cluster.troubles import OneMachineTroubles
from proof.cluster.verdict import faults, totals


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_whatever_happens_to_nodes_and_database(tmp_path: Path) -> None:
    seed = str(random.SystemRandom().randrange(10**9))
    site, history = OneMachine(tmp_path), History()
    troubles = OneMachineTroubles(site, history, random.Random(f"{seed} troubles"))
    Campaign(site, history, troubles, seed, peace=0.2).run(0)
    assert faults(history) == [], seed
    counts = totals(history)
    assert len(history.troubles) >= 4, seed
    assert history.takeovers, seed
    assert counts["acknowledged"] > 100, seed
