"""What every lasting store promises when it is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.stores.memory import MemoryStore
from tests.support.crashing_store import SPAN, batch_of
from tests.support.kept_endings import kept_serials
from tests.support.store_kinds import KINDS, LASTING
from tests.support.store_records import (
    counts,
    dead_values,
    entries_of,
    schedule_value,
    values,
)

ROOT = Path(__file__).parents[2]


class Child:
    """A process that commits batches until it is killed."""

    def __init__(self, kind: str, path: Path, seed: int, start: int) -> None:
        arguments = [kind, str(path), str(seed), str(start)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crashing_store", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )

    def kill_after(self, commits: int, delay: float) -> int:
        """Kill it so long after so many commits; return the last one it told of."""
        assert self.process.stdout is not None
        with self.process.stdout as told:
            lines = [told.readline() for _ in range(commits)]
            assert lines[-1], "the child ended by itself"
            timer = threading.Timer(delay, self.process.kill)
            timer.start()
            lines += told.read().splitlines(keepends=True)
        assert self.process.wait() == -signal.SIGKILL
        timer.join()
        return int([line for line in lines if line.endswith(b"\n")][-1])


@pytest.mark.parametrize("kind", LASTING)
def test_what_was_committed_survives_a_kill_and_no_batch_is_there_in_part(
    kind: str, tmp_path: Path
) -> None:
    # Where a store has a server, that is started here and not by a child.
    KINDS[kind](str(tmp_path / "store"))
    randomness = random.Random()
    seed = randomness.randrange(100)
    expected = MemoryStore()
    expected.open()
    last = 0
    # A child begins its life in half a second.
    for _ in range(10 if "sqlite" in kind else 4):
        child = Child(kind, tmp_path / "store", seed, last + 1)
        told = child.kill_after(randomness.randrange(1, 9), randomness.random() / 100)
        with closing(KINDS[kind](str(tmp_path / "store"))) as store:
            inventory = store.open()
            # The last batch may be durable though the child could not tell.
            assert told <= inventory.reserved // SPAN
            for serial in range(last + 1, inventory.reserved // SPAN + 1):
                expected.commit(batch_of(seed, serial))
                last = serial
            expected.close()
            modelled = expected.open()
            assert inventory.reserved == modelled.reserved
            assert counts(inventory) == counts(modelled)
            assert values(store) == values(expected)
            assert dead_values(store) == dead_values(expected)
            assert entries_of(inventory) == entries_of(modelled)
            assert kept_serials(store) == kept_serials(expected)
            assert list(map(schedule_value, inventory.schedules)) == list(
                map(schedule_value, modelled.schedules)
            )
