"""What every store promises when it is killed, and over any number of batches."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.errors import StoreError
from tests.stores.crashing import SPAN, ended_by, jobs_of
from tests.stores.kinds import KINDS
from tests.stores.records import Kept, batch, record, value, values

ROOT = Path(__file__).parents[2]


class Child:
    """A process that commits batches until it is killed."""

    def __init__(self, kind: str, path: Path, seed: int, start: int) -> None:
        arguments = [kind, str(path), str(seed), str(start)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.stores.crashing", *arguments],
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


def kept_after(seed: int, last: int) -> dict[int, Kept]:
    """Return what is kept once the batches up to the last are committed."""
    kept: dict[int, Kept] = {}
    for serial in range(1, last + 1):
        kept.update((job.number, value(job)) for job in jobs_of(seed, serial))
        for number in ended_by(seed, serial):
            del kept[number]
    return kept


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_committed_survives_a_kill_and_no_batch_is_there_in_part(
    kind: str, tmp_path: Path
) -> None:
    randomness = random.Random()
    seed = randomness.randrange(100)
    start = 1
    for _ in range(10):
        child = Child(kind, tmp_path / "store", seed, start)
        told = child.kill_after(randomness.randrange(1, 9), randomness.random() / 100)
        with closing(KINDS[kind](str(tmp_path / "store"))) as store:
            reserved = store.open()
            last = reserved // SPAN
            # The last batch may be durable though the child could not tell.
            assert told <= last
            assert reserved == last * SPAN + 999
            assert {job.number: value(job) for job in store.load()} == kept_after(
                seed, last
            )
        start = last + 1


batches = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 60), st.binary(max_size=20)), max_size=20),
        st.lists(st.integers(1, 60), max_size=20),
        st.sampled_from([0, 0, 50, 500]),
        st.booleans(),
    ),
    max_size=12,
)


@pytest.mark.parametrize("kind", KINDS)
@given(steps=batches)
@settings(max_examples=25, deadline=None)
def test_a_store_keeps_what_a_dict_does(
    kind: str,
    steps: list[tuple[list[tuple[int, bytes]], list[int], int, bool]],
) -> None:
    kept: dict[int, Kept] = {}
    reserved = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(KINDS[kind](f"{folder}/store")) as store,
    ):
        store.open()
        for jobs, ended, wanted, is_reopened in steps:
            added = [record(number, workload) for number, workload in jobs]
            given_twice = len({job.number for job in added}) < len(added)
            if given_twice or any(job.number in kept for job in added):
                with pytest.raises(StoreError):
                    store.commit(batch(*added, ended=ended, reserved=wanted))
            else:
                store.commit(batch(*added, ended=ended, reserved=wanted))
                kept.update((job.number, value(job)) for job in added)
                kept = {n: job for n, job in kept.items() if n not in ended}
                reserved = max(reserved, wanted)
            if is_reopened:
                store.close()
                assert store.open() == max([reserved, *kept])
            assert values(store) == [kept[number] for number in sorted(kept)]
