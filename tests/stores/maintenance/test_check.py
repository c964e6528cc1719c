"""Damage of every kind, told in sentences."""

from __future__ import annotations

import random
from contextlib import closing, suppress
from pathlib import Path

import pytest

from geartrain.errors import StoreError
from geartrain.stores.maintenance.tasks import check
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.maintained_stores import (
    Line,
    fill_variously,
    lines_of,
    objects_of,
    page_size,
    problems_of,
)
from tests.support.sqlite_files import execute
from tests.support.store_records import found, found_dead

COVERS = (
    "stores/salvage/jobs",
    "stores/salvage/queues",
    "stores/salvage/schedules",
)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE jobs SET workload = x'00' WHERE number = 4",
            "job 4, H:host:4, is lost: its workload is damaged",
        ),
        (
            "UPDATE jobs SET due = 1 WHERE number = 4",
            "job 4 is lost: its row is damaged",
        ),
        (
            "UPDATE jobs SET head = 7 WHERE number = 4",
            "job 4 is lost: its row is damaged",
        ),
        (
            "DELETE FROM pieces WHERE number = 50 AND position = 1",
            "job 50, H:host:50, is lost: the number of pieces of its workload is",
        ),
        (
            "UPDATE pieces SET data = x'00' WHERE number = 50 AND position = 1",
            "job 50, H:host:50, is lost: a piece of its workload is damaged",
        ),
        (
            "INSERT INTO pieces VALUES(50, 2, 0, x'')",
            "job 50, H:host:50, is lost: a piece of its workload is damaged",
        ),
        (
            "UPDATE jobs SET pieces = 0 WHERE number = 50",
            "job 50 is lost: its row is damaged",
        ),
        (
            "INSERT INTO pieces VALUES(999, 0, 0, x'')",
            "a workload is left of job 999, which is not kept: nothing is lost",
        ),
        (
            "DELETE FROM jobs WHERE number = 4",
            "of function 'resize' and priority 1 the store counts 25 ready jobs, and "
            "24 can be read",
        ),
        (
            "UPDATE queues SET ready = 7 WHERE function = CAST('resize' AS BLOB)",
            "the row of function 'resize' and priority 1 is damaged: the counts of",
        ),
        (
            "UPDATE schedules SET sum = 0 WHERE number = 51",
            "recurring job 51 is lost: its row is damaged",
        ),
        ("DELETE FROM meta WHERE name = 'reserved'", "the number 'reserved' is lost"),
        ("UPDATE meta SET value = 'x'", "the number 'refused' is lost"),
        ("UPDATE meta SET value = 5", "the number 'reserved' is lost"),
        (
            "UPDATE jobs SET key = 5 WHERE number = 2",
            "job 2, H:host:2, is not found by its unique",
        ),
        ("UPDATE key_log SET sum = 0", "the index of uniques is damaged: the log"),
        ("DROP TABLE key_log", "the index of uniques is damaged"),
        ("DROP TABLE jobs", "the table of jobs is damaged"),
        ("DROP TABLE schedules", "recurring jobs are lost, it cannot be told how many"),
        ("DROP TABLE queues", "the table of functions is damaged"),
        ("DROP TABLE meta", "the number 'reserved' is lost"),
    ],
)
def test_a_sentence_says_what_is_wrong_and_lost(
    path: Path, statement: str, expected: str
) -> None:
    fill_variously(path, 50)
    execute(path, statement)
    problems = problems_of(path)
    assert any(each.startswith(expected) for each in problems), problems


def test_a_job_that_the_log_of_keys_lacks_is_named(path: Path) -> None:
    fill_variously(path, 50)
    execute(path, "DELETE FROM key_log", "DELETE FROM keys")
    problems = problems_of(path)
    assert len(problems) == 5
    assert problems[0].startswith("job 2, H:host:2, is not found by its unique")


def test_pieces_of_what_is_no_number_belong_to_nobody(path: Path) -> None:
    fill_variously(path)
    execute(
        path,
        "UPDATE pieces SET number = 'x' WHERE number = 50",
        # So that what indexes say is looked at, too.
        "UPDATE queues SET ready = ready + 1",
    )
    assert any("job 50, H:host:50, is lost" in each for each in problems_of(path))


def test_many_losses_are_told_up_to_a_limit(path: Path) -> None:
    fill_variously(path, 1500)
    execute(path, "UPDATE jobs SET sum = 0")
    problems = problems_of(path)
    assert len(problems) == 1001
    assert problems[-1] == "500 more jobs or dead letters are lost"
    assert lines_of(path)[1] == 1500


def test_jobs_of_a_damaged_queue_row_are_read_all_the_same(path: Path) -> None:
    fill_variously(path, 50)
    lines = lines_of(path)
    execute(path, "UPDATE queues SET ready = 3 WHERE id = 1")
    execute(path, "UPDATE queues SET dead = 3 WHERE id = 2")
    assert lines_of(path) == lines
    assert len(problems_of(path)) == 2


def read_by_the_store(path: Path, numbers: list[int]) -> set[int]:
    """Return the numbers of the jobs and dead letters that the store can still read."""
    readable = set()
    with closing(SqliteStore(str(path), "os")) as store:
        try:
            store.open()
        except StoreError:
            return set()
        for number in numbers:
            with suppress(StoreError):
                if found(store, number) or found_dead(store, number):
                    readable.add(number)
    return readable


def judge(path: Path, whole: dict[int, Line]) -> bool:
    """Check and export a damaged file; return whether anything was lost.

    What is exported is as it was, all that the store itself can read is among it, and
    all loss is reported.
    """
    try:
        report = check(str(path))
        lines, unreadable = lines_of(path)
    except StoreError:
        return True
    objects = objects_of(path)
    assert len(lines) == len(objects)
    for number, each in objects.items():
        assert each == whole[number]
    lost = whole.keys() - objects.keys()
    if lost:
        assert report.problems
        assert unreadable > 0
    else:
        assert unreadable == 0 or report.problems
    kept = report.jobs + report.dead + report.schedules + report.entries
    assert kept == len(objects)
    numbers = [n for n, each in whole.items() if each["kind"] in ("job", "dead")]
    assert read_by_the_store(path, numbers) <= objects.keys()
    return bool(lost)


@pytest.fixture
def whole(path: Path) -> dict[int, Line]:
    fill_variously(path, 100)
    return objects_of(path)


def test_flipped_bytes_lose_only_what_they_hit(
    path: Path, whole: dict[int, Line]
) -> None:
    good = path.read_bytes()
    randomness = random.Random()
    for _ in range(25):
        flipped = bytearray(good)
        # Workloads in pieces are most of the file, and everything else is before them.
        end = randomness.choice([4096 * 12, 4096 * 40, len(good)])
        place = randomness.randrange(100, end)
        flipped[place] ^= 1 << randomness.randrange(8)
        path.write_bytes(flipped)
        judge(path, whole)


def test_pages_of_zeroes_lose_only_what_was_on_them(
    path: Path, whole: dict[int, Line]
) -> None:
    size, good = page_size(path), path.read_bytes()
    losses = 0
    for page in range(1, 45, 2):
        path.write_bytes(good[: page * size] + bytes(size) + good[(page + 1) * size :])
        losses += judge(path, whole)
    assert losses > 5


def test_noise_on_many_pages_never_ends_in_anything_but_a_report(
    path: Path, whole: dict[int, Line]
) -> None:
    good = path.read_bytes()
    randomness = random.Random()
    for count in (10, 100, 1000, 10_000):
        flipped = bytearray(good)
        for _ in range(count):
            flipped[randomness.randrange(100, 4096 * 60)] = randomness.randrange(256)
        path.write_bytes(flipped)
        try:
            report = check(str(path))
            lines = lines_of(path)[0]
        except StoreError:
            continue
        assert report.problems
        assert len(lines) <= len(whole)


def test_a_file_that_was_cut_keeps_what_is_before_the_cut(
    path: Path, whole: dict[int, Line]
) -> None:
    size, good = page_size(path), path.read_bytes()
    randomness = random.Random()
    pages = len(good) // size
    cuts = [0, 1, 99, 100, 5000, len(good) - 1, len(good) - size]
    cuts += [randomness.randrange(pages) * size for _ in range(6)]
    kept = 0
    for cut in cuts:
        path.write_bytes(good[:cut])
        if cut % size == 0:
            with suppress(StoreError):
                assert check(str(path)).problems
        judge(path, whole)
        with suppress(StoreError):
            kept = max(kept, len(objects_of(path)))
    assert kept > 50
