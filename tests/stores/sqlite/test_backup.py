"""A store that is used is copied, and the copy has what was committed by its end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.model.health import Health
from geartrain.stores.maintenance import tasks
from geartrain.stores.sqlite import backup
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.store_records import record
from tests.support.waiting import wait_until


def commit(store: SqliteStore, first: int, last: int, size: int = 4000) -> None:
    batch = Batch(first)
    batch.added += [record(number, b"w" * size) for number in range(first, last)]
    store.commit(batch)


def over(health: Health) -> None:
    wait_until(lambda: health.backup_state != "running", "the backup is over")


def opened(folder: Path) -> SqliteStore:
    store = SqliteStore(str(folder / "jobs.db"), "os")
    store.open()
    return store


def test_a_copy_is_a_store_with_the_same_jobs(tmp_path: Path) -> None:
    store, health = opened(tmp_path), Health()
    commit(store, 1, 100)
    store.back_up(health)
    over(health)
    store.close()
    assert (health.backup_state, health.backup_reason) == ("done", "")
    assert Path(health.backup).stat().st_mode & 0o777 == 0o600
    report = tasks.check(health.backup)
    assert (report.jobs, report.problems) == (99, [])


def test_jobs_of_commits_meanwhile_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page a step, so that commits come between many of them.
    monkeypatch.setattr(backup, "_PAGES", 4)
    store, health = opened(tmp_path), Health()
    commit(store, 1, 1000)
    store.back_up(health)
    last, slowest = 1000, 0.0
    while health.backup_state == "running" and last < 1100:
        began = time.monotonic()
        commit(store, last, last + 1)
        slowest = max(slowest, time.monotonic() - began)
        last += 1
    over(health)
    # Those that came before the last page was copied.
    assert last > 1010
    assert health.backup_state == "done", health.backup_reason
    commit(store, last, last + 1)
    store.close()
    report = tasks.check(health.backup)
    assert report.problems == []
    assert report.jobs in (last - 2, last - 1)
    assert tasks.check(str(tmp_path / "jobs.db")).jobs == last
    assert slowest < 2


def test_a_store_that_is_closed_leaves_no_half_of_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_PAGES", 1)
    monkeypatch.setattr(backup, "_PAUSE", 0.05)
    store, health = opened(tmp_path), Health()
    commit(store, 1, 1000)
    store.back_up(health)
    wait_until(lambda: list(tmp_path.glob("*.part")), "it begins")
    store.close()
    assert (health.backup_state, health.backup_reason) == (
        "failed",
        "the job server stopped",
    )
    assert list(tmp_path.glob("*backup*")) == []
    # Nothing keeps the file.
    opened(tmp_path).close()


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_RESERVE", 2**60)
    store, health = opened(tmp_path), Health()
    store.back_up(health)
    over(health)
    store.close()
    assert health.backup_state == "failed"
    assert "make room" in health.backup_reason
    assert list(tmp_path.glob("*backup*")) == []
