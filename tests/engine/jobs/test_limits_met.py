"""Why a job waits: the limit that it meets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dialogue import DialoguePeer, World
from tests.support.keyed import setting, submit_keyed, take
from tests.support.stored_engine import rows


def why(peer: DialoguePeer, number: int) -> dict[str, Any]:
    (row,) = rows(peer, f"why H:test:{number}")
    return row


@pytest.mark.parametrize(
    ("limit", "number", "code", "part"),
    [
        ("concurrency=1", 3, "concurrency", "runs 1 job at once"),
        ("rate=1/1m", 3, "rate", "its rate (1/1m): 3 jobs wait"),
        ("key_concurrency=1", 2, "key_concurrency", "(H:test:1): 2 jobs of it"),
        ("key_rate=1/1m", 2, "key_rate", "its rate (1/1m)"),
        ("order=fifo key_concurrency=9", 4, "order", "before it"),
    ],
)
def test_a_job_is_told_the_limit_that_it_meets(
    world: World, limit: str, number: int, code: str, part: str
) -> None:
    setting(world, f"f key_from=/key {limit}")
    submit_keyed(world.client(), "a1", "a2", "b1", "a3")
    take(world.worker("f"))
    row = why(world.admin(), number)
    assert (row["code"], row["state"]) == (code, "waiting")
    assert part in row["why"]


def test_a_job_in_strict_order_is_told_of_the_pause(world: World) -> None:
    setting(world, "f order=fifo max_attempts=3 backoff_delay=60 backoff_jitter=0")
    submit_keyed(world.client(), "a1", "a2")
    worker = world.worker("f")
    worker.work_fail(take(worker)[0])
    row = why(world.admin(), 2)
    assert row["code"] == "order"
    assert row["due"] == pytest.approx(world.wall_time + 60)
