"""What a SQLite store knows of times: of its own, and of a file of an older format."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from geartrain.stores.job_packing import STEADY, bits_of, due_of
from geartrain.stores.maintenance.tasks import check
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import lines_of
from tests.support.sqlite_files import execute, fill
from tests.support.store_records import batch, delayed, due_page, entries_of, numbers

NOW = 1_800_000_000.0
YEAR_9999 = 253402300799.0


@pytest.mark.parametrize("is_steady", [False, True])
def test_integers_sort_as_times_do(is_steady: bool) -> None:
    times = [1e-9, 0.5, 1.0, 1.9, 2.0, 3600.0, NOW, NOW + 1e-6, 4e9, YEAR_9999]
    integers = [bits_of(time, is_steady) for time in times]
    assert integers == sorted(set(integers))
    assert [due_of(each) for each in integers] == [(time, is_steady) for time in times]
    assert all((each >= STEADY) == is_steady for each in integers)
    assert bits_of(0.0, is_steady) == bits_of(-1.0, is_steady) == 0


@pytest.mark.parametrize("due", [1e-300, 1e200, float("inf")])
def test_a_time_that_nobody_means_stays_with_its_clock(due: float) -> None:
    for is_steady in (False, True):
        bits = bits_of(due, is_steady)
        assert 0 < bits < 2**63
        assert due_of(bits)[1] == is_steady


def test_a_store_of_the_format_before_is_opened_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    fill(path, 20)
    execute(path, "PRAGMA user_version = 2", "DROP TABLE entries")
    assert check(str(path)).problems == []
    assert lines_of(path)[1] == 0
    with closing(SqliteStore(str(path), "os")) as store:
        inventory = store.open()
        assert (inventory.steady, inventory.calendar) == (0.0, 0.0)
        # All that is delayed in it is due by the calendar.
        assert [job.number for job in due_page(store, 6.0).records] == [5]
        job = delayed(50, 7.0, is_steady=True)
        store.commit(batch(job, entries={(b"policy", b"resize"): b"{}"}))
    with closing(SqliteStore(str(path), "os")) as store:
        assert entries_of(store.open()) == [(b"policy", b"resize", b"{}")]
        assert 50 in numbers(store)
    assert check(str(path)).problems == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE meta SET value = value + 1 WHERE name = 'steady'",
        "UPDATE meta SET sum = 7 WHERE name = 'calendar'",
        "UPDATE meta SET value = x'00' WHERE name = 'calendar'",
        "DELETE FROM meta WHERE name = 'steady'",
    ],
)
def test_a_damaged_time_is_none(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "jobs.db"
    fill(path, 20)
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(batch(steady=NOW, calendar=NOW))
    execute(path, damage)
    with closing(SqliteStore(str(path), "os")) as store:
        inventory = store.open()
        assert (inventory.steady, inventory.calendar) == (0.0, 0.0)
