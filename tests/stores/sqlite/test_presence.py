"""The SQLite store's files go away, are cut or replaced while it is open."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.model.health import Health
from geartrain.errors import StoreError
from geartrain.stores.salvage.rebuilding import Rebuilder
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.store_records import batch, numbers, record

Blow = Callable[[Path], object]


def log_of(path: Path) -> Path:
    return Path(f"{path}-wal")


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


BLOWS: dict[str, Blow] = {
    "removed": Path.unlink,
    "renamed": lambda path: shutil.move(path, path.with_name("elsewhere")),
    "emptied": lambda path: os.truncate(path, 0),
    "cut": cut_in_half,
    "replaced": replace,
    "folder": lambda path: shutil.move(path.parent, path.parent.with_name("moved")),
}


def copied(path: Path) -> str:
    """Copy a store that this process has abandoned, and so keeps locked."""
    copy = path.with_name("copied.db")
    shutil.copy(path, copy)
    return str(copy)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store" / "jobs.db"


@pytest.fixture
def open_store(file: Path) -> SqliteStore:
    """Return an open store with a job in its file and another in its log."""
    with closing(SqliteStore(str(file), "disk")) as store:
        store.open()
        store.commit(batch(*map(record, range(1, 200))))
    store = SqliteStore(str(file), "disk")
    store.open()
    store.commit(batch(record(200)))
    return store


@pytest.mark.parametrize("part", ["", "-wal"])
@pytest.mark.parametrize("blow", BLOWS)
def test_what_happens_to_a_file_is_noticed_before_anything_is_acknowledged(
    open_store: SqliteStore, file: Path, blow: str, part: str
) -> None:
    with closing(open_store):
        BLOWS[blow](Path(f"{file}{part}"))
        with pytest.raises(StoreError, match=r"the file .* of the store"):
            open_store.commit(batch(record(201)))
        with pytest.raises(StoreError, match=r"the file .* of the store"):
            open_store.commit(batch(ended=[1]))
        with pytest.raises(StoreError, match=r"the file .* of the store"):
            open_store.probe(Health())


@pytest.mark.parametrize("part", ["", "-wal"])
def test_a_file_that_is_put_back_is_used_again(
    open_store: SqliteStore, file: Path, part: str
) -> None:
    here = Path(f"{file}{part}")
    away = file.with_name("away")
    here.rename(away)
    with pytest.raises(StoreError, match=r"has gone .*put it back"):
        open_store.commit(batch(record(201)))
    away.rename(here)
    open_store.probe(Health())
    open_store.commit(batch(record(202), ended=[2]))
    open_store.close()
    with closing(SqliteStore(str(file), "disk")) as again:
        again.open()
        assert numbers(again) == [1, *range(3, 201), 202]


def test_a_folder_that_is_put_back_is_used_again(
    open_store: SqliteStore, file: Path
) -> None:
    folder = file.parent
    folder.rename(folder.with_name("away"))
    with pytest.raises(StoreError, match="has gone"):
        open_store.commit(batch(record(201)))
    folder.with_name("away").rename(folder)
    open_store.commit(batch(record(202)))
    open_store.close()
    assert [each.name for each in folder.iterdir()] == ["jobs.db"]


@pytest.mark.parametrize(
    ("blow", "said"),
    [("removed", "200 jobs.* are lost"), ("renamed", "200 jobs.* are in it: put it")],
)
def test_jobs_that_go_away_with_their_file_are_counted_at_the_end(
    open_store: SqliteStore, file: Path, blow: str, said: str
) -> None:
    BLOWS[blow](file)
    open_store.close()
    assert open_store.astray == 200
    (problem,) = open_store.problems
    assert re.search(said, problem)


def test_a_file_that_goes_away_with_nothing_in_it_is_no_loss(file: Path) -> None:
    store = SqliteStore(str(file), "disk")
    store.open()
    file.unlink()
    store.close()
    assert (store.astray, store.problems) == (0, ())


@pytest.mark.parametrize("blow", ["removed", "renamed"])
def test_what_is_in_a_log_that_went_away_is_saved_at_the_end(
    open_store: SqliteStore, file: Path, blow: str
) -> None:
    BLOWS[blow](log_of(file))
    with pytest.raises(StoreError, match="has gone"):
        open_store.commit(batch(record(201)))
    open_store.close()
    assert open_store.astray == 0
    with closing(SqliteStore(copied(file), "disk", Rebuilder())) as again:
        again.open()
        assert numbers(again) == list(range(1, 201))
        assert again.problems == ()


def test_a_file_that_was_renamed_is_whole_without_its_log(
    open_store: SqliteStore, file: Path
) -> None:
    away = file.with_name("away.db")
    file.rename(away)
    open_store.close()
    with closing(SqliteStore(copied(away), "disk", Rebuilder())) as again:
        again.open()
        assert numbers(again) == list(range(1, 201))
        assert again.problems == ()


def test_a_job_whose_file_went_away_during_the_commit_does_not_come_back(
    open_store: SqliteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store._open
    assert opened is not None
    away = file.with_name("away")
    commit = opened.session.commit

    def commit_and_lose(*arguments: object) -> None:
        commit(*arguments)  # type: ignore[arg-type]
        if file.exists():
            file.rename(away)

    monkeypatch.setattr(opened.session, "commit", commit_and_lose)
    with pytest.raises(StoreError, match="has gone"):
        open_store.commit(batch(record(201)))
    away.rename(file)
    monkeypatch.undo()
    open_store.commit(batch(record(202)))
    assert numbers(open_store) == [*range(1, 201), 202]
    open_store.close()


def test_a_link_that_leads_elsewhere_now_is_noticed(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "jobs.db")
    with closing(SqliteStore(str(link), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        other = tmp_path / "other.db"
        other.write_bytes(b"")
        link.unlink()
        link.symlink_to(other)
        with pytest.raises(StoreError, match="was replaced by another"):
            store.commit(batch(record(2)))


def test_the_log_of_another_store_in_its_place_stays(file: Path) -> None:
    store, other = SqliteStore(str(file), "disk"), SqliteStore(str(file), "disk")
    store.open()
    store.commit(batch(record(1)))
    file.parent.rename(file.parent.with_name("away"))
    with closing(other):
        other.open()
        other.commit(batch(record(2)))
        store.close()
        assert log_of(file).exists()
        other.commit(batch(record(3)))
        assert numbers(other) == [2, 3]


def test_a_second_server_is_kept_out_by_whichever_name_it_comes(
    open_store: SqliteStore, file: Path
) -> None:
    link, hard = file.with_name("link.db"), file.with_name("hard.db")
    link.symlink_to(file)
    hard.hardlink_to(file)
    with closing(open_store):
        for name in (file, link, hard):
            with pytest.raises(StoreError, match="in use by another job server"):
                SqliteStore(str(name), "disk").open()
