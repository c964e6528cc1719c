"""A short campaign of ``script/torture``: killed at every step, no job is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from proof.torture.campaign import Campaign, Load
from proof.torture.report import report

LOAD = Load(most_waiting=1000, random_kills=6, stops=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_acknowledged_job_survives_a_kill_at_every_step(tmp_path: Path) -> None:
    seed = str(random.SystemRandom().randrange(10**9))
    campaign = Campaign(tmp_path, seed, LOAD)
    campaign.run()
    told = report(campaign, tmp_path)
    assert told.text == ""
    assert told.missed == set()
    # There was something to be lost.
    for what in ("acknowledged", "done", "dead", "cancelled", "joined"):
        assert told.verdict.totals[what] > 10, told.line()
