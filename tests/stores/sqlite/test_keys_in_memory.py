"""Entries of the index of keys that are not yet merged."""

from __future__ import annotations

import random

from geartrain.stores.sqlite.keys import BUCKETS, Tail, bucket_of

LEAST, MOST = -(2**63), 2**63 - 1


def test_ranges_are_in_the_order_of_the_digests() -> None:
    assert bucket_of(LEAST) == 0
    assert bucket_of(MOST) == BUCKETS - 1
    randomness = random.Random(4730)
    keys = sorted(randomness.randrange(LEAST, MOST) for _ in range(1000))
    assert list(map(bucket_of, keys)) == sorted(map(bucket_of, keys))


def test_what_was_added_is_found() -> None:
    tail = Tail()
    tail.add([5, 1, -5, 2, MOST, 3])
    assert tail.find([5, -5, 6, MOST]) == {1, 2, 3}
    assert tail.find([6]) == set()


def test_a_digest_may_have_several_jobs() -> None:
    tail = Tail()
    tail.add([5, 3, 5, 1, 5, 2, 6, 4])
    assert tail.find([5]) == {1, 2, 3}
    tail.remove([5, 3])
    assert tail.find([5]) == {1, 2}
    tail.remove([5, 2, 5, 1])
    assert tail.find([5]) == set()
    assert tail.find([6]) == {4}
    assert list(tail.gone(bucket_of(5))) == []


def test_what_is_removed_but_was_not_added_is_gone() -> None:
    tail = Tail()
    tail.add([5, 1, 5, 2])
    tail.remove([5, 3, 7, 4])
    assert list(tail.gone(bucket_of(5))) == [5, 3, 7, 4]
    assert tail.find([5]) == {1, 2}


def test_a_range_is_given_in_order_and_cleared() -> None:
    tail = Tail()
    tail.add([9, 1, 5, 2, 9, 3, 7, 4, MOST, 5])
    tail.remove([8, 6])
    bucket = bucket_of(9)
    assert list(tail.added(bucket)) == [5, 2, 7, 4, 9, 1, 9, 3]
    tail.clear(bucket)
    assert list(tail.added(bucket)) == []
    assert list(tail.gone(bucket)) == []
    assert tail.find([5, 7, 9, MOST]) == {5}
