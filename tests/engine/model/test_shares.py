"""Parts of limits, for the job servers that share a store."""

from __future__ import annotations

from itertools import product

from geartrain.engine.model.shares import WHOLE, Share, part_of


def parts(most: int, servers: int) -> list[int]:
    return [part_of(Share(servers, rank), most) for rank in range(servers)]


def test_all_parts_are_the_whole_unless_there_are_more_job_servers() -> None:
    assert part_of(WHOLE, 7) == 7
    for most, servers in product(range(1, 40), range(1, 12)):
        each = parts(most, servers)
        assert sum(each) == max(most, servers)
        assert max(each) - min(each) <= 1
    assert parts(0, 3) == [0, 0, 0]


def test_nobody_gets_more_by_another_one_that_comes_last() -> None:
    for most, servers in product(range(1, 40), range(1, 12)):
        before, after = parts(most, servers), parts(most, servers + 1)
        assert all(one >= other for one, other in zip(before, after, strict=False))
