"""Imports that end early, and what was imported by then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.records import Entry
from geartrain.errors import StoreError
from geartrain.stores.maintenance.lines import entry_line, job_line
from geartrain.stores.maintenance.tasks import import_lines
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import lines_of
from tests.support.sqlite_files import in_a_child
from tests.support.store_records import (
    batch,
    burials,
    entries_of,
    numbers,
    record,
    schedule,
)


def line_of(number: int, workload: bytes = b"x") -> bytes:
    parts = job_line(record(number), [workload], is_dead=False, is_text=True)
    return b"".join(parts)


def test_a_bad_line_ends_the_import_and_the_lines_before_it_stay(path: Path) -> None:
    lines = [line_of(number) for number in range(1, 2501)]
    with pytest.raises(StoreError) as raised:
        import_lines(str(path), [*lines, b"[]\n", line_of(9999)])
    said = str(raised.value)
    assert said.startswith("line 2501 cannot be imported: it is no JSON object;")
    assert said.endswith("the lines before it were")
    assert lines_of(path)[0] == lines
    assert import_lines(str(path), [*lines, line_of(9999)]) == 1


def test_numbers_of_all_kinds_that_are_kept_are_skipped(
    store: SqliteStore, path: Path
) -> None:
    jobs = [record(number) for number in (1, 2, 9)]
    store.commit(batch(*jobs, schedules=[schedule(3)]))
    store.commit(burials(2))
    store.close()
    before = lines_of(path)[0]
    lines = [line_of(number, b"other") for number in (1, 2, 3, 4, 9)]
    assert import_lines(str(path), lines) == 1
    assert sorted(lines_of(path)[0]) == sorted([*before, lines[3]])


def test_a_second_queue_is_refused_at_the_first_number_that_is_taken(
    store: SqliteStore, path: Path
) -> None:
    store.commit(batch(record(1), schedules=[schedule(2)]))
    store.close()
    before = lines_of(path)[0]
    for number in (1, 2):
        other = record(number)
        other.handle = b"H:other:%d" % number
        line = b"".join(job_line(other, [b"x"], is_dead=False, is_text=True))
        with pytest.raises(StoreError) as raised:
            import_lines(str(path), [line])
        told = f"its number {number} is that of 'H:host:{number}' there"
        assert told in str(raised.value)
    assert lines_of(path)[0] == before


def test_no_number_that_was_imported_is_given_again(path: Path) -> None:
    import_lines(str(path), [line_of(5), line_of(1_000_000), line_of(7)])
    with closing(SqliteStore(str(path), "os")) as store:
        assert store.open().reserved == 1_000_000
        store.commit(batch(ended=[1_000_000]))
    with closing(SqliteStore(str(path), "os")) as store:
        assert store.open().reserved == 1_000_000


def test_large_workloads_are_committed_before_more_are_read(path: Path) -> None:
    def lines() -> Iterator[bytes]:
        for number in range(1, 6):
            yield line_of(number, b"x" * 9_000_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_lines(str(path), lines())
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        assert numbers(store) == [1, 2, 3, 4, 5]


def test_a_full_disk_is_told_with_what_was_imported(path: Path) -> None:
    said = in_a_child(
        """
        from geartrain.stores.maintenance.tasks import import_lines
        from tests.stores.maintenance.test_importing import line_of
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, limits[1]))
        lines = [line_of(number, b"x" * 1000) for number in range(1, 9000)]
        try:
            import_lines(sys.argv[1], lines)
        except StoreError as error:
            sys.stdout.write(str(error))
        """,
        str(path),
    )
    assert f"{path} cannot be read or written" in said
    first = int(said.rpartition("; the first ")[2].removesuffix(" lines were imported"))
    assert first > 0
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        assert numbers(store) == list(range(1, first + 1))


def test_an_entry_that_is_kept_is_skipped(store: SqliteStore, path: Path) -> None:
    store.commit(batch(entries={(b"policy", b"resize"): b"kept"}))
    store.close()
    lines = [*entry_line(Entry(b"policy", b"resize", b"other"))]
    lines += [*entry_line(Entry(b"policy", b"report", b"new"))] * 2
    assert import_lines(str(path), lines) == 1
    with closing(SqliteStore(str(path), "os")) as again:
        assert entries_of(again.open()) == [
            (b"policy", b"report", b"new"),
            (b"policy", b"resize", b"kept"),
        ]
