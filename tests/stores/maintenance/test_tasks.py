"""Check, compact, export and import of whole files."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.maintenance.check import Report
from geartrain.stores.maintenance.tasks import check, compact, export, import_lines
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import copy, fill_variously, lines_of, objects_of
from tests.support.sqlite_files import ROOT, execute, in_a_child
from tests.support.store_records import (
    Kept,
    batch,
    burials,
    dead_values,
    delayed,
    due_page,
    record,
    schedule_value,
    values,
)


def fingerprint(path: Path) -> dict[str, str]:
    files = path.parent.glob(f"{path.name}*")
    return {each.name: hashlib.sha1(each.read_bytes()).hexdigest() for each in files}


def kept(path: Path) -> tuple[list[Kept], list[Kept], list[Kept], int]:
    """Return all that a store keeps, as the store itself reads it."""
    with closing(SqliteStore(str(path), "os")) as store:
        inventory = store.open()
        schedules = [schedule_value(each) for each in inventory.schedules]
        return values(store), dead_values(store), schedules, inventory.reserved


def refusal(path: Path, name: str) -> str:
    actions: dict[str, Callable[[], object]] = {
        "check": lambda: check(str(path)),
        "compact": lambda: compact(str(path)),
        "export": lambda: export(str(path), io.BytesIO()),
        "import": lambda: import_lines(str(path), []),
    }
    with pytest.raises(StoreError) as raised:
        actions[name]()
    assert str(path) in str(raised.value)
    return str(raised.value)


def test_a_sound_store_is_counted_and_left_as_it_is(path: Path) -> None:
    fill_variously(path)
    before = fingerprint(path)
    assert check(str(path)) == Report(180, 20, 2, 3, 0, 0, [])
    assert fingerprint(path) == before


def test_a_store_without_jobs_is_sound(store: SqliteStore, path: Path) -> None:
    store.close()
    assert check(str(path)) == Report()
    assert lines_of(path) == ([], 0)


@pytest.mark.parametrize("action", ["check", "compact", "export", "import"])
def test_a_store_in_use_is_refused_and_goes_on(
    store: SqliteStore, path: Path, action: str
) -> None:
    # The lock of a process is no obstacle to itself: another one asks.
    call = {
        "check": "tasks.check(sys.argv[1])",
        "compact": "tasks.compact(sys.argv[1])",
        "export": "tasks.export(sys.argv[1], sys.stdout.buffer)",
        "import": "tasks.import_lines(sys.argv[1], [])",
    }[action]
    said = in_a_child(
        f"""
        from geartrain.stores.maintenance import tasks
        try:
            {call}
        except StoreError as error:
            sys.stdout.write(str(error))
        """,
        str(path),
    )
    assert f"{path} is in use by another job server" in said
    store.commit(batch(record(1)))


def test_no_job_server_opens_a_store_while_it_is_exported(path: Path) -> None:
    fill_variously(path, 20)
    said: list[str] = []

    class Out(io.BytesIO):
        def writelines(self, lines: object) -> None:
            said.append(
                in_a_child(
                    """
                    try:
                        SqliteStore(sys.argv[1], "os").open()
                    except StoreError as error:
                        sys.stdout.write(str(error))
                    """,
                    str(path),
                )
                if not said
                else ""
            )

    export(str(path), Out())
    assert "is in use" in said[0]
    assert len(kept(path)[0]) == 18


@pytest.mark.parametrize("action", ["check", "compact", "export"])
def test_a_missing_file_is_refused_and_not_made(path: Path, action: str) -> None:
    assert "No such file" in refusal(path, action)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("action", ["check", "compact", "export"])
def test_what_is_no_store_is_refused_and_stays_as_it_is(
    path: Path, action: str
) -> None:
    path.write_bytes(b"")
    assert "is empty" in refusal(path, action)
    path.write_text("Dear colleagues,\n" * 1000)
    before = fingerprint(path)
    assert "is no SQLite database" in refusal(path, action)
    assert fingerprint(path) == before
    path.unlink()
    path.mkdir()
    assert "is no file: name a file" in refusal(path, action)


@pytest.mark.parametrize("action", ["check", "compact", "export", "import"])
def test_the_database_of_another_program_is_refused_and_stays_as_it_is(
    path: Path, action: str
) -> None:
    execute(path, "PRAGMA journal_mode = WAL", "CREATE TABLE gearman(unique_key TEXT)")
    before = fingerprint(path)
    assert "the database of another program" in refusal(path, action)
    assert fingerprint(path) == before


@pytest.mark.parametrize("action", ["check", "compact", "export", "import"])
def test_another_format_is_refused(path: Path, action: str) -> None:
    fill_variously(path, 10)
    execute(path, "PRAGMA user_version = 99")
    assert "has format 99" in refusal(path, action)


def test_a_name_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(StoreError, match="null byte"):
        check("/tmp/x\0y")


def test_jobs_of_a_killed_server_count(path: Path) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.crashing_store",
            "sqlite-os",
            str(path),
            "2",
            "1",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        for _ in range(20):
            assert child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    log = Path(f"{path}-wal")
    assert log.stat().st_size > 0
    before = {each: each.read_bytes() for each in (path, log)}
    report = check(str(path))
    lines, unreadable = lines_of(path)
    assert {each: each.read_bytes() for each in (path, log)} == before
    assert report.problems == []
    assert report.jobs > 50
    assert unreadable == 0
    waiting = report.jobs + report.dead + report.schedules
    others = report.entries + report.results + report.endings
    assert len(lines) == waiting + others
    jobs, dead, schedules, _ = kept(path)
    assert (len(jobs), len(dead)) == (report.jobs, report.dead)
    assert len(schedules) == report.schedules


def test_compacting_keeps_all_and_shrinks_the_file(path: Path) -> None:
    fill_variously(path, 400)
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        store.commit(batch(ended=[n for n in range(1, 401) if n % 20]))
    before, was = kept(path), path.stat().st_size
    first, second = compact(str(path))
    assert (first, second) == (was, path.stat().st_size)
    assert second < first
    assert kept(path) == before
    assert check(str(path)).problems == []
    assert compact(str(path)) == (second, second)


def test_a_damaged_store_is_not_compacted(path: Path) -> None:
    fill_variously(path, 50)
    execute(path, "UPDATE jobs SET workload = x'00' WHERE number = 4")
    before = fingerprint(path)
    said = refusal(path, "compact")
    assert "is damaged: job 4, H:host:4, is lost: its workload is damaged" in said
    assert "export what can be read, and import it" in said
    assert fingerprint(path) == before


def test_a_disk_that_is_full_is_named_and_nothing_is_lost(path: Path) -> None:
    fill_variously(path, 200)
    before = kept(path)
    said = in_a_child(
        """
        from geartrain.stores.maintenance.tasks import compact
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
        try:
            compact(sys.argv[1])
        except StoreError as error:
            sys.stdout.write(str(error))
        """,
        str(path),
    )
    assert f"{path} cannot be" in said
    assert kept(path) == before
    assert check(str(path)).problems == []


def test_a_copy_by_lines_is_equal_and_so_are_its_lines(
    path: Path, tmp_path: Path
) -> None:
    fill_variously(path)
    lines, unreadable = lines_of(path)
    assert unreadable == 0
    target = tmp_path / "copy.db"
    assert copy(path, target) == len(lines) == 205
    assert lines_of(target) == (lines, 0)
    assert kept(target)[:3] == kept(path)[:3]
    assert check(str(target)) == check(str(path))


def test_importing_twice_adds_nothing_twice(path: Path, tmp_path: Path) -> None:
    fill_variously(path)
    lines = lines_of(path)[0]
    target = tmp_path / "copy.db"
    assert import_lines(str(target), lines + lines) == 205
    assert import_lines(str(target), lines[::-1]) == 0
    assert lines_of(target)[0] == lines


def test_an_export_is_in_the_order_of_numbers_and_says_what_is_dead(path: Path) -> None:
    fill_variously(path, 50)
    objects = objects_of(path)
    assert list(objects)[:52] == list(range(1, 53))
    dead = [number for number, each in objects.items() if each["kind"] == "dead"]
    assert dead == [3, 13, 23, 33, 43]
    assert [objects[n]["kind"] for n in (51, 52)] == ["schedule"] * 2
    assert objects[1]["function"] == "caf\udce9"
    assert objects[3]["failures"]["reason"]
    assert (objects[49]["encoding"], objects[50]["encoding"]) == ("base64", "utf-8")
    assert objects[50]["workload"] == "ä" * 400_001 + "y" * 700_000


def test_what_cannot_be_written_out_is_an_error_of_the_output(path: Path) -> None:
    fill_variously(path, 10)
    with Path("/dev/full").open("wb", buffering=0) as out, pytest.raises(OSError):  # noqa: PT011
        export(str(path), out)
    assert check(str(path)).problems == []


def test_a_relative_path_is_meant_from_here(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_variously(path, 10)
    monkeypatch.chdir(path.parent)
    assert check(path.name).jobs == 9
    assert os.listdir() == [path.name]


def test_times_of_a_copy_are_right_though_its_server_time_is_another(
    tmp_path: Path,
) -> None:
    """An export is by the calendar: here its clock was set 500 s on, there 300 s."""
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    for path, shift in ((first, 500.0), (second, 300.0)):
        with closing(SqliteStore(str(path), "os")) as store:
            store.open()
            store.commit(batch(steady=1.7e9, calendar=1.7e9 + shift))
    with closing(SqliteStore(str(first), "os")) as store:
        store.open()
        waits, dated = delayed(1, 1.7e9 + 60, is_steady=True), delayed(2, 1.7e9 + 560)
        store.commit(batch(waits, dated, record(3)))
        store.commit(burials(3))
    lines = objects_of(first)
    assert (lines[1]["due"], lines[1]["clock"]) == (1.7e9 + 560, "steady")
    assert (lines[2]["due"], lines[2]["clock"]) == (1.7e9 + 560, "calendar")
    assert lines[1]["submitted"] == record(1).submitted + 500
    assert copy(first, second) == 3
    assert objects_of(second) == lines
    with closing(SqliteStore(str(second), "os")) as store:
        store.open()
        (moved,) = due_page(store, 1.8e9, is_steady=True).records
        assert moved.due == 1.7e9 + 260
        (same,) = due_page(store, 1.8e9).records
        assert same.due == 1.7e9 + 560
