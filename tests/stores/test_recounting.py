"""How many jobs each owner has, counted anew by an import and after damage."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from geartrain.engine.batches import Batch
from geartrain.engine.kept_entries import OWNER
from geartrain.engine.records import Entry, JobRecord
from geartrain.stores.maintenance.tasks import import_lines
from geartrain.stores.recounting import OwnerCounts
from geartrain.stores.salvage.rebuilding import rebuild
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import lines_of
from tests.support.store_records import batch, burials, record


def owned(number: int, owner: bytes = b"web") -> JobRecord:
    made = record(number, b"12345")
    made.owner = owner
    return made


def counts(path: Path) -> dict[bytes, bytes]:
    with closing(SqliteStore(str(path), "os")) as store:
        entries = store.open().entries
    return {each.key: each.value for each in entries if each.kind == OWNER}


def made(path: Path, *jobs: JobRecord, told: bytes, dead: tuple[int, ...] = ()) -> Path:
    """Keep jobs, and what an entry says of them, which may be wrong."""
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        kept: Batch = batch(*jobs)
        kept.entries[OWNER, b"web"] = told
        store.commit(kept)
        store.commit(burials(*dead))
    return path


def test_only_what_has_changed_is_written() -> None:
    counted = OwnerCounts([Entry(OWNER, b"web", b"3 30"), Entry(OWNER, b"x", b"odd")])
    assert counted.take() == {}
    for job in (owned(1), owned(2), owned(3, b"batch"), owned(4, b"")):
        counted.add(job)
    assert counted.take() == {(OWNER, b"web"): b"5 40", (OWNER, b"batch"): b"1 5"}
    assert counted.take() == {}


def test_jobs_that_are_imported_count_beside_those_that_were_there(
    tmp_path: Path,
) -> None:
    source = made(tmp_path / "a.db", owned(1), owned(2), owned(3), told=b"900 900")
    target = made(tmp_path / "b.db", owned(2), owned(9), told=b"2 10")
    lines = lines_of(source)[0]
    import_lines(str(target), lines)
    # Of the three one was there.
    assert counts(target) == {b"web": b"4 20"}
    import_lines(str(target), lines)
    assert counts(target) == {b"web": b"4 20"}


def test_jobs_that_are_left_of_a_damaged_store_count(tmp_path: Path) -> None:
    jobs = (owned(1), owned(2), owned(3))
    path = made(tmp_path / "a.db", *jobs, told=b"700 7000", dead=(3,))
    rebuild(str(path))
    assert counts(path) == {b"web": b"2 10"}
