"""What a store is given to keep, and gives back."""

from __future__ import annotations

from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.policies import Policy
from geartrain.engine.records import (
    Burial,
    Change,
    Entry,
    Failures,
    JobRecord,
    ScheduleRecord,
    StoredJob,
)
from tests.support.attributes import attributes


def filled(failures: Failures, number: int) -> list[object]:
    """Give every attribute a value of its own, and return them all."""
    for place, name in enumerate(attributes(failures)):
        kind = type(getattr(failures, name))
        value = number + place
        setattr(failures, name, b"%d" % value if kind is bytes else kind(value))
    return values(failures)


def values(failures: Failures) -> list[object]:
    return [getattr(failures, name) for name in attributes(failures)]


def test_a_copy_of_failures_does_not_change_with_them() -> None:
    failures = Failures()
    before = filled(failures, 100)
    copy = failures.copy()
    assert filled(failures, 200) != before
    assert len(before) == 8
    assert values(copy) == before


def test_a_job_begins_ready_and_alone() -> None:
    record = JobRecord(7, b"H:host:7", b"f")
    assert (record.number, record.handle, record.function) == (7, b"H:host:7", b"f")
    assert (record.unique, record.key, record.reducer) == (b"", b"", b"")
    assert (record.priority, record.due, record.died) == (1, 0.0, 0.0)
    assert (record.workload, record.more, record.size) == (b"", [], 0)
    assert (record.failures, record.is_tentative, record.twin) == (None, False, 0)


def test_two_records_share_no_pieces() -> None:
    one, two = JobRecord(1, b"", b""), JobRecord(2, b"", b"")
    one.more.append(b"piece")
    assert two.more == []


def test_taking_a_job_copies_all_that_is_stored_of_it() -> None:
    job = Job(Function(b"f", Policy()), b"u", b"w", [b"more"], 2)
    job.number, job.handle, job.key, job.reducer = 7, b"H:host:7", b"k", b"r"
    job.submitted, job.due, job.is_steady = 1.5, 2.5, True
    job.failures, job.headers = Failures(), b"a\0b"
    job.owner, job.flow_key, job.queue_key, job.options = b"o", b"a", b"a", b"ttl=1"
    blank, record = JobRecord(0, b"", b""), JobRecord(0, b"", b"")
    record.take(job)
    for name in attributes(StoredJob(0, b"", b"", b"", [], 1)):
        if name in ("failures", "timer"):
            continue
        assert getattr(record, name) == getattr(job, name) != getattr(blank, name), name
    assert record.failures is not None
    assert record.failures is not job.failures


def test_a_change_and_a_burial_say_what_and_when() -> None:
    failures = Failures()
    change, burial = Change(4, 5.0, None), Burial(6, 7.0, failures)
    assert (change.number, change.due, change.failures) == (4, 5.0, None)
    assert (burial.number, burial.died, burial.failures) == (6, 7.0, failures)


def test_a_schedule_begins_empty() -> None:
    record = ScheduleRecord(7, b"H:host:7", b"f")
    assert (record.number, record.handle, record.function) == (7, b"H:host:7", b"f")
    assert (record.unique, record.fields, record.workload) == (b"", [], b"")


def test_an_entry_has_a_kind_a_key_and_a_value() -> None:
    entry = Entry(b"policy", b"resize", b"{}")
    assert (entry.kind, entry.key, entry.value) == (b"policy", b"resize", b"{}")
