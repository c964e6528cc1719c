"""Files that are no SQLite stores, or no whole ones any more."""

from __future__ import annotations

import os
import random
from contextlib import closing, suppress
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.sqlite.file import FORMAT
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import execute, fill, in_a_child, refusal, use
from tests.support.store_records import numbers

COVERS = ("stores/sqlite/reading",)


def test_a_folder_is_no_store(path: Path) -> None:
    path.mkdir()
    assert "is no file: name a file" in refusal(path)


def test_a_device_is_no_store() -> None:
    assert "is no file: name a file" in refusal(Path("/dev/null"))


def test_a_file_on_the_way_is_no_folder(path: Path) -> None:
    path.write_text("")
    assert "Not a directory" in refusal(path / "jobs.db")


def test_a_name_too_long_for_the_disk_is_refused(path: Path) -> None:
    assert "File name too long" in refusal(path.with_name("x" * 300))


def test_a_name_with_a_zero_byte_is_refused(path: Path) -> None:
    assert "cannot be made" in refusal(path.with_name("x\0y"))


def test_a_text_is_no_store_and_stays_as_it_is(path: Path) -> None:
    text = "Dear colleagues,\n" * 1000
    path.write_text(text)
    assert "is no SQLite database: move it away" in refusal(path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE gearman(unique_key TEXT)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1",
    ],
)
def test_a_database_of_another_program_is_refused_and_stays_as_it_is(
    path: Path, statement: str
) -> None:
    execute(path, statement)
    before = path.read_bytes()
    assert "the database of another program" in refusal(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(path: Path) -> None:
    fill(path)
    execute(path, f"PRAGMA user_version = {FORMAT + 1}")
    said = refusal(path)
    knows = f"this one knows up to {FORMAT}"
    assert f"has format {FORMAT + 1} of a newer Geartrain, {knows}" in said
    assert "use the newer one" in said


@pytest.mark.parametrize("version", [0, 1])
def test_a_format_that_was_never_released_is_refused(path: Path, version: int) -> None:
    fill(path)
    execute(path, f"PRAGMA user_version = {version}")
    said = refusal(path)
    assert f"has format {version}, which no release of Geartrain has written" in said
    assert "move it away" in said


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM pieces WHERE position = 1", "a piece of the workload of job 301"),
        ("UPDATE pieces SET data = 5", "a piece of the workload of job 301"),
        ("UPDATE jobs SET workload = x'00' WHERE number = 9", "workload of job 9"),
        ("DELETE FROM meta", "the number to go on from is lost"),
        ("UPDATE meta SET value = 'x'", "the number to go on from is lost"),
        ("UPDATE meta SET value = 300", "the number to go on from is lost"),
        ("UPDATE queues SET ready = ready + 1", "the counts of queue 1 are damaged"),
        ("UPDATE queues SET function = 5", "the counts of queue 1 are damaged"),
        ("UPDATE schedules SET sum = 5", "the recurring job 302 is not as it was"),
        ("UPDATE key_log SET sum = 5", "the log of the index of keys is damaged"),
        ("INSERT INTO key_merges VALUES(5000, 1)", "the index of keys is damaged"),
    ],
)
def test_rows_that_were_not_written_like_that_are_damage(
    path: Path, statement: str, expected: str
) -> None:
    fill(path)
    execute(path, statement)
    said = refusal(path)
    assert "is damaged: put a copy back, move it away" in said
    assert expected in said


@pytest.mark.parametrize("table", ["jobs", "pieces", "meta"])
def test_a_missing_table_is_damage(path: Path, table: str) -> None:
    fill(path)
    execute(path, f"DROP TABLE {table}")
    assert f"no such table: {table}" in refusal(path)


@pytest.mark.parametrize("table", ["jobs", "schedules", "key_log"])
def test_rows_whose_number_is_described_otherwise_are_damage(
    path: Path, table: str
) -> None:
    fill(path)
    # The number is no longer that of the row, and none is kept of one.
    execute(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'INTEGER PRIMARY', 'INTEGEX "
        f"PRIMARY') WHERE name = '{table}'",
    )
    with suppress(StoreError):
        use(path)


def test_a_file_that_was_cut_is_damaged(path: Path) -> None:
    fill(path)
    os.truncate(path, path.stat().st_size // 2)
    assert "is damaged: put a copy back" in refusal(path)


def test_flipped_bytes_give_a_store_error_or_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "good.db", 1000)
    good = (tmp_path / "good.db").read_bytes()
    randomness = random.Random()
    path = tmp_path / "flipped.db"
    reasons = set()
    for _ in range(30):
        flipped = bytearray(good)
        # About half of them hit the first pages, where the tables are described.
        for _ in range(randomness.choice([1, 20, 2000])):
            end = randomness.choice([4096 * 4, 200_000])
            flipped[randomness.randrange(end)] = randomness.randrange(256)
        path.write_bytes(flipped)
        try:
            use(path)
        except StoreError as error:
            reasons.add(str(error))
    assert any("damaged" in reason for reason in reasons)


def test_a_log_that_was_cut_loses_only_what_was_cut_off(path: Path) -> None:
    in_a_child(
        """
        store = SqliteStore(sys.argv[1], "disk")
        store.open()
        for number in range(1, 21):
            store.commit(batch(record(number, b"x" * 10_000)))
        os._exit(0)
        """,
        str(path),
    )
    log = Path(f"{path}-wal")
    os.truncate(log, log.stat().st_size - 100)
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        assert numbers(store) == list(range(1, 20))
