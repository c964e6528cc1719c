"""Replace a damaged store by a new one with everything that can be read of it.

The new file is complete on the disk before the damaged one is touched, which is kept
under another name with its log. A crash leaves either the damaged store as it was or
the new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.kept_entries import OWNER
from geartrain.engine.records import Burial, JobRecord
from geartrain.errors import StoreError
from geartrain.stores.recounting import OwnerCounts
from geartrain.stores.salvage.copies import Readable, open_readable
from geartrain.stores.salvage.endings import KeptEndings, ending_batches
from geartrain.stores.salvage.entries import KeptEntries
from geartrain.stores.salvage.jobs import KeptJob, KeptJobs
from geartrain.stores.salvage.logs import is_cut_short
from geartrain.stores.salvage.orphans import all_jobs
from geartrain.stores.salvage.queues import KeptQueues
from geartrain.stores.salvage.results import KeptResults, result_batches
from geartrain.stores.salvage.schedules import KeptSchedules, kept_reserved
from geartrain.stores.sqlite.damage import REBUILT, Mender
from geartrain.stores.sqlite.file import put_in_place, sync_folder
from geartrain.stores.sqlite.meta import lost_number, read_clock
from geartrain.stores.sqlite.store import SqliteStore
from geartrain.texts import visible

__all__ = ["Rebuilder", "rebuild"]

# A batch ends with the job that makes it as large as this.
_MOST_RECORDS: Final = 1000
_MOST_BYTES: Final = 8 * 1024 * 1024
# The number of losses that are named one by one.
_MOST_TOLD: Final = 20

_PARTS: Final = ("", "-wal")


class Rebuilder(Mender):
    """Makes damaged stores anew."""

    def look(self, path: str) -> str:
        """Return what is wrong with a closed file that SQLite would not report."""
        if is_cut_short(os.path.realpath(path)):
            return f"the write-ahead log of the store {visible(path)} is damaged"
        return ""

    def mend(self, path: str, tell: Callable[[int, int | None], None]) -> list[str]:
        """Make a file anew; see ``rebuild``."""
        return rebuild(path, tell)


def rebuild(
    path: str, tell: Callable[[int, int | None], None] = lambda done, total: None
) -> list[str]:
    """Make a damaged store anew, and return what an operator should know, a line each.

    It takes some seconds for 100,000 jobs, and as much room as is kept. ``tell`` is
    told how many jobs are saved so far, and of how many if that is known.

    Raises:
        StoreError: it cannot be read at all, or the new file cannot be written; the
            damaged one is then as it was.
    """
    real = os.path.realpath(path)
    made = f"{real}.rebuilding"
    _remove(made)
    try:
        with open_readable(real) as source:
            saved, losses = _copy(source, made, tell)
        aside = _set_aside(real)
        os.rename(made, f"{real}{REBUILT}")
        sync_folder(os.path.dirname(real))
        put_in_place(real)
    except OSError as error:
        raise StoreError(
            f"the store {visible(path)} cannot be made anew: {error.strerror}"
        ) from error
    finally:
        _remove(made)
    said = (
        f"the store {visible(path)} was damaged and has been made anew: {saved} jobs, "
        f"dead letters and recurring jobs are kept, {len(losses)} things are lost; the "
        f"damaged file is now {visible(aside)}"
    )
    more = len(losses) - _MOST_TOLD
    told = losses[:_MOST_TOLD]
    return [said, *told, *([f"{more} more things are lost"] if more > 0 else [])]


def _copy(
    source: Readable, target: str, tell: Callable[[int, int | None], None]
) -> tuple[int, list[str]]:
    """Copy what can be read; return how much that is, and what is lost."""
    connection = source.connection
    with closing(SqliteStore(target, "os")) as store:
        store.open()
        queues = KeptQueues(connection)
        jobs = KeptJobs(connection, queues)
        schedules = KeptSchedules(connection)
        owners = OwnerCounts()
        saved, highest = 0, 0
        for batch in _batches(jobs, source.path):
            highest = max(highest, *(record.number for record in batch.added))
            saved += len(batch.added)
            _count(owners, batch)
            store.commit(batch)
            tell(saved, queues.expected())
        rest = Batch(1)
        rest.schedules = list(schedules.schedules())
        entries = KeptEntries(connection)
        rest.entries = _entries(entries, owners)
        reserved = kept_reserved(connection) or lost_number()
        rest.reserved = max(reserved, highest)
        rest.steady, rest.calendar = read_clock(connection)
        store.commit(rest)
        losses = _losses(jobs, queues)
        results = KeptResults(connection)
        for batch in result_batches(results.results()):
            store.commit(batch)
        losses += [*schedules.losses.values(), *entries.losses.values()]
        losses += results.losses.values()
        endings = KeptEndings(connection)
        for batch in ending_batches(endings.endings()):
            store.commit(batch)
        losses += endings.losses.values()
        return saved + len(rest.schedules), losses


def _entries(
    kept: KeptEntries, owners: OwnerCounts
) -> dict[tuple[bytes, bytes], bytes | None]:
    """Return the entries to write: those that were kept, and owners counted anew."""
    found: dict[tuple[bytes, bytes], bytes | None] = {
        (each.kind, each.key): each.value
        for each in kept.entries()
        if each.kind != OWNER
    }
    found.update(owners.take())
    return found


def _count(owners: OwnerCounts, batch: Batch) -> None:
    buried = {each.number for each in batch.buried}
    for record in batch.added:
        if record.number not in buried:
            owners.add(record)


def _batches(jobs: KeptJobs, source: str) -> Iterator[Batch]:
    batch, size = Batch(1), 0
    for job in all_jobs(jobs, source):
        record = _whole(jobs, job)
        batch.added.append(record)
        if job.row.queue < 0 and record.failures is not None:
            batch.buried.append(Burial(record.number, record.died, record.failures))
        size += record.size
        if len(batch.added) >= _MOST_RECORDS or size >= _MOST_BYTES:
            yield batch
            batch, size = Batch(1), 0
    if batch.added:
        yield batch


def _whole(jobs: KeptJobs, job: KeptJob) -> JobRecord:
    """Return a job with its workload."""
    record = job.record
    record.workload, *record.more = jobs.workload(job)
    return record


def _losses(jobs: KeptJobs, queues: KeptQueues) -> list[str]:
    """Return a sentence for each job that is lost, or for those that cannot be told."""
    losses = list(jobs.losses.values())
    untold = jobs.missing - len(losses)
    if untold > 0:
        losses.append(f"{untold} jobs or dead letters are lost without a trace")
    elif queues.expected() is None and jobs.reason:
        losses.append(f"it cannot be told whether more jobs are lost: {jobs.reason}")
    return losses


def _set_aside(real: str) -> str:
    """Give a file and its log a second name; return it."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    for attempt in range(1000):
        aside = f"{real}.damaged-{stamp}" + (f"-{attempt}" if attempt else "")
        if not os.path.exists(aside):
            break
    for part in _PARTS:
        with suppress(FileNotFoundError):
            os.link(f"{real}{part}", f"{aside}{part}")
    return aside


def _remove(made: str) -> None:
    """Remove what was begun and is not needed."""
    for part in (*_PARTS, "-reserve"):
        with suppress(OSError):
            os.unlink(f"{made}{part}")
