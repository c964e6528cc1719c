"""A child that commits without end, to be killed.

Arguments: the kind of store, its path, a seed, the number of the first batch.

Once a commit has returned the child tells the number of the batch.
"""

from __future__ import annotations

import os
import sys

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial, Change, JobRecord, Move
from tests.support.kept_endings import ending
from tests.support.store_kinds import KINDS
from tests.support.store_records import batch, failures, keyed, record, schedule

# Numbers from one batch's first job to the next's.
SPAN = 1000


def size_of(seed: int, serial: int) -> int:
    """Return how many jobs a batch adds: few, many, or more than one statement."""
    return (1, 7, 40, 600)[(seed + serial * 5) % 4]


def numbers_of(seed: int, serial: int) -> list[int]:
    """Return the numbers of the jobs that a batch adds."""
    if serial < 1:
        return []
    return [serial * SPAN + place for place in range(size_of(seed, serial))]


def jobs_of(seed: int, serial: int) -> list[JobRecord]:
    """Return the jobs of a batch; of the second half some are others' twins."""
    jobs: list[JobRecord] = []
    for number in numbers_of(seed, serial):
        job = record(number)
        if number % 2:
            job = keyed(number, b"%d" % (number % 97), is_tentative=True)
        job.workload = b"%d " % serial * 20
        job.due = float(number % 5 == 0)
        jobs.append(job)
    if serial % 16 == 3:
        # Large enough for pieces, in a job that ends and in one that stays.
        for job in {jobs[0], jobs[-1]}:
            job.more = [bytes([serial % 256]) * 700_000] * 3
    return jobs


def batch_of(seed: int, serial: int) -> Batch:
    """Return a batch that adds jobs, and does something to those of earlier ones."""
    before = numbers_of(seed, serial - 1)
    long_before = numbers_of(seed, serial - 2)
    made = batch(*jobs_of(seed, serial), reserved=serial * SPAN + 999)
    made.ended.update(dict.fromkeys(long_before[1:]))
    made.changed = [Change(number, serial + 0.5, failures()) for number in before[::3]]
    made.buried = [Burial(number, 1.0 + serial, failures()) for number in before[::4]]
    made.revived = [Change(number, 0.0, None) for number in long_before[:1]]
    made.moved = {
        number: Move(number, b"moved %d" % (number % 3), number % 3, 0.0, False)
        for number in before[::5]
    }
    made.schedules = [schedule(serial * SPAN + 998)]
    made.unscheduled = [(serial - 3) * SPAN + 998]
    made.endings = [ending(serial, 1.0 + serial % 9)]
    made.expired_until = serial % 5
    made.entries = {
        (b"log", b"%d" % serial): b"%d " % serial * 20,
        (b"log", b"%d" % (serial - 3)): None,
        (b"policy", b"resize"): b"%d" % serial,
    }
    return made


def main() -> None:
    kind, path, seed, start = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
    store = KINDS[kind](path)
    store.open()
    serial = int(start)
    while True:
        store.commit(batch_of(int(seed), serial))
        os.write(1, b"%d\n" % serial)
        serial += 1


if __name__ == "__main__":
    main()
