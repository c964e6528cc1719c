"""Entries say nothing of jobs that are not kept after all."""

from __future__ import annotations

import json

import pytest

from geartrain.engine.batches import Batch
from geartrain.engine.kept_entries import BATCH, OUTCOME, OWNER, SUCCESSOR, without
from geartrain.engine.records import Burial, Failures, JobRecord
from tests.support.dialogue import World
from tests.support.linked_jobs import (
    batch_row,
    linking,
    restarted_linking,
    run_next,
    submit_named,
)

X = (BATCH, b"x")
SHOP = (OWNER, b"shop")


def new(number: int, options: bytes = b"", owner: bytes = b"") -> JobRecord:
    record = JobRecord(number, b"H:h:%d" % number, b"f")
    record.options, record.owner, record.size = options, owner, 10
    return record


def counts(total: int, dead: int = 0) -> bytes:
    return json.dumps({"total": total, "dead": dead}).encode()


def test_entries_do_not_count_the_jobs() -> None:
    entries: dict[tuple[bytes, bytes], bytes | None] = {
        X: counts(5, 2),
        SHOP: b"7 700",
        (BATCH, b"y"): counts(1),
        (OWNER, b"bank"): None,
        (SUCCESSOR, b"2"): b"{}",
        (OUTCOME, b"2.0"): b"[]",
        (OUTCOME, b"21.0"): b"[]",
        (b"policy", b"2"): b"{}",
    }
    records = [new(1, b"ttl=3&batch=x", b"shop"), new(2, b"batch=x"), new(3)]
    kept, changed = without(entries, records, {2})
    assert kept == {
        X: counts(3, 1),
        SHOP: b"6 690",
        (BATCH, b"y"): counts(1),
        (OWNER, b"bank"): None,
        (OUTCOME, b"21.0"): b"[]",
        (b"policy", b"2"): b"{}",
    }
    assert list(changed) == [X, SHOP, (SUCCESSOR, b"2"), (OUTCOME, b"2.0")]
    assert all(changed[name] == entries[name] for name in changed)
    assert without(entries, [], set()) == (entries, {})


def made() -> Batch:
    batch = Batch(1)
    batch.added = [new(1, b"batch=x"), new(2, b"batch=x")]
    batch.added[1].workload = b"w" * 100
    batch.buried = [Burial(2, 1.0, Failures())]
    batch.entries = {X: counts(4, 1)}
    return batch


def test_of_parts_each_has_what_holds_with_it() -> None:
    new_jobs, rest = made().parted()
    assert rest.entries == {X: counts(2)}
    assert new_jobs.entries == {X: counts(4, 1)}
    fitting, left_out = made().within(50)
    assert [each.number for each in left_out] == [2]
    assert fitting.entries == {X: counts(3)}


def test_what_is_put_again_gives_way_to_what_is_later() -> None:
    following = Batch(2)
    following.put_again(made(), {2: "too large"})
    assert following.entries == {X: counts(4, 1)}
    following = Batch(2)
    following.entries = {X: counts(9)}
    following.put_again(made(), {2: "too large"})
    assert following.entries == {X: counts(9)}


def crashed_amid_refusal(world: World) -> World:
    """Return the world after a crash between a refusal and the next batch."""
    batch = world.take()
    assert world.store is not None
    world.store.commit(batch.parted()[1])
    return restarted_linking(world)


@pytest.mark.parametrize("window", [1, 10])
def test_a_crash_amid_a_refusal_leaves_nobody_waiting(window: int) -> None:
    world = linking(window)
    submit_named(world, "a?batch=x")
    waiting = submit_named(world, "b?after=batch:x")
    world.is_committing = False
    client = world.client()
    client.submit_job_bg(b"a?batch=x", b"", b"w")
    client.submit_job_bg(b"b?after=batch:x", b"", b"w")
    world = crashed_amid_refusal(world)
    assert batch_row(world, "x")["total"] == 1
    assert len(world.engine.state.graph.successors) == 1
    run_next(world, "a")
    assert run_next(world, "b")[0] == waiting
    assert run_next(world, "b")[0] == ""
