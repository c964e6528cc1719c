"""Batches and job records, and what a store holds, for the tests of stores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from geartrain.engine.journal import Batch, JobRecord
from geartrain.stores.base import Store

_FIELDS = (
    "number",
    "handle",
    "function",
    "unique",
    "priority",
    "reducer",
    "due",
    "losses",
    "submitted",
)
_serials = count(1)

# A job as a value: its fields, and its workload in one.
Kept = tuple[object, ...]


def record(number: int, workload: bytes = b"", *more: bytes) -> JobRecord:
    """Return a job whose names follow from its number."""
    made = JobRecord(number, b"H:host:%d" % number, b"resize")
    made.submitted = 1_700_000_000.25
    made.workload = workload
    made.more = list(more)
    return made


def batch(*added: JobRecord, ended: Sequence[int] = (), reserved: int = 0) -> Batch:
    made = Batch(next(_serials))
    made.added.extend(added)
    made.ended.extend(ended)
    made.reserved = reserved
    return made


def value(job: JobRecord) -> Kept:
    """Return a job as something that can be compared."""
    fields = [getattr(job, name) for name in _FIELDS]
    return (*fields, b"".join([job.workload, *job.more]))


def values(store: Store) -> list[Kept]:
    """Return all an open store keeps."""
    return [value(job) for job in store.load()]


def numbers(store: Store) -> list[int]:
    return [job.number for job in store.load()]
