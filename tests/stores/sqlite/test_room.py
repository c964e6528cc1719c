"""The SQLite store on a disk that is full: ends of jobs are saved all the same."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.model.health import Health
from geartrain.engine.records import Burial, Change
from geartrain.errors import StoreError
from geartrain.stores.sqlite.room import ending, parts
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.disks import MIB, fill, mount, small_disk
from tests.support.sqlite_files import in_a_child
from tests.support.store_records import (
    batch,
    dead_numbers,
    failures,
    listed,
    numbers,
    record,
)

SIZE = 12 * MIB
NO_ROOM = "has no room for new jobs"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", SIZE) as folder:
        yield folder


def fill_by_jobs(store: SqliteStore, size: int = 3000) -> list[int]:
    """Add jobs until one is refused; return their numbers."""
    kept: list[int] = []
    while True:
        jobs = [record(len(kept) + n, bytes(size)) for n in range(1, 51)]
        added = batch(*jobs)
        added.size = 50 * size
        if refusal(store, added):
            return kept
        kept += [job.number for job in jobs]


def refusal(store: SqliteStore, added: Batch) -> str:
    """Commit a batch; return why it was refused for want of room, if so."""
    try:
        store.commit(added)
    except StoreError as error:
        if NO_ROOM not in str(error):
            raise
        return str(error)
    return ""


def end_all(store: SqliteStore, kept: list[int]) -> None:
    """End jobs as workers would that take them from all over the queue."""
    for start in range(97):
        store.commit(batch(ended=kept[start::97]))


def test_new_jobs_are_refused_before_the_reserve_is_touched(disk: Path) -> None:
    with closing(SqliteStore(str(disk / "jobs.db"), "disk")) as store:
        store.open()
        kept = fill_by_jobs(store)
        assert len(kept) > 300
        reserve = disk / "jobs.db-reserve"
        assert reserve.stat().st_blocks * 512 >= SIZE // 8
        with pytest.raises(StoreError, match=NO_ROOM):
            store.probe(Health())
        assert numbers(store) == kept
    assert [each.name for each in disk.iterdir()] == ["jobs.db"]


def test_a_queue_that_filled_the_disk_drains_and_takes_jobs_again(disk: Path) -> None:
    path = str(disk / "jobs.db")
    with closing(SqliteStore(path, "disk")) as store:
        store.open()
        for _ in range(2):
            kept = fill_by_jobs(store)
            end_all(store, kept)
            health = Health()
            store.probe(health)
            assert health.free is not None
            assert health.free > SIZE // 8
            assert numbers(store) == []


def test_ends_are_saved_though_others_have_taken_the_last_byte(disk: Path) -> None:
    path = disk / "jobs.db"
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        kept = fill_by_jobs(store)
        filler = fill(disk)
        end_all(store, kept[5:])
        with pytest.raises(StoreError):
            store.commit(batch(record(90_000, bytes(3000))))
        assert numbers(store) == kept[:5]
        filler.unlink()
        store.probe(Health())
        store.commit(batch(record(90_001)))
    with closing(SqliteStore(str(path), "disk")) as again:
        again.open()
        assert numbers(again) == [*kept[:5], 90_001]


def test_jobs_become_dead_letters_on_a_full_disk(disk: Path) -> None:
    failed = failures()
    failed.error = b"x" * 64 * 1024
    with closing(SqliteStore(str(disk / "jobs.db"), "disk")) as store:
        store.open()
        kept = fill_by_jobs(store, 1000)
        fill(disk)
        store.commit(batch(buried=[Burial(n, 9.0, failed) for n in kept[:400]]))
        assert dead_numbers(store) == kept[:400]


def test_a_store_is_opened_and_drained_on_a_full_disk(disk: Path) -> None:
    path = str(disk / "jobs.db")
    with closing(SqliteStore(path, "disk")) as store:
        store.open()
        kept = fill_by_jobs(store)
    with (disk / "jobs.db-reserve").open("wb") as left:
        # What a job server that was killed has left.
        left.write(bytes(SIZE // 8))
    fill(disk)
    with closing(SqliteStore(path, "disk")) as store:
        store.open()
        with pytest.raises(StoreError, match=NO_ROOM):
            store.probe(Health())
        end_all(store, kept)
        assert numbers(store) == []


def sizes(store: SqliteStore) -> list[int]:
    return sorted(job.size for job in listed(store))


def test_small_jobs_are_taken_where_there_is_no_room_for_a_large_one(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 40 * MIB) as disk:
        store = SqliteStore(str(disk / "jobs.db"), "disk")
        with closing(store):
            store.open()
            large, mixed = record(1, bytes(9 * MIB)), batch(record(2, bytes(9 * MIB)))
            mixed.added += [record(number, bytes(100)) for number in range(3, 9)]
            for each in (batch(large), mixed):
                each.size = sum(len(job.workload) for job in each.added)
                store.commit(each)
                (reason,) = each.refusals.values()
                needed, _, left, _ = map(int, re.findall(r" (\d{4,})\b", reason)[-4:])
                assert f"no room for a job of {9 * MIB} bytes" in reason
                assert needed > left
            assert sizes(store) == [100] * 6
            store.probe(Health())
            ended = batch(record(9, bytes(9 * MIB)), ended=[3])
            ended.size = 9 * MIB
            store.commit(ended)
            assert sizes(store) == [100] * 5


def test_of_jobs_submitted_together_as_many_are_taken_as_there_is_room_for(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 40 * MIB) as disk:
        store = SqliteStore(str(disk / "jobs.db"), "disk")
        with closing(store):
            store.open()
            together = batch(*(record(n, bytes(MIB)) for n in range(1, 21)))
            together.size = 20 * MIB
            store.commit(together)
            kept = numbers(store)
            assert 2 <= len(kept) < 19
            assert sorted([*kept, *together.refusals]) == list(range(1, 21))


def test_of_jobs_that_were_acknowledged_before_as_many_are_taken_as_fit(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 40 * MIB) as disk:
        store = SqliteStore(str(disk / "jobs.db"), "memory")
        with closing(store):
            store.open()
            given = [record(n, bytes(MIB)) for n in range(1, 21)]
            rounds = 0
            while given:
                together = batch(*given)
                together.size = len(given) * MIB
                store.commit(together)
                given = [job for job in given if job.number in together.refusals]
                rounds += 1
            assert rounds > 1
            assert numbers(store) == list(range(1, 21))
            huge = batch(record(21, bytes(30 * MIB)))
            huge.size = 30 * MIB
            with pytest.raises(StoreError, match="no room for"):
                store.commit(huge)
            assert huge.refusals == {}


def test_a_disk_that_may_only_be_read_is_named(disk: Path) -> None:
    with closing(SqliteStore(str(disk / "jobs.db"), "disk")) as store:
        store.open()
        store.commit(batch(record(1)))
        (disk / "jobs.db-reserve").unlink()
        if not mount("-o", "remount,ro", str(disk)):
            # Files that are open to be written forbid it here.
            pytest.skip("the disk cannot be made one to be read only")
        with pytest.raises(StoreError, match="may only be read"):
            store.probe(Health())
        assert mount("-o", "remount,rw", str(disk))
        store.probe(Health())
        store.commit(batch(record(2)))


def test_ends_fit_within_a_limit_on_the_size_of_files(path: Path) -> None:
    said = in_a_child(
        """
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, limits[1]))
        store = SqliteStore(sys.argv[1], "disk")
        store.open()
        kept = []
        try:
            while True:
                jobs = [record(len(kept) + n, bytes(3000)) for n in range(1, 51)]
                added = batch(*jobs)
                added.size = 50 * 3000
                store.commit(added)
                kept += [job.number for job in jobs]
        except StoreError as error:
            sys.stdout.write(f"{error}\\n")
        for start in range(97):
            store.commit(batch(ended=kept[start::97]))
        sys.stdout.write(f"{len(kept)} {numbers(store)}\\n")
        store.close()
        """,
        str(path),
    )
    refusal, drained = said.splitlines()
    assert NO_ROOM in refusal
    count, left = drained.split(" ", 1)
    assert int(count) > 500
    assert left == "[]"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4_000_000


def test_parts_do_together_what_the_batch_does() -> None:
    whole = batch(
        ended=range(1, 301),
        reserved=7,
        unscheduled=[8],
        entries={(b"log", b"%d" % number): None for number in range(300)},
        changed=[Change(number, 5.0, None) for number in range(400, 600)],
        revived=[Change(700, 0.0, None)],
        buried=[Burial(number, 9.0, failures()) for number in range(800, 1000)],
    )
    cut = list(parts(whole))
    assert max(len(each.ended) + len(each.buried) for each in cut) <= 128
    assert [n for each in cut for n in each.ended] == list(whole.ended)
    assert [c for each in cut for c in each.changed] == whole.changed
    assert [c for each in cut for c in each.revived] == whole.revived
    assert [b.number for each in cut for b in each.buried] == list(range(800, 1000))
    assert max(len(each.entries) for each in cut) <= 128
    assert [name for each in cut for name in each.entries] == list(whole.entries)
    assert (cut[0].reserved, cut[0].unscheduled) == (7, [8])


def test_what_workers_said_is_cut() -> None:
    failed = failures()
    failed.error = b"x" * 5000
    (part,) = parts(batch(buried=[Burial(1, 9.0, failed)]))
    assert part.buried[0].failures.error == b"x" * 200
    assert len(failed.error) == 5000


def test_nothing_is_in_no_part() -> None:
    assert list(parts(Batch(1))) == []
    assert list(ending([3, 4]).ended) == [3, 4]
