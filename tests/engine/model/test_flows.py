"""The limits of one function: how many of its jobs may start."""

from __future__ import annotations

import pytest

from geartrain.engine.model.flows import Flow, has_limits
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.shares import WHOLE, Share

NOW = 1_750_000_000.0


def limited(rate: str = "none", concurrency: int = 0, share: Share = WHOLE) -> Flow:
    policy = Policy()
    policy.rate, policy.concurrency = rate, concurrency
    flow = Flow(b"f")
    flow.adapt(policy, NOW, share)
    return flow


def test_a_policy_of_no_limit_needs_no_flow() -> None:
    policy = Policy()
    assert not has_limits(policy)
    policy.concurrency = 1
    assert has_limits(policy)


def test_the_smaller_of_both_limits_counts() -> None:
    flow = limited("10/1s", 3)
    assert flow.allowed(0, NOW) == 1
    assert flow.allowed(3, NOW) == 0
    assert flow.allowed(9, NOW) == 0
    assert limited("1000/1s", 3).allowed(1, NOW) == 2


def test_a_full_bucket_waits_for_nothing() -> None:
    flow = limited("10/1s")
    assert flow.next_at(NOW) == 0
    assert flow.rate is not None
    flow.bucket.take(flow.rate, NOW)
    assert flow.next_at(NOW) == pytest.approx(NOW + 0.1)
    assert limited(concurrency=1).next_at(NOW) == 0


def test_job_servers_that_share_a_store_have_a_part_each() -> None:
    flows = [limited("10/1s", 4, Share(3, rank)) for rank in range(3)]
    assert [flow.concurrency for flow in flows] == [2, 1, 1]
    for flow in flows:
        assert flow.rate is not None
        assert flow.rate.interval == pytest.approx(0.3)
        flow.bucket.take(flow.rate, NOW)
        assert flow.next_at(NOW) == pytest.approx(NOW + 0.3)


def test_who_has_just_come_waits_for_a_part_of_what_is_divided() -> None:
    unknown = Share(2, 1, is_known=False)
    assert limited("10/1s", 0, unknown).allowed(0, NOW) == 0
    assert limited("none", 2, unknown).allowed(0, NOW) == 0
    assert limited("none", 2, unknown).is_counting()
    # Each has one, however many there are.
    assert limited("none", 1, unknown).allowed(0, NOW) == 1
