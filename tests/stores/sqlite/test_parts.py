"""Batches cut into parts that need little room."""

from __future__ import annotations

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial, Change, Move
from geartrain.stores.sqlite.parts import ending, parts
from tests.support.store_records import batch, failures


def test_parts_do_together_what_the_batch_does() -> None:
    whole = batch(
        ended=range(1, 301),
        reserved=7,
        unscheduled=[8],
        entries={(b"log", b"%d" % number): None for number in range(300)},
        changed=[Change(number, 5.0, None) for number in range(400, 600)],
        moved={n: Move(n, b"f", 1, 0.0, False) for n in range(1100, 1400)},
        revived=[Change(700, 0.0, None)],
        buried=[Burial(number, 9.0, failures()) for number in range(800, 1000)],
    )
    cut = list(parts(whole))
    assert max(len(each.ended) + len(each.buried) for each in cut) <= 128
    assert [n for each in cut for n in each.ended] == list(whole.ended)
    assert [c for each in cut for c in each.changed] == whole.changed
    assert [c for each in cut for c in each.revived] == whole.revived
    assert [b.number for each in cut for b in each.buried] == list(range(800, 1000))
    assert max(len(each.moved) for each in cut) <= 128
    assert [n for each in cut for n in each.moved] == list(whole.moved)
    assert max(len(each.entries) for each in cut) <= 128
    assert [name for each in cut for name in each.entries] == list(whole.entries)
    assert (cut[0].reserved, cut[0].unscheduled) == (7, [8])


def test_what_workers_said_is_cut() -> None:
    failed = failures()
    failed.error = b"x" * 5000
    (part,) = parts(batch(buried=[Burial(1, 9.0, failed)]))
    assert part.buried[0].failures.error == b"x" * 200
    assert len(failed.error) == 5000


def test_nothing_is_in_no_part() -> None:
    assert list(parts(Batch(1))) == []
    assert list(ending([3, 4]).ended) == [3, 4]
