"""What a store is given to keep, and gives back."""

from __future__ import annotations

import pytest

from geartrain.engine.records import (
    Batch,
    Burial,
    Change,
    Failures,
    Inventory,
    JobRecord,
    QueueInventory,
    ScheduleRecord,
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
    assert len(before) == 7
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


def test_an_empty_batch_changes_nothing() -> None:
    batch = Batch(3)
    assert batch.serial == 3
    assert batch.changes_nothing()
    batch.queries.append(object())  # type: ignore[arg-type]
    assert batch.changes_nothing()


def fill(batch: Batch, what: str) -> None:
    failures = Failures()
    match what:
        case "ended":
            batch.ended[1] = None
        case "added":
            batch.added.append(JobRecord(1, b"", b""))
        case "revived":
            batch.revived.append(Change(1, 0.0, None))
        case "changed":
            batch.changed.append(Change(1, 5.0, failures))
        case "buried":
            batch.buried.append(Burial(1, 5.0, failures))
        case "schedules":
            batch.schedules.append(ScheduleRecord(1, b"", b""))
        case "unscheduled":
            batch.unscheduled.append(1)
        case _:
            batch.reserved = 1


@pytest.mark.parametrize(
    "what",
    [name for name in attributes(Batch(1)) if name not in ("serial", "queries")],
)
def test_a_batch_with_anything_to_write_changes_something(what: str) -> None:
    batch = Batch(1)
    fill(batch, what)
    assert not batch.changes_nothing()


def test_a_change_and_a_burial_say_what_and_when() -> None:
    failures = Failures()
    change, burial = Change(4, 5.0, None), Burial(6, 7.0, failures)
    assert (change.number, change.due, change.failures) == (4, 5.0, None)
    assert (burial.number, burial.died, burial.failures) == (6, 7.0, failures)


def test_a_schedule_begins_empty() -> None:
    record = ScheduleRecord(7, b"H:host:7", b"f")
    assert (record.number, record.handle, record.function) == (7, b"H:host:7", b"f")
    assert (record.unique, record.fields, record.workload) == (b"", [], b"")


def test_an_inventory_begins_with_nothing() -> None:
    inventory, queue = Inventory(9), QueueInventory(b"f", 2)
    assert (inventory.reserved, inventory.queues, inventory.schedules) == (9, [], [])
    assert (queue.function, queue.priority) == (b"f", 2)
    assert (queue.ready, queue.delayed, queue.next_due, queue.dead) == (0, 0, 0.0, 0)
