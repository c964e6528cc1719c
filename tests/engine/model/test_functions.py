"""What a function counts."""

from __future__ import annotations

import pytest

from geartrain.engine.model.functions import Function
from geartrain.engine.model.policies import Policy
from tests.support.dialogue import World, job_assign, job_created, noop


@pytest.fixture
def busy(world: World) -> Function:
    """A function with a running, two ready and a scheduled job."""
    client, worker = world.client(), world.worker("f")
    client.submit_job_high_bg(b"f", b"", b"1")
    worker.grab_job()
    client.submit_job_bg(b"f", b"", b"2")
    client.submit_job_low_bg(b"f", b"", b"3")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"4")
    return world.engine.state.functions[b"f"]


def test_a_new_function_has_nothing() -> None:
    function = Function(b"f", Policy())
    assert function.name == b"f"
    assert function.ready_count() == function.job_count() == 0
    assert not function.unpromised()


def test_running_and_scheduled_jobs_are_jobs_but_not_ready(busy: Function) -> None:
    assert busy.ready_count() == 2
    assert busy.job_count() == 4


def test_a_new_function_takes_jobs_without_limit() -> None:
    assert not any(Function(b"f", Policy()).is_full(priority) for priority in range(3))


@pytest.mark.parametrize(("limit", "full"), [(0, False), (5, False), (4, True)])
def test_all_jobs_count_towards_the_limit(
    busy: Function, limit: int, full: bool
) -> None:
    busy.limits = [limit] * 3
    assert [busy.is_full(priority) for priority in range(3)] == [full] * 3


def test_each_priority_has_its_own_limit(busy: Function) -> None:
    busy.limits = [5, 4, 0]
    assert [busy.is_full(priority) for priority in range(3)] == [False, True, False]


def test_a_ready_job_is_unpromised_until_a_worker_was_woken(world: World) -> None:
    client = world.client()
    client.submit_job(b"f", b"", b"1")
    assert client.received == [job_created(b"H:test:1")]
    function = world.engine.state.functions[b"f"]
    assert function.unpromised()
    worker = world.sleeper("f")
    assert worker.received == [noop()]
    assert not function.unpromised()
    worker.grab_job()
    assert worker.received == [job_assign(b"H:test:1", b"f", b"1")]
    assert not function.unpromised()
