"""Stores with damage of every kind: what can be read is kept, what cannot is named.

GEARTRAIN_DAMAGE is how many times each kind of damage is done; more find more.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from geartrain.engine.queries import FindDead, FindJob, ListDead, ListJobs, Page
from geartrain.errors import StoreError
from geartrain.stores.locations import make_store
from geartrain.stores.maintenance.tasks import check, compact, export
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.sqlite_files import connection_of, execute, in_a_child
from tests.support.store_records import batch, burials, keyed, numbers, record, schedule

COVERS = (
    "stores/salvage/copies",
    "stores/salvage/logs",
    "stores/salvage/orphans",
)

TIMES = int(os.environ.get("GEARTRAIN_DAMAGE", "1"))
COUNT = 2000
RESERVED = 20_000
PAGE = 4096
LARGE = COUNT + 1

Damage = Callable[[bytearray, random.Random], None]


def marked(number: int) -> bytes:
    return b"<%d>" % number * 8


def fill(store: SqliteStore) -> None:
    """Keep jobs of every kind, and a recurring one."""
    for start in range(1, COUNT, 500):
        jobs = [record(number, marked(number)) for number in range(start, start + 500)]
        for job in jobs[::2]:
            job.unique = job.key = b"u%d" % job.number
        for job in jobs[::10]:
            job.due = 1e9
        store.commit(batch(*jobs, reserved=RESERVED))
    store.commit(batch(record(LARGE, b"x" * 500_000, b"y" * 600_000)))
    store.commit(burials(*range(7, COUNT, 50)))
    store.commit(batch(schedules=[schedule(LARGE + 1)]))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a store's file."""
    path = tmp_path_factory.mktemp("good") / "jobs.db"
    with closing(SqliteStore(str(path), "os")) as store:
        store.open()
        fill(store)
    return path.read_bytes()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return the file and the log of a store whose job server was killed."""
    path = tmp_path_factory.mktemp("killed") / "jobs.db"
    in_a_child(
        """
        from tests.stores.salvage.test_rebuilding import fill
        store = SqliteStore(sys.argv[1], "os")
        store.open()
        fill(store)
        os._exit(0)
        """,
        str(path),
    )
    return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def scatter(data: bytearray, chance: random.Random, *, start: int, count: int) -> None:
    for _ in range(count):
        data[chance.randrange(start, len(data))] = chance.randrange(256)


def ruin_tables(data: bytearray, chance: random.Random) -> None:
    # Behind SQLite's header: what kind of page it is, how much is on it, and the places
    # of what describes the tables of queues and of jobs.
    data[chance.choice((100, 103, 108, 112))] ^= 0xFF


def zero(data: bytearray, chance: random.Random, *, size: int) -> None:
    for _ in range(3):
        start = chance.randrange(PAGE // size, len(data) // size) * size
        data[start : start + size] = bytes(size)


def ruin_header(data: bytearray, chance: random.Random) -> None:
    for _ in range(5):
        data[chance.randrange(100)] = chance.randrange(256)


def ruin_first_page(data: bytearray, chance: random.Random) -> None:
    data[:PAGE] = chance.randbytes(PAGE)


def ruin_log_header(data: bytearray, chance: random.Random) -> None:
    data[:32] = chance.randbytes(32)


# Of a page that is damaged a few jobs are lost, or of one above others dozens.
KINDS: dict[str, Damage] = {
    "bytes": partial(scatter, start=PAGE, count=10),
    "sectors": partial(zero, size=512),
    "pages": partial(zero, size=PAGE),
    "header": ruin_header,
    "first page": ruin_first_page,
    "tables": ruin_tables,
}


def kept_numbers(store: SqliteStore) -> set[int]:
    """Return the numbers of all jobs that are handed out, and of dead letters."""
    found: set[int] = set()
    after = 0
    while True:
        page = Page(b"resize", 1, after, 1000)
        store.answer(page)
        assert page.error == ""
        if not page.records and not page.damaged:
            break
        found |= {job.number for job in page.records}
        after = max([job.number for job in page.records] + page.damaged)
    delayed = ListJobs(b"", COUNT, None)
    delayed.due_from = 1.0
    dead = ListDead(0, COUNT, None)
    for query in (delayed, dead):
        store.answer(query)
        assert query.error == ""
        found |= {job.number for job in query.records}
    return found


def whole_numbers(good: bytes, damaged: bytes) -> set[int]:
    """Return the numbers of jobs on whose pages nothing has changed."""
    places: dict[int, set[int]] = {}
    for match in re.finditer(rb"<(\d+)>(?:<\1>){7}", good):
        places.setdefault(int(match[1]), set()).add(match.start() // PAGE * PAGE)
    return {
        number
        for number, pages in places.items()
        if all(good[at : at + PAGE] == damaged[at : at + PAGE] for at in pages)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_made_anew_of_what_can_be_read(
    kind: str, good: bytes, path: Path
) -> None:
    for seed in range(TIMES):
        data = bytearray(good)
        KINDS[kind](data, random.Random(seed))
        path.write_bytes(data)
        with closing(make_store(str(path), "os")) as store:
            assert isinstance(store, SqliteStore)
            reserved = store.open().reserved
            found = kept_numbers(store)
            late = keyed(10**9, b"u1", is_tentative=True)
            store.commit(batch(late, ended=range(1, LARGE + 1)))
            assert kept_numbers(store) == {10**9}
        whole = whole_numbers(good, bytes(data))
        assert found <= set(range(1, LARGE + 1)), seed
        assert len(whole - found) <= len(whole) * 0.02, seed
        assert reserved >= RESERVED, seed
        assert check(str(path)).problems == [], seed


@pytest.mark.parametrize("is_first", [True, False])
def test_a_compacted_file_loses_no_more_than_others(
    good: bytes, path: Path, is_first: bool
) -> None:
    path.write_bytes(good)
    compact(str(path))
    data = bytearray(path.read_bytes())
    # Beside the first page, one of some jobs.
    at = 0 if is_first else data.rindex(marked(1234)) // PAGE * PAGE
    data[at : at + PAGE] = b"\x99" * PAGE
    path.write_bytes(data)
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        inventory = store.open()
        assert inventory.reserved >= RESERVED
        assert len(inventory.schedules) == 1
        lost = set(range(1, LARGE + 1)) - kept_numbers(store)
        assert len(lost) < COUNT * 0.02
        assert LARGE not in lost
        assert not (is_first and lost)


def test_a_header_of_a_format_that_sqlite_does_not_know_costs_no_job(
    good: bytes, path: Path
) -> None:
    data = bytearray(good)
    data[47] = 66
    path.write_bytes(data)
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        store.open()
        assert len(kept_numbers(store)) == COUNT + 1


def test_a_file_that_was_cut_keeps_what_is_left(good: bytes, path: Path) -> None:
    path.write_bytes(good[: len(good) * 2 // 3])
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        assert store.open().reserved >= RESERVED
        assert len(kept_numbers(store)) > COUNT // 20


def test_a_whole_file_is_left_as_it_is(good: bytes, path: Path) -> None:
    path.write_bytes(good)
    with closing(make_store(str(path), "os")) as store:
        store.open()
        assert store.problems == ()
    assert os.listdir(path.parent) == [path.name]


def test_what_is_lost_is_named_once_and_the_damaged_file_is_kept(
    good: bytes, path: Path
) -> None:
    data = bytearray(good)
    at = good.rindex(marked(1234)) // PAGE * PAGE
    data[at : at + PAGE] = b"\x99" * PAGE
    path.write_bytes(data)
    with closing(make_store(str(path), "os")) as store:
        store.open()
        first, *losses = store.problems
    assert "was damaged and has been made anew" in first
    # Of a page full of jobs the first are named.
    assert re.match("job 12.. is lost", losses[0])
    aside = Path(first.rpartition("the damaged file is now ")[2])
    assert aside.read_bytes() == data
    with closing(make_store(str(path), "os")) as again:
        again.open()
        assert again.problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM meta",
        "UPDATE meta SET value = 'x'",
        "UPDATE queues SET ready = ready + 1",
        "UPDATE schedules SET sum = 5",
        "UPDATE key_log SET sum = 5",
        "INSERT INTO key_merges VALUES(5000, 1)",
        "DROP TABLE pieces",
        "DROP TABLE key_log",
        "DROP INDEX waiting",
    ],
)
def test_rows_and_tables_beside_those_of_jobs_cost_no_job(
    statement: str, good: bytes, path: Path
) -> None:
    path.write_bytes(good)
    execute(path, statement)
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        inventory = store.open()
        assert inventory.reserved >= RESERVED
        assert kept_numbers(store) >= set(range(1, COUNT + 1))
        late = keyed(10**9, b"u11", is_tentative=True)
        store.commit(batch(late))
        assert late.twin == 11


@pytest.mark.parametrize(
    "name", ["jobs", "waiting", "dead", "queues", "keys", "key_log", "meta"]
)
def test_the_loss_of_the_page_above_all_others_of_a_table_costs_no_job(
    name: str, good: bytes, path: Path
) -> None:
    path.write_bytes(good)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)
        ).fetchone()
    data = bytearray(good)
    data[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        assert store.open().reserved >= RESERVED
        assert kept_numbers(store) >= set(range(1, COUNT + 1))
        assert "lost" not in " ".join(store.problems[1:])
    assert sorted(each.name[:15] for each in path.parent.iterdir()) == [
        "jobs.db",
        "jobs.db.damaged",
    ]


LOG_DAMAGE: dict[str, Damage] = {
    "bytes": partial(scatter, start=32, count=3),
    "sectors": partial(zero, size=512),
    "header": ruin_log_header,
}


@pytest.mark.parametrize(
    ("kind", "is_log"),
    [*((kind, False) for kind in KINDS), *((kind, True) for kind in LOG_DAMAGE)],
)
def test_check_and_export_read_what_a_start_saves_and_change_nothing(
    kind: str, is_log: bool, killed: tuple[bytes, bytes], path: Path
) -> None:
    log_path = Path(f"{path}-wal")
    for seed in range(TIMES):
        file, log = (bytearray(each) for each in killed)
        damage, data = (LOG_DAMAGE, log) if is_log else (KINDS, file)
        damage[kind](data, random.Random(seed))
        path.write_bytes(file)
        log_path.write_bytes(log)
        report = check(str(path))
        exported = io.BytesIO()
        export(str(path), exported)
        written = [json.loads(line) for line in exported.getvalue().splitlines()]
        jobs = {each["number"] for each in written if "fields" not in each}
        assert path.read_bytes() == bytes(file)
        assert log_path.read_bytes() == bytes(log)
        assert not [*path.parent.glob("*.copy*"), *path.parent.glob("*.orphans*")]
        with closing(make_store(str(path), "os")) as store:
            assert isinstance(store, SqliteStore)
            store.open()
            assert jobs == kept_numbers(store)
        assert report.jobs + report.dead == len(jobs)
        assert bool(report.problems) >= bool(jobs != set(range(1, COUNT + 2)))


@pytest.mark.parametrize("kind", LOG_DAMAGE)
def test_what_is_behind_damage_in_a_log_is_kept(
    kind: str, killed: tuple[bytes, bytes], path: Path
) -> None:
    for seed in range(TIMES):
        log = bytearray(killed[1])
        LOG_DAMAGE[kind](log, random.Random(seed))
        path.write_bytes(killed[0])
        Path(f"{path}-wal").write_bytes(log)
        problems = check(str(path)).problems
        with closing(make_store(str(path), "os")) as store:
            assert isinstance(store, SqliteStore)
            assert store.open().reserved >= RESERVED
            assert len(kept_numbers(store)) > COUNT * 0.9, seed
            # What is wrong with the last frame alone is like a commit cut off.
            assert bool(store.problems) == bool(problems)


def test_a_log_that_was_deleted_is_told_by_check_and_by_the_start(
    killed: tuple[bytes, bytes], path: Path
) -> None:
    path.write_bytes(killed[0])
    (problem,) = check(str(path)).problems
    assert "the write-ahead log is missing" in problem
    with closing(make_store(str(path), "os")) as store:
        store.open()
        (problem,) = store.problems
    assert "is missing: what was committed last" in problem
    assert check(str(path)).problems == []


def test_a_file_that_was_emptied_gives_no_handle_twice_and_keeps_its_log(
    killed: tuple[bytes, bytes], path: Path
) -> None:
    path.write_bytes(b"")
    Path(f"{path}-wal").write_bytes(killed[1])
    with closing(make_store(str(path), "os")) as store:
        assert store.open().reserved > RESERVED
        (problem,) = store.problems
    aside = Path(problem.rpartition("what its log has is now in ")[2])
    assert aside.read_bytes() == killed[1]


def test_a_file_that_was_removed_gives_no_handle_twice_and_keeps_its_log(
    killed: tuple[bytes, bytes], path: Path
) -> None:
    Path(f"{path}-wal").write_bytes(killed[1])
    with closing(make_store(str(path), "os")) as store:
        assert store.open().reserved > RESERVED
        (problem,) = store.problems
    assert "has gone, and its log is still there" in problem
    aside = Path(problem.rpartition("what its log has is now in ")[2])
    assert aside.read_bytes() == killed[1]


def test_pages_that_turn_out_to_be_damaged_while_it_is_open_are_mended(
    good: bytes, path: Path
) -> None:
    path.write_bytes(good)
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        store.open()
        connection = connection_of(store)
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'waiting'"
        ).fetchone()
        with path.open("r+b") as file:
            file.seek((root - 1) * PAGE)
            file.write(b"\x99" * PAGE)
        # What SQLite has in memory would hide it.
        connection.execute("PRAGMA shrink_memory")
        connection.execute("PRAGMA cache_size = 1")
        assert len(kept_numbers(store)) == COUNT + 1
        assert "has been made anew" in store.problems[0]
        store.commit(batch(record(10**9), ended=[1]))
        job, dead = FindJob(10**9), FindDead(7)
        store.answer(job)
        store.answer(dead)
        assert job.record is not None
        assert dead.record is not None


def test_a_page_of_jobs_that_turns_out_to_be_damaged_is_mended_too(
    good: bytes, path: Path
) -> None:
    path.write_bytes(good)
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        store.open()
        connection = connection_of(store)
        at = good.rindex(marked(1234)) // PAGE * PAGE
        with path.open("r+b") as file:
            file.seek(at)
            file.write(b"\x99" * PAGE)
        connection.execute("PRAGMA shrink_memory")
        connection.execute("PRAGMA cache_size = 1")
        query = Page(b"resize", 1, 1000, 1000)
        store.answer(query)
        assert (query.error, query.damaged, query.is_torn) == ("", [], False)
        lost = set(range(1, LARGE + 1)) - kept_numbers(store)
        assert 1234 in lost
        assert len(lost) < COUNT * 0.02
        made, *named = store.problems
        assert "has been made anew" in made
        assert {int(re.findall(r"\d+", each)[0]) for each in named[:-1]} <= lost
        assert not lost & {job.number for job in query.records}


def test_a_crash_between_the_damaged_file_and_the_new_one_leaves_the_new_one(
    good: bytes, killed: tuple[bytes, bytes], path: Path
) -> None:
    Path(f"{path}.rebuilt").write_bytes(good)
    path.write_bytes(killed[0])
    Path(f"{path}-wal").write_bytes(killed[1][: len(killed[1]) // 2])
    with closing(make_store(str(path), "os")) as store:
        assert isinstance(store, SqliteStore)
        store.open()
        assert len(kept_numbers(store)) == COUNT + 1
    assert os.listdir(path.parent) == [path.name]


def test_what_is_no_store_is_left_alone(path: Path) -> None:
    text = b"Dear colleagues,\n" * 5000
    path.write_bytes(text)
    with pytest.raises(StoreError, match="is no SQLite database"):
        make_store(str(path), "os").open()
    assert path.read_bytes() == text
    assert os.listdir(path.parent) == [path.name]


def test_a_store_in_use_is_not_mended_by_another(
    killed: tuple[bytes, bytes], path: Path
) -> None:
    with closing(make_store(str(path), "os")) as store:
        store.open()
        store.commit(batch(record(1)))
        log = Path(f"{path}-wal")
        shutil.copy(log, f"{path}.copy-wal")
        with pytest.raises(StoreError, match="in use by another job server"):
            make_store(str(path), "os").open()
        assert numbers(store) == [1]
