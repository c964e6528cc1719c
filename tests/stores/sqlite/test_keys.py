"""The index of keys, with so short rounds that everything is merged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.records import Burial, Change, JobRecord
from geartrain.errors import StoreError
from geartrain.stores.sqlite import keys
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import connection_of, execute
from tests.support.store_records import (
    batch,
    failures,
    found_by_key,
    keyed,
    numbers,
    record,
)

# So many different keys there are.
KEYS = 400


@pytest.fixture(autouse=True, params=[256, 5000])
def _short_rounds(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_ROUND", request.param)


def count(store: SqliteStore, table: str) -> int:
    found: int = (
        connection_of(store).execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    )
    return found


class Model:
    """A store whose jobs have keys, and which job has which."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.randomness = random.Random()
        self.jobs: dict[int, bytes] = {}
        self.dead: dict[int, bytes] = {}
        self._next = 1

    def some(self, kept: dict[int, bytes], most: int) -> list[int]:
        """Return the numbers of a few."""
        count = min(len(kept), self.randomness.randrange(most))
        return self.randomness.sample(list(kept), count)

    def step(self) -> None:
        """Commit something; now and then it fails."""
        added = [self.new_job() for _ in range(self.randomness.randrange(60))]
        made = batch(*added, ended=self.some(self.jobs, 40))
        revived = self.some(self.dead, 10)
        staying = {n: key for n, key in self.jobs.items() if n not in made.ended}
        buried = self.some(staying, 20)
        made.revived = [Change(number, 0.0, None) for number in revived]
        made.buried = [Burial(number, 5.0, failures()) for number in buried]
        if self.randomness.random() < 0.1:
            made.added.append(record(1))
            with pytest.raises(StoreError):
                self.store.commit(made)
            return
        self.store.commit(made)
        self.jobs = staying
        for number in buried:
            self.dead[number] = self.jobs.pop(number)
        for number in revived:
            self.jobs[number] = self.dead.pop(number)
        self.jobs.update({job.number: job.key for job in added if not job.twin})

    def new_job(self) -> JobRecord:
        self._next += 1
        key = b"key %d" % self.randomness.randrange(KEYS)
        function = b"f%d" % self.randomness.randrange(3)
        is_tentative = self.randomness.random() < 0.8
        return keyed(self._next, key, function, is_tentative=is_tentative)

    def check(self) -> None:
        assert numbers(self.store) == [1, *sorted(self.jobs)]
        kept: dict[bytes, set[int]] = {}
        for number, key in self.jobs.items():
            kept.setdefault(key, set()).add(number)
        for number in range(KEYS):
            key = b"key %d" % number
            assert found_by_key(self.store, key) in kept.get(key, {0})


@pytest.fixture
def model(path: Path) -> Iterator[Model]:
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(batch(record(1)))
        yield Model(store)


def test_keys_are_found_whatever_happened_to_their_jobs(model: Model) -> None:
    for _ in range(30):
        for _ in range(5):
            model.step()
        model.check()
        if model.randomness.random() < 0.3:
            model.store.close()
            model.store.open()
            model.check()
    assert count(model.store, "keys") > 0


def test_the_log_does_not_grow_without_end(model: Model) -> None:
    for _ in range(300):
        model.step()
        assert count(model.store, "key_log") < 400
    everything = [*model.jobs, *model.dead]
    model.store.commit(batch(ended=everything))
    entries = [keyed(10**6 + place, b"%d" % place) for place in range(9000)]
    for start in range(0, len(entries), 100):
        some = entries[start : start + 100]
        model.store.commit(batch(*some))
        model.store.commit(batch(ended=[job.number for job in some]))
    assert count(model.store, "keys") < 1000
    assert count(model.store, "key_log") < 400


def test_what_was_merged_is_found_after_the_log_is_gone(model: Model) -> None:
    jobs = [keyed(number, b"%d" % number) for number in range(2, 9000)]
    for start in range(0, len(jobs), 90):
        model.store.commit(batch(*jobs[start : start + 90]))
    merged = count(model.store, "keys")
    assert merged > 3000
    model.store.close()
    model.store.open()
    for job in jobs[::100]:
        assert found_by_key(model.store, job.key) == job.number
    late = [keyed(10_000 + n, b"%d" % n, is_tentative=True) for n in range(2, 9000)]
    model.store.commit(batch(*late))
    assert [job.twin for job in late] == list(range(2, 9000))


def test_a_damaged_log_is_told_when_the_store_is_opened(
    model: Model, path: Path
) -> None:
    model.store.commit(batch(keyed(2, b"a")))
    model.store.close()
    execute(path, "UPDATE key_log SET entries = zeroblob(16)")
    with pytest.raises(StoreError, match="the log of the index of keys is damaged"):
        model.store.open()
