"""The SQLite store on a disk that is full, fails or forbids."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.failing_disks import without_sync
from tests.support.sqlite_files import connection_of, fill, in_a_child
from tests.support.store_records import batch, numbers, record

COVERS = ("stores/sqlite/file",)


def test_a_full_disk_is_named_and_leaves_the_store_usable(path: Path) -> None:
    said = in_a_child(
        """
        store = SqliteStore(sys.argv[1], "disk")
        store.open()
        store.commit(batch(record(1)))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        room = os.path.getsize(sys.argv[1] + "-wal") + 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        for number in (2, 3):
            try:
                store.commit(batch(record(number, b"x" * 1_000_000), ended=[1]))
            except StoreError as error:
                sys.stdout.write(f"{error}\\n")
        sys.stdout.write(f"{numbers(store)}\\n")
        store.commit(batch(record(4)))
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        store.commit(batch(record(5, b"x" * 1_000_000)))
        store.close()
        """,
        str(path),
    )
    first, second, kept = said.splitlines()
    assert f"{path} cannot be read or written" in first
    assert "limits on the size of files" in first
    assert second == first
    assert kept == "[1]"
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        assert numbers(store) == [1, 4, 5]


def test_sqlite_s_own_limit_of_pages_is_told_as_a_full_disk(store: SqliteStore) -> None:
    # The same result code that a disk without room gives, without a disk of one's own.
    connection = connection_of(store)
    connection.execute("PRAGMA max_page_count = 50")
    with pytest.raises(StoreError, match="its disk is full: free some space"):
        store.commit(batch(record(1, b"x" * 1_000_000)))
    assert numbers(store) == []
    connection.execute("PRAGMA max_page_count = 1000000")
    store.commit(batch(record(1, b"x" * 1_000_000)))
    assert numbers(store) == [1]


def crash_copy(path: Path, folder: Path) -> Path:
    """Return a copy of the files as a crash at this moment would leave them.

    Another process makes it: closing the file here would take away its lock.
    """
    folder.mkdir()
    subprocess.run(["cp", path, f"{path}-wal", folder], check=True)
    return folder / path.name


def test_a_commit_that_cannot_be_synced_is_refused_and_leaves_nothing(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    store.commit(batch(record(1), reserved=10))
    for number in (2, 3):
        refused = batch(record(number), ended=[1], reserved=number * 1000)
        error = without_sync(partial(store.commit, refused))
        assert isinstance(error, StoreError)
        assert "look for errors of its disk" in str(error)
        assert "FSYNC" in str(error)
        assert numbers(store) == [1]
        copy = SqliteStore(str(crash_copy(path, tmp_path / f"{number}")), "disk")
        with closing(copy):
            assert copy.open().reserved == 10
            assert numbers(copy) == [1]
    store.commit(batch(record(4)))
    assert numbers(store) == [1, 4]
    store.close()
    with closing(SqliteStore(str(path), "disk")) as again:
        assert again.open().reserved == 10
        assert numbers(again) == [1, 4]


def test_only_durability_disk_waits_for_the_disk(path: Path) -> None:
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        # The first of a log is synced always.
        store.commit(batch(record(1)))
        assert without_sync(lambda: store.commit(batch(record(2)))) is None
        assert numbers(store) == [1, 2]


def test_a_huge_job_s_log_is_cut_back(store: SqliteStore, path: Path) -> None:
    log = Path(f"{path}-wal")
    store.commit(batch(record(1, b"x" * 80_000_000)))
    assert log.stat().st_size > 80_000_000
    for number in range(2, 4):
        store.commit(batch(record(number)))
    assert log.stat().st_size <= 64 * 1024 * 1024


def test_the_space_of_jobs_that_ended_is_used_again(
    store: SqliteStore, path: Path
) -> None:
    for number in range(1, 20):
        added = record(number, b"x" * 300_000, b"y" * 3_000_000)
        store.commit(batch(added, ended=[number - 1]))
    store.close()
    assert path.stat().st_size < 3 * 3_300_000


WITHOUT_RIGHTS = """
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    store = SqliteStore(sys.argv[1], "disk")
    try:
        store.open()
        store.commit(batch(record(1)))
    except StoreError as error:
        sys.stdout.write(str(error))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user can enter, if need be outside the usual one."""
    folder = Path(tempfile.mkdtemp(prefix="geartrain-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written_is_named(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    path = open_folder / "jobs.db"
    said = in_a_child(WITHOUT_RIGHTS, str(path))
    assert f"{path} cannot be made: Permission denied" in said
    assert "name a file in a folder" in said


def test_a_folder_that_may_not_be_entered_is_named(open_folder: Path) -> None:
    (open_folder / "private").mkdir(mode=0)
    path = open_folder / "private" / "more" / "jobs.db"
    said = in_a_child(WITHOUT_RIGHTS, str(path))
    assert f"{path} cannot be made: Permission denied" in said


def test_a_file_that_may_only_be_read_is_refused_at_once(open_folder: Path) -> None:
    path = open_folder / "jobs.db"
    fill(path)
    path.chmod(0o444)
    before = path.read_bytes()
    said = in_a_child(WITHOUT_RIGHTS, str(path))
    assert f"{path} may not be written: give the user of the job server" in said
    assert path.read_bytes() == before


def test_a_file_in_a_folder_that_may_not_be_written_is_refused(
    open_folder: Path,
) -> None:
    path = open_folder / "jobs.db"
    fill(path)
    path.chmod(0o666)
    open_folder.chmod(0o555)
    said = in_a_child(WITHOUT_RIGHTS, str(path))
    assert str(path) in said
    assert "the right to" in said


def test_a_file_that_may_not_be_read_is_refused(open_folder: Path) -> None:
    path = open_folder / "jobs.db"
    fill(path)
    path.chmod(0)
    said = in_a_child(WITHOUT_RIGHTS, str(path))
    assert f"{path} may not be written: give the user of the job server" in said
