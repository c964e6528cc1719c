"""Check, compact, export and import a SQLite store that no job server uses."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from typing import BinaryIO

from geartrain.errors import StoreError
from geartrain.stores.base import Store
from geartrain.stores.maintenance.check import Report, examine
from geartrain.stores.maintenance.importing import Importer
from geartrain.stores.maintenance.lines import (
    ending_line,
    entry_line,
    job_line,
    move_ending_times,
    move_result_times,
    move_times,
    result_line,
    schedule_line,
)
from geartrain.stores.owners import owners_rights
from geartrain.stores.salvage.copies import open_readable
from geartrain.stores.salvage.endings import KeptEndings
from geartrain.stores.salvage.entries import KeptEntries
from geartrain.stores.salvage.file import size_of
from geartrain.stores.salvage.jobs import KeptJobs
from geartrain.stores.salvage.orphans import all_jobs
from geartrain.stores.salvage.queues import KeptQueues
from geartrain.stores.salvage.results import KeptResults
from geartrain.stores.salvage.schedules import KeptSchedules
from geartrain.stores.sqlite.damage import is_log_gone
from geartrain.stores.sqlite.file import ERRORS, explain, open_file
from geartrain.stores.sqlite.meta import read_clock
from geartrain.stores.sqlite.store import SqliteStore
from geartrain.texts import visible

__all__ = ["Report", "check", "compact", "export", "import_into", "import_lines"]


def check(path: str) -> Report:
    """Look for damage in a store's file, and change nothing.

    What a job server that was killed left in the log counts.

    Raises:
        StoreError: there is no such file, it is in use by a job server, may not be
            read, or is no store of this format.
    """
    path = os.path.abspath(path)
    is_log_there = not is_log_gone(path)
    with open_readable(path) as source:
        return examine(source, is_log_there)


def compact(path: str) -> tuple[int, int]:
    """Give unused space back to the disk; return the bytes before and after.

    Meanwhile it needs up to twice the size of what is kept. A crash loses nothing.

    Raises:
        StoreError: as for ``check``; the file is damaged; or the disk is full.
    """
    path = os.path.abspath(path)
    problems = check(path).problems
    if problems:
        raise StoreError(
            f"the store {visible(path)} is damaged: {problems[0]}; export what can be "
            "read, and "
            "import it into another store"
        )
    before = size_of(path)
    with owners_rights(path), closing(open_file(path, "FULL")) as connection:
        try:
            # The copy that is made on the way may be larger than the memory.
            connection.execute("PRAGMA temp_store = FILE")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except ERRORS as error:
            raise explain(path, error) from error
    return before, size_of(path)


def export(path: str, out: BinaryIO) -> tuple[int, int]:
    """Write all that can be read as lines of JSON, and change nothing.

    Jobs and dead letters come in the order of their numbers, then recurring jobs,
    entries, results and endings; of a damaged file, what was hard to read comes late.

    Returns:
        How many lines were written, and how many jobs, dead letters, recurring jobs,
        entries, results and endings cannot be read, as far as this can be told.

    Raises:
        StoreError: as for ``check``.
    """
    with open_readable(os.path.abspath(path)) as source:
        connection = source.connection
        written = 0
        steady, calendar = read_clock(connection)
        jobs = KeptJobs(connection, KeptQueues(connection))
        for job in all_jobs(jobs, source.path):
            pieces = jobs.workload(job)
            is_dead = job.row.queue < 0
            move_times(job.record, calendar - steady)
            line = job_line(job.record, pieces, is_dead=is_dead, is_text=job.is_text)
            out.writelines(line)
            written += 1
        kept = KeptSchedules(connection)
        for schedule in kept.schedules():
            out.writelines(schedule_line(schedule))
            written += 1
        entries = KeptEntries(connection)
        for entry in entries.entries():
            out.writelines(entry_line(entry))
            written += 1
        results = KeptResults(connection)
        for record in results.results():
            move_result_times(record, calendar - steady)
            out.writelines(result_line(record))
            written += 1
        endings = KeptEndings(connection)
        for ending in endings.endings():
            move_ending_times(ending, calendar - steady)
            out.writelines(ending_line(ending))
            written += 1
        lost = len(kept.losses) + len(entries.losses) + len(results.losses)
        lost += len(endings.losses)
        return written, jobs.missing + lost


def import_lines(path: str, lines: Iterable[bytes]) -> int:
    """Put lines that ``export`` wrote into the store of a file; see ``import_into``."""
    return import_into(SqliteStore(os.path.abspath(path), "disk"), lines)


def import_into(store: Store, lines: Iterable[bytes]) -> int:
    """Put lines that ``export`` wrote into a store; make it if there is none.

    Handles stay as they are. What has a number that is kept already is skipped: so
    nothing is imported twice; and so is an entry whose kind and key are kept.

    Returns:
        How many jobs, dead letters, recurring jobs, entries, results and endings were
        imported.

    Raises:
        StoreError: the store cannot be opened or written, or a line is none of an
            export; the message says which line, and what was imported before it.
    """
    with closing(store):
        importer = Importer(store, store.open())
        importer.take(lines)
        return importer.count
