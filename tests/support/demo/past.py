"""What the shop did before its job server started: days of statistics in a store."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

from geartrain.engine.batches import Batch
from geartrain.engine.model.counts import (
    DEAD,
    EXCEPTION,
    RETRIED,
    SUBMITTED,
    SUCCEEDED,
    Counts,
    bucket,
)
from geartrain.engine.model.open_counts import OpenCounts
from geartrain.engine.model.statistics import HOURS, MINUTES, Ring, Statistics
from geartrain.engine.records import JobRecord
from geartrain.engine.state.slots import MINUTE, TimeSlots
from geartrain.stores.sqlite.store import SqliteStore
from tests.support.demo.functions import FUNCTIONS, Busy

__all__ = ["keep_past"]

# Minutes since the last worker of the function without one has left, and from when to
# when mail could not be sent.
ALONE = 14
TROUBLE = range(24, 31)
# A histogram of an hour need not have every job.
SAMPLES = 40


def keep_past(file: Path) -> None:
    """Make a store whose job server was busy until now."""
    now = time.time()
    store = SqliteStore(str(file), "os")
    store.open()
    batch = Batch(1)
    batch.steady = batch.calendar = now
    batch.entries.update(_statistics(int(now // MINUTE)))
    batch.added.extend(_waiting(now))
    batch.reserved = len(batch.added)
    store.commit(batch)
    store.close()


def _statistics(minute: int) -> Iterator[tuple[tuple[bytes, bytes], bytes]]:
    """Yield the statistics of the last hour by the minute, and of days by the hour."""
    chance = random.Random(7)
    slots = TimeSlots()
    functions = {each.name: Statistics(each.name.encode()) for each in FUNCTIONS}
    hour = minute // 60
    for number in range(hour - HOURS, hour):
        ago = 60 * (hour - number)
        hours = slots.all_hours, slots.hours
        _keep(hours, number, 60, ago, functions, slots, chance)
    for number in range(minute - MINUTES, minute):
        minutes = slots.all_minutes, slots.minutes
        _keep(minutes, number, 1, minute - number, functions, slots, chance)
    for ring, page in slots.unsaved():
        yield (ring.kind, page.key()), page.value()


def _keep(
    rings: tuple[Ring, Ring],
    number: int,
    minutes: int,
    ago: int,
    functions: dict[str, Statistics],
    slots: TimeSlots,
    chance: random.Random,
) -> None:
    """Keep what happened in a minute or hour, of each function and of all."""
    total = Counts()
    for busy in FUNCTIONS:
        counts = _counts(busy, ago, minutes, chance)
        rings[1].add(functions[busy.name], number, counts.pack())
        total.add(counts)
    rings[0].add(slots.all, number, total.pack())


def _counts(busy: Busy, ago: int, minutes: int, chance: random.Random) -> Counts:
    """Return what happened to a function's jobs so many minutes ago."""
    wave = 0.75 + 0.25 * math.sin(ago / 9) * math.cos(ago / 31)
    if minutes > 1:
        wave = 0.6 + 0.4 * math.sin(ago / 1440 * math.tau)
    submitted = int(busy.rate * 60 * minutes * wave * chance.uniform(0.94, 1.06))
    counts = Counts()
    counts.numbers[SUBMITTED] = submitted
    if busy.workers == 0 and ago <= ALONE:
        return counts
    is_trouble = busy.name == "mail.send" and ago in TROUBLE and minutes == 1
    failing = 0.3 if is_trouble else busy.failing
    dead = int(submitted * failing * chance.uniform(0.2, 0.5))
    counts.numbers[SUCCEEDED] = submitted - dead
    counts.numbers[DEAD] = dead
    counts.numbers[EXCEPTION] = 2 * dead
    counts.numbers[RETRIED] = dead
    ended = min(submitted, SAMPLES)
    times = OpenCounts()
    for _ in range(ended + _running(busy, ago) - _running(busy, ago + 1)):
        waited = chance.lognormvariate(-4.5, 1.2) * (40 if is_trouble else 1)
        times.wait(waited, bucket(waited))
    for _ in range(ended):
        ran = chance.uniform(*busy.seconds)
        times.run(ran, bucket(ran))
    counts.add(times.counts())
    return counts


def _running(busy: Busy, ago: int) -> int:
    """Return how many of a function's jobs ran so many minutes ago."""
    if ago <= 1:
        return 0
    part = min(busy.rate * sum(busy.seconds) / 2, busy.workers)
    return round(part * (0.8 + 0.2 * math.sin(ago / 4)))


def _waiting(now: float) -> Iterator[JobRecord]:
    """Yield the jobs that wait since the last of their workers left."""
    busy = FUNCTIONS[0]
    for number in range(1, int(busy.rate * 60 * ALONE * 0.9) + 1):
        job = JobRecord(number, b"H:shop:%d" % number, busy.name.encode())
        job.submitted = now - 60 * ALONE + number / busy.rate
        job.workload = b'{"picture": %d, "width": 320}' % number
        yield job
