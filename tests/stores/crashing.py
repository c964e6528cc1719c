"""A child that commits without end, to be killed.

Arguments: the kind of store, its path, a seed, the number of the first batch.

Batch n adds jobs with numbers from n * 1000 and ends those of batch n - 2 but its
first. Once the commit has returned the child tells its number.
"""

from __future__ import annotations

import os
import sys

from geartrain.engine.journal import JobRecord
from tests.stores.kinds import KINDS
from tests.stores.records import batch, record

# Numbers from one batch's first job to the next's.
SPAN = 1000


def size_of(seed: int, serial: int) -> int:
    """Return how many jobs a batch adds: few, many, or more than one statement."""
    return (1, 7, 40, 600)[(seed + serial * 5) % 4]


def jobs_of(seed: int, serial: int) -> list[JobRecord]:
    jobs = [
        record(serial * SPAN + place, b"%d " % serial * 20)
        for place in range(size_of(seed, serial))
    ]
    if serial % 16 == 3:
        # Large enough for pieces, in a job that ends and in one that stays.
        for job in {jobs[0], jobs[-1]}:
            job.more = [bytes([serial % 256]) * 700_000] * 3
    return jobs


def ended_by(seed: int, serial: int) -> list[int]:
    """Return the numbers a batch ends: all but the first of the batch two before."""
    before = serial - 2
    if before < 1:
        return []
    return [before * SPAN + place for place in range(1, size_of(seed, before))]


def main() -> None:
    kind, path, seed, start = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
    store = KINDS[kind](path)
    store.open()
    serial = int(start)
    while True:
        added = jobs_of(int(seed), serial)
        ended = ended_by(int(seed), serial)
        store.commit(batch(*added, ended=ended, reserved=serial * SPAN + 999))
        os.write(1, b"%d\n" % serial)
        serial += 1


if __name__ == "__main__":
    main()
