"""Check a store: count what can be read, and report everything that is wrong."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import digest
from geartrain.stores.queues import Queue
from geartrain.stores.salvage.copies import Readable
from geartrain.stores.salvage.endings import KeptEndings
from geartrain.stores.salvage.entries import KeptEntries
from geartrain.stores.salvage.jobs import KeptJob, KeptJobs
from geartrain.stores.salvage.orphans import all_jobs
from geartrain.stores.salvage.queues import KeptQueues
from geartrain.stores.salvage.results import KeptResults
from geartrain.stores.salvage.schedules import KeptSchedules, meta_problems
from geartrain.stores.sqlite.file import ERRORS
from geartrain.stores.sqlite.keys import Keys
from geartrain.stores.sqlite.meta import is_in_use
from geartrain.texts import quoted

__all__ = ["Report", "examine"]

# The number of jobs looked up in the index of keys at once.
_MOST_KEYS: Final = 512
# The number of lost jobs that are named one by one.
_MOST_TOLD: Final = 100

_STATES: Final = ("ready", "delayed", "dead")


@dataclass
class Report:
    """What a store keeps that can be read, and what is wrong with it.

    Attributes:
        jobs: how many jobs there are.
        dead: how many dead letters.
        schedules: how many recurring jobs.
        entries: how many entries: policies changed at run time, and the like.
        results: how many results of jobs that have ended.
        endings: how many jobs it is known of what became of them.
        problems: a sentence for each thing that is wrong, with what is lost.
    """

    jobs: int = 0
    dead: int = 0
    schedules: int = 0
    entries: int = 0
    results: int = 0
    endings: int = 0
    problems: list[str] = field(default_factory=list)


def examine(source: Readable, is_log_there: bool) -> Report:
    """Read everything and report."""
    connection = source.connection
    report = Report()
    report.problems += source.reasons
    report.problems += _structure_problems(connection)
    report.problems += meta_problems(connection)
    if not is_log_there and _was_in_use(connection):
        report.problems.append(
            "the write-ahead log is missing: what was committed last before the job "
            "server ended is lost"
        )
    _examine_jobs(source, report)
    schedules = KeptSchedules(connection)
    report.schedules = sum(1 for _ in schedules.schedules())
    report.problems += schedules.losses.values()
    entries = KeptEntries(connection)
    report.entries = sum(1 for _ in entries.entries())
    report.problems += entries.losses.values()
    results = KeptResults(connection)
    report.results = sum(1 for _ in results.results())
    report.problems += results.losses.values()
    endings = KeptEndings(connection)
    report.endings = sum(1 for _ in endings.endings())
    report.problems += endings.losses.values()
    return report


def _was_in_use(connection: sqlite3.Connection) -> bool:
    try:
        return is_in_use(connection)
    except ERRORS:
        return False


def _structure_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Have SQLite check its pages and indexes."""
    try:
        found = connection.execute("PRAGMA integrity_check").fetchall()
    except ERRORS as error:
        yield f"the file is damaged: {_line(str(error))}"
        return
    for (text,) in found:
        if text != b"ok":
            said = _line(text.decode(errors="replace"))
            yield f"the file is damaged: {said}"


def _line(text: str) -> str:
    """Return SQLite's report on one line, without its ``*** in database main ***``."""
    lines = [each for each in text.splitlines() if not each.startswith("***")]
    return "; ".join(lines) or text


def _examine_jobs(source: Readable, report: Report) -> None:
    connection = source.connection
    kept = KeptQueues(connection)
    report.problems += kept.problems
    jobs = KeptJobs(connection, kept)
    tally = _Tally()
    keys = _KeyCheck(connection)
    for job in all_jobs(jobs, source.path):
        tally.count(job)
        keys.look_at(job)
    keys.finish()
    report.jobs = tally.total("ready") + tally.total("delayed")
    report.dead = tally.total("dead")
    if jobs.reason:
        report.problems.append(f"the table of jobs is damaged: {jobs.reason}")
    report.problems += jobs.losses.values()
    untold = jobs.lost - len(jobs.losses)
    if untold > 0:
        report.problems.append(f"{untold} more jobs or dead letters are lost")
    report.problems += jobs.leftovers
    report.problems += tally.problems(kept, jobs.lost)
    report.problems += keys.problems


class _Tally:
    """The jobs that were read, counted as the store counts them."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str]] = Counter()

    def count(self, job: KeptJob) -> None:
        row = job.row
        state = "dead" if row.queue < 0 else "delayed" if row.due else "ready"
        self._counts[abs(row.queue), state] += 1

    def total(self, state: str) -> int:
        return sum(n for (_, each), n in self._counts.items() if each == state)

    def problems(self, kept: KeptQueues, lost: int) -> list[str]:
        """Report wrong counts, unless the number of lost jobs explains them."""
        found: list[str] = []
        total = 0
        for queue in kept.queues.by_id.values():
            for state in _STATES if queue.id not in kept.uncounted else ():
                difference = getattr(queue, state) - self._counts[queue.id, state]
                total += abs(difference)
                if difference:
                    found.append(self._difference(queue, state))
        return found if total != lost else []

    def _difference(self, queue: Queue, state: str) -> str:
        return (
            f"of function {quoted(queue.function)} and priority {queue.priority} the "
            f"store counts {getattr(queue, state)} {state} jobs, and "
            f"{self._counts[queue.id, state]} can be read"
        )


class _KeyCheck:
    """Whether jobs are found by their keys.

    Attributes:
        problems: what is wrong.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._batch: list[JobRecord] = []
        self._untold = 0
        self._keys: Keys | None = None
        self.problems: list[str] = []
        try:
            keys = Keys()
            keys.load(connection)
            self._keys = keys
        except (*ERRORS, LookupError, ValueError, TypeError) as error:
            self._fail(error)

    def look_at(self, job: KeptJob) -> None:
        record = job.record
        expected = digest(record.key) if record.key else None
        if job.key != expected:
            self._tell(record)
        elif record.key and job.row.queue > 0:
            self._batch.append(record)
            if len(self._batch) >= _MOST_KEYS:
                self._look_up()

    def finish(self) -> None:
        self._look_up()
        if self._untold:
            self.problems.append(f"{self._untold} more jobs are not found by unique")

    def _look_up(self) -> None:
        batch, self._batch = self._batch, []
        if self._keys is None or not batch:
            return
        try:
            digests = [digest(record.key) for record in batch]
            found = set(self._keys.find(self._connection, digests))
        except (*ERRORS, ValueError) as error:
            self._fail(error)
            return
        for record in batch:
            if record.number not in found:
                self._tell(record)

    def _fail(self, error: Exception) -> None:
        self._keys = None
        self.problems.append(
            f"the index of uniques is damaged: {error}: no job is lost, but a later "
            "one of the same unique may run beside it"
        )

    def _tell(self, record: JobRecord) -> None:
        if len(self.problems) >= _MOST_TOLD:
            self._untold += 1
            return
        self.problems.append(
            f"job {record.number}, {record.handle.decode(errors='replace')}, is not "
            "found by its unique: a later one of the same unique may run beside it"
        )
