"""Batches and records, and what a store holds, for the tests of stores."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.queries import (
    DuePage,
    FindDead,
    FindJob,
    FindKey,
    ListDead,
    ListJobs,
    Page,
)
from geartrain.engine.records import (
    FAILURE_FIELDS,
    JOB_FIELDS,
    Burial,
    Change,
    Failures,
    FieldKind,
    JobRecord,
    ScheduleRecord,
)
from geartrain.stores.base import Store
from tests.support.attributes import attributes

_serials = count(1)

# A record as a value: its fields, its failures, and its workload in one.
Kept = tuple[object, ...]


def record(number: int, workload: bytes = b"", *more: bytes) -> JobRecord:
    """Return a job whose names follow from its number."""
    made = JobRecord(number, b"H:host:%d" % number, b"resize")
    made.submitted = 1_700_000_000.25
    made.workload = workload
    made.more = list(more)
    return made


def keyed(
    number: int,
    key: bytes,
    function: bytes = b"resize",
    *,
    is_tentative: bool = False,
) -> JobRecord:
    """Return a job that coalesces by its unique."""
    made = record(number)
    made.function = function
    made.unique = made.key = key
    made.is_tentative = is_tentative
    return made


def delayed(number: int, due: float, *, is_steady: bool = False) -> JobRecord:
    made = record(number)
    made.due = due
    made.is_steady = is_steady
    return made


def full_record(number: int, priority: int = 1) -> JobRecord:
    """Return a job none of whose fields is as it was made."""
    job = JobRecord(number, b"H:\0\xff:%d" % number, b"\0re\xffsize\0")
    job.unique = bytes(range(64))
    job.key = b"-\0" + bytes(range(32))
    job.priority = priority
    job.reducer = b"sum\0\xfe"
    job.headers = b"traceparent\x0000-0af7-01\0tenant\0\xffa b="
    job.owner = b"shop \xff\0"
    job.flow_key = b"\0account-7\xff"
    job.options = b"ttl=60.0&key=\0\xff"
    job.due = 1_700_000_123.456789
    job.submitted = 1_700_000_000.000001
    job.failures = failures()
    job.workload = bytes(range(256))
    return job


def failures(attempts: int = 3, crashes: int = 2) -> Failures:
    """Return failures none of whose fields is as it was made."""
    made = Failures()
    made.attempts = attempts
    made.crashes = crashes
    made.reason = b"exception"
    made.error = b"\0no \xff such file\n" * 100
    made.worker = b"resizer 10.0.0.7:40112"
    made.story = b"\0\xff" * 50
    made.started = 1_700_000_001.123456
    made.ended = 1_700_000_002.654321
    return made


def schedule(number: int) -> ScheduleRecord:
    """Return a recurring job none of whose fields is as it was made."""
    made = ScheduleRecord(number, b"H:host:%d" % number, b"re\xffport")
    made.unique = b"nightly\0"
    made.fields = [b"0", b"", b"*/2", b"\xff", b"1-5"]
    made.workload = b"all\0" * 1000
    made.headers = b"tenant\0a b"
    return made


def dropping(until: float) -> Batch:
    """Return a batch that drops what was kept until a time."""
    made = Batch(1)
    made.expired_until = until
    return made


def batch(
    *added: JobRecord, ended: Iterable[int] = (), reserved: int = 0, **rest: object
) -> Batch:
    """Return a batch; ``rest`` are its other fields."""
    made = Batch(next(_serials))
    made.added.extend(added)
    made.ended.update(dict.fromkeys(ended))
    made.reserved = reserved
    for name, value in rest.items():
        setattr(made, name, value)
    return made


def burials(*numbers: int) -> Batch:
    """Return a batch that makes dead letters of jobs."""
    return batch(buried=[Burial(number, 1.5e9, failures()) for number in numbers])


def revivals(*numbers: int) -> Batch:
    """Return a batch that makes jobs of dead letters, ready at once."""
    return batch(revived=[Change(number, 0.0, None) for number in numbers])


def failures_value(made: Failures | None) -> Kept | None:
    if made is None:
        return None
    return tuple(getattr(made, field.name) for field in FAILURE_FIELDS)


def value(job: JobRecord) -> Kept:
    """Return a record as something that can be compared."""
    fields = [
        getattr(job, field.name)
        for field in JOB_FIELDS
        if field.kind not in (FieldKind.CLOCK, FieldKind.FAILURES)
    ]
    fields.append(job.due > 0 and job.is_steady)
    workload = b"".join([job.workload, *job.more])
    return (job.number, *fields, failures_value(job.failures), workload)


def schedule_value(made: ScheduleRecord) -> Kept:
    return tuple(getattr(made, name) for name in attributes(made))


def entries_of(inventory: Inventory) -> list[tuple[bytes, bytes, bytes]]:
    """Return the kind, key and value of each entry."""
    return [(each.kind, each.key, each.value) for each in inventory.entries]


def counts(inventory: Inventory) -> dict[tuple[bytes, int], Kept]:
    """Return ready, delayed, both next due times and dead letters of each queue."""
    return {
        (said.function, said.priority): (
            said.ready,
            said.delayed,
            said.next_due,
            said.next_steady,
            said.dead,
        )
        for said in inventory.queues
        if said.ready or said.delayed or said.dead
    }


def listed(
    store: Store,
    function: bytes | None = None,
    most: int = 1000,
    due_from: float = 0.0,
    due_until: float = float("inf"),
    steady_from: float = 0.0,
    steady_until: float = float("inf"),
) -> list[JobRecord]:
    """Return all jobs of all slices of a list."""
    records: list[JobRecord] = []
    following = b""
    while True:
        query = ListJobs(following, most, function)
        query.due_from, query.due_until = due_from, due_until
        query.steady_from, query.steady_until = steady_from, steady_until
        store.list_jobs(query)
        assert len(query.records) <= most
        records += query.records
        following = query.following
        if not following:
            return records


def dead(
    store: Store, function: bytes | None = None, most: int = 1000
) -> list[JobRecord]:
    """Return all dead letters of all slices of a list."""
    records: list[JobRecord] = []
    while True:
        after = records[-1].number if records else 0
        query = ListDead(after, most, function)
        store.list_dead(query)
        assert len(query.records) <= most
        if not query.records:
            return records
        records += query.records


def numbers(store: Store) -> list[int]:
    return sorted(job.number for job in listed(store))


def dead_numbers(store: Store, function: bytes | None = None) -> list[int]:
    return [job.number for job in dead(store, function)]


def found(store: Store, number: int) -> JobRecord | None:
    query = FindJob(number)
    store.find_job(query)
    return query.record


def found_dead(store: Store, number: int) -> JobRecord | None:
    query = FindDead(number)
    store.find_dead(query)
    return query.record


def found_by_key(
    store: Store, key: bytes, function: bytes | None = None, other: int = 0
) -> int:
    """Return the number of a job with a key, but not ``other``; 0 for none."""
    query = FindKey(key, function, other)
    store.find_key(query)
    return query.record.number if query.record is not None else 0


def values(store: Store) -> list[Kept]:
    """Return all jobs an open store keeps, in the order of their numbers."""
    kept: list[Kept] = []
    for number in numbers(store):
        job = found(store, number)
        assert job is not None
        kept.append(value(job))
    return kept


def dead_values(store: Store) -> list[Kept]:
    kept: list[Kept] = []
    for number in dead_numbers(store):
        letter = found_dead(store, number)
        assert letter is not None
        kept.append(value(letter))
    return kept


def page(
    store: Store,
    after: int = 0,
    most: int = 1000,
    function: bytes = b"resize",
    priority: int = 1,
) -> list[JobRecord]:
    query = Page(function, priority, after, most)
    store.page(query)
    return query.records


def due_page(
    store: Store,
    until: float,
    after: tuple[float, int] = (0.0, 0),
    most: int = 1000,
    function: bytes = b"resize",
    priority: int = 1,
    *,
    is_steady: bool = False,
) -> DuePage:
    query = DuePage(function, priority, after, until, most, is_steady)
    store.page_due(query)
    return query
