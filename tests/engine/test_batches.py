"""A batch says whether it changes anything."""

from __future__ import annotations

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.records import (
    Burial,
    Change,
    Failures,
    JobRecord,
    Move,
    ScheduleRecord,
)
from tests.support.attributes import attributes


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
        case "moved":
            batch.moved[1] = Move(1, b"f", 1, 0.0, False)
        case "entries":
            batch.entries[b"log", b"1"] = None
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


def test_what_a_batch_takes_back_is_what_was_refused_but_for_new_jobs() -> None:
    refused, batch = Batch(1), Batch(2)
    refused.ended, refused.reserved, refused.steady, refused.calendar = (
        {1: None},
        9,
        5,
        6,
    )
    refused.changed = [Change(2, 0.0, None), Change(3, 0.0, None)]
    refused.buried = [Burial(2, 1.0, Failures()), Burial(4, 1.0, Failures())]
    refused.revived = [Change(5, 0.0, None)]
    refused.schedules, refused.unscheduled = [ScheduleRecord(6, b"H", b"f")], [7]
    refused.entries = {(b"log", b"1"): b"refused", (b"log", b"2"): b"refused"}
    batch.entries = {(b"log", b"2"): None}
    batch.changed = [Change(8, 0.0, None)]
    batch.reserved = 4
    batch.take_back(refused, {2})
    assert batch.ended == {1: None}
    assert (batch.reserved, batch.steady, batch.calendar) == (9, 5, 6)
    assert [each.number for each in batch.changed] == [3, 8]
    assert [each.number for each in batch.buried] == [4]
    assert [each.number for each in batch.revived] == [5]
    assert [each.number for each in batch.schedules] == [6]
    assert batch.unscheduled == [7]
    assert batch.entries == {(b"log", b"1"): b"refused", (b"log", b"2"): None}


def moved(due: float, *numbers: int) -> dict[int, Move]:
    return {number: Move(number, b"f", 1, due, False) for number in numbers}


def test_of_two_moves_the_later_counts_and_changes_follow_it() -> None:
    refused, batch = Batch(1), Batch(2)
    refused.moved = moved(1.0, 1, 2, 3, 4)
    batch.moved = moved(2.0, 2)
    batch.changed = [Change(2, 8.0, None), Change(3, 9.0, None), Change(4, 9.0, None)]
    batch.take_back(refused, {4})
    dues = {number: (each.due, each.is_steady) for number, each in batch.moved.items()}
    assert dues == {1: (1.0, False), 2: (2.0, False), 3: (9.0, True)}


def test_nothing_more_is_said_of_what_has_ended() -> None:
    batch = Batch(1)
    for number in (1, 2):
        batch.revived.append(Change(number, 5.0, None))
        batch.changed.append(Change(number, 5.0, Failures()))
        batch.buried.append(Burial(number, 5.0, Failures()))
        batch.moved[number] = Move(number, b"f", 1, 5.0, is_steady=True)
        batch.replaced[number] = JobRecord(number, b"", b"f")
    batch.ended[1] = None
    batch.leave_out_ended()
    lists = (batch.revived, batch.changed, batch.buried)
    assert [[each.number for each in one] for one in lists] == [[2]] * 3
    assert [[*batch.moved], [*batch.replaced]] == [[2], [2]]


def test_moves_of_new_jobs_are_new() -> None:
    batch = Batch(1)
    batch.added = [JobRecord(1, b"", b"")]
    batch.moved = moved(0.0, 1, 2)
    new, rest = batch.parted()
    assert (list(new.moved), list(rest.moved)) == ([1], [2])


def test_entries_are_written_where_there_is_room_for_nothing_new() -> None:
    batch = Batch(1)
    batch.added = [JobRecord(1, b"", b"")]
    batch.entries = {(b"log", b"1"): b"paused"}
    new, rest = batch.parted()
    assert (new.entries, rest.entries) == ({}, batch.entries)
    assert batch.within(0)[0].entries == batch.entries


def test_a_later_time_is_not_taken_back() -> None:
    refused, batch = Batch(1), Batch(2)
    refused.steady, refused.calendar = 5, 6
    batch.steady, batch.calendar = 7, 8
    batch.take_back(refused, set())
    assert (batch.steady, batch.calendar) == (7, 8)
