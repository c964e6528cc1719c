"""Flow keys: what may start, what goes first, and how little an idle one takes."""

from __future__ import annotations

import pytest

from geartrain.engine.model.flow_keys import FlowKeys, has_keys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import HELD, READY, RUNNING, Job
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.shares import WHOLE, Share

NOW = 1_750_000_000.0


def keys_of(**settings: int | str) -> FlowKeys:
    policy = Policy()
    for name, value in settings.items():
        setattr(policy, name, value)
    keys = FlowKeys(b"f")
    keys.adapt(policy, WHOLE)
    return keys


def job_of(key: bytes, number: int, priority: int = 1) -> Job:
    job = Job(Function(b"f", Policy()), b"", b"w", [], priority)
    job.number, job.flow_key = number, key
    return job


def hold(keys: FlowKeys, *jobs: Job) -> None:
    for job in jobs:
        job.state = HELD
        keys.hold(job)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, False),
        ({"key_from": "/a"}, False),
        ({"key_concurrency": 1}, True),
        ({"key_rate": "1/s"}, True),
        ({"order": "fifo"}, True),
    ],
)
def test_limits_of_keys_and_an_order_need_keys(
    settings: dict[str, int | str], expected: bool
) -> None:
    policy = Policy()
    for name, value in settings.items():
        setattr(policy, name, value)
    assert has_keys(policy) == expected


def test_jobs_without_a_key_are_held_by_none_but_in_strict_order() -> None:
    assert keys_of(key_concurrency=1).holder(job_of(b"", 1)) is None
    assert keys_of(order="fifo").holder(job_of(b"", 1)) is not None
    assert keys_of().holder(job_of(b"a", 1)) is None


def test_places_are_those_of_ready_and_running_jobs_together() -> None:
    keys = keys_of(key_concurrency=2)
    one, two = job_of(b"a", 1), job_of(b"a", 2)
    key = keys.obtain(b"a")
    for job, state in ((one, READY), (two, RUNNING)):
        assert keys.may_start(key, NOW)
        job.state = state
        keys.note(job, NOW)
    assert not keys.may_start(key, NOW)
    assert keys.holds(job_of(b"a", 3), NOW)
    assert not keys.holds(job_of(b"b", 4), NOW)


def test_the_best_priority_goes_first_or_the_lowest_number() -> None:
    for order, expected in (("priority", 3), ("fifo", 1)):
        keys = keys_of(key_concurrency=1, order=order)
        hold(keys, job_of(b"a", 1, 2), job_of(b"a", 2, 1), job_of(b"a", 3, 0))
        following = keys.following(keys.live[b"a"], NOW)
        assert following is not None
        assert following.number == expected


def test_a_ready_job_makes_room_for_one_that_goes_before_it() -> None:
    keys = keys_of(key_concurrency=1)
    low, high = job_of(b"a", 1, 2), job_of(b"a", 2, 0)
    key = keys.obtain(b"a")
    low.state = READY
    keys.note(low, NOW)
    hold(keys, high)
    assert keys.following(key, NOW) is low


def test_a_key_is_over_when_its_rate_has_forgotten_its_jobs() -> None:
    keys = keys_of(key_rate="1/10s")
    job = job_of(b"a", 1)
    key = keys.obtain(b"a")
    job.state = RUNNING
    keys.note(job, NOW)
    assert keys.next_at(key, NOW) == NOW + 10
    job.state = HELD
    keys.note(job, NOW)
    assert not key.is_over(NOW + 9)
    assert key.is_over(NOW + 10)


def test_keys_have_a_part_of_their_limits_too() -> None:
    keys = keys_of(key_concurrency=5, key_rate="10/1s")
    policy = Policy()
    policy.key_concurrency, policy.key_rate = 5, "10/1s"
    assert not keys.adapt(policy, WHOLE)
    assert keys.adapt(policy, Share(2, 1))
    assert keys.concurrency == 2
    assert keys.rate is not None
    assert keys.rate.interval == pytest.approx(0.2)
