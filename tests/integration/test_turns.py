"""Whatever one peer sends, another's ECHO is answered, and memory is bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.attacks import ATTACKS
from tests.support.servers import RunningServer, running_geartrain
from tests.support.wire import MIB, Neighbour, ProcessFigures

pytestmark = pytest.mark.slow

# Seconds for each attack.
LENGTH = 0.6
# Seconds of processor time that the server may use before it answers: what other
# programs use does not count. It is 20 ms; without shares each attack takes seconds.
MOST_BUSY = 0.5


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_geartrain() as running:
        yield running


@pytest.mark.parametrize("name", ATTACKS)
def test_whatever_one_peer_sends_others_are_answered(
    server: RunningServer, name: str
) -> None:
    attack = ATTACKS[name](server)
    figures = ProcessFigures(server)
    before = figures.memory()
    with closing(attack), closing(Neighbour(server)) as neighbour:
        attack.begin()
        end = time.monotonic() + LENGTH
        busiest, most = 0.0, 0
        while time.monotonic() < end:
            used = figures.cpu_seconds()
            assert neighbour.client.echoes()
            busiest = max(busiest, figures.cpu_seconds() - used)
            most = max(most, figures.memory() - before)
    assert busiest < MOST_BUSY
    assert most < 200 * MIB
