"""Stores with some of everything, their lines, and damage to their files."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from zlib import crc32

from geartrain.engine.records import ScheduleRecord
from geartrain.stores.maintenance.tasks import check, export, import_lines
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.store_records import batch, burials, delayed, keyed, record, schedule

Line = dict[str, Any]


def fill_variously(path: Path, count: int = 200) -> None:
    """Make a store of ``count`` jobs and dead letters, 2 recurring jobs and 3 entries.

    Every tenth is delayed, every tenth dead, every tenth has a key, every fiftieth has
    a workload in pieces; of two functions.
    """
    with closing(SqliteStore(str(path), "disk")) as store:
        store.open()
        for number in range(1, count + 1):
            kinds = {1: delayed(number, 2e9 + number), 2: keyed(number, b"%d" % number)}
            job = kinds.get(number % 10, record(number))
            job.function = (b"resize", b"caf\xe9")[number % 2]
            job.workload = b"\xff%d " % number + b"x" * (number * 37 % 900)
            if number % 50 == 0:
                job.workload, job.more = "ä".encode() * 400_001, [b"y" * 700_000]
            store.commit(batch(job))
        store.commit(burials(*range(3, count, 10)))
        schedules = [named_schedule(count + 1), named_schedule(count + 2)]
        store.commit(batch(schedules=schedules, reserved=count + 1000))
        names = [(b"log", b"1"), (b"log", b"\xff\0"), (b"policy", b"caf\xe9")]
        store.commit(batch(entries=dict.fromkeys(names, b'{"paused": true}\xff')))


def named_schedule(number: int) -> ScheduleRecord:
    """Return a recurring job with names that packets can hold."""
    made = schedule(number)
    made.unique = b"nightly"
    return made


def lines_of(path: Path) -> tuple[list[bytes], int]:
    """Export a store; return its lines, and how many more cannot be read."""
    out = io.BytesIO()
    written, unreadable = export(str(path), out)
    lines = out.getvalue().splitlines(keepends=True)
    assert written == len(lines)
    return lines, unreadable


def objects_of(path: Path) -> dict[int, Line]:
    """Return what an export writes, by number; entries have numbers below zero."""
    objects = [json.loads(line) for line in lines_of(path)[0]]
    return {each.get("number") or -_sum(each): each for each in objects}


def _sum(entry: Line) -> int:
    return crc32(f"{entry['entry']} {entry['key']}".encode(errors="surrogateescape"))


def copy(source: Path, target: Path) -> int:
    """Export from one store into another; return how much was imported."""
    return import_lines(str(target), lines_of(source)[0])


def problems_of(path: Path) -> list[str]:
    problems = check(str(path)).problems
    assert all("\n" not in each for each in problems)
    return problems


def page_size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return size
