"""The SQLite store's index of keys against a plain one: CPU, rate and bytes written.

    python -m benchmarks.key_index FOLDER [JOBS]

It fills two stores by turns with jobs that have uniques, 500 a commit, as disk commits,
and prints both after each tenth.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from unittest.mock import patch

from geartrain.engine.batches import Batch
from geartrain.engine.records import JobRecord
from geartrain.stores.sqlite import session
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.schema import chunks, tuples
from geartrain.stores.sqlite.store import SqliteStore

BATCH: Final = 500


class PlainKeys(Keys):
    """Writes each key into the table at once."""

    def write(self, cursor: sqlite3.Cursor) -> None:
        """Write what was noted."""
        for part in chunks(self.added, 2):
            rows = tuples(len(part) // 2, 2)
            cursor.execute(f"INSERT OR IGNORE INTO keys {rows}", part)

    def settle(self) -> None:
        """Forget what was noted."""
        self.undo()


def written() -> int:
    """Return the bytes that this process has written so far."""
    counts = dict(
        line.split(": ") for line in Path("/proc/self/io").read_text().splitlines()
    )
    return int(counts["wchar"])


def batches(start: int, end: int) -> Iterator[Batch]:
    """Return batches of jobs with these numbers."""
    for first in range(start, end, BATCH):
        batch = Batch(1)
        for number in range(first, first + BATCH):
            job = JobRecord(number, b"H:host:%d" % number, b"resize")
            job.unique = job.key = b"unique-%d" % number
            job.workload, job.is_tentative = bytes(100), True
            batch.added.append(job)
        yield batch


def fill(name: str, store: SqliteStore, start: int, end: int) -> None:
    """Keep jobs, and print what that took for each."""
    began, cpu, size = time.perf_counter(), time.process_time(), written()
    for batch in batches(start, end):
        store.commit(batch)
    count = end - start
    print(
        f"{name:6} {end - 1:9} jobs: {count / (time.perf_counter() - began):7.0f}/s, "
        f"{(time.process_time() - cpu) / count * 1e6:5.1f} µs of CPU and "
        f"{(written() - size) // count:6} bytes written a job",
        flush=True,
    )


def main(folder: str, total: int) -> None:
    """Measure in a folder."""
    ours = SqliteStore(f"{folder}/ours.db", "disk")
    plain = SqliteStore(f"{folder}/plain.db", "disk")
    with closing(ours), closing(plain):
        ours.open()
        with patch.object(session, "Keys", PlainKeys):
            plain.open()
        step = total // 10
        for start in range(1, total, step):
            fill("ours", ours, start, start + step)
            fill("plain", plain, start, start + step)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
