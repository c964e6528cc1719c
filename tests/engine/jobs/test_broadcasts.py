"""Broadcasts: a job for each worker or host, and one end with what they came to."""

from __future__ import annotations

import json

import pytest

from tests.support.addressed_jobs import (
    addressing,
    batch_left,
    end_next,
    lines_of,
    named_worker,
    submitted,
    told,
)
from tests.support.dialogue import (
    World,
    error,
    noop,
    status_res,
    work_data,
    work_status,
)
from tests.support.linked_jobs import (
    batch_row,
    refusal_of,
    status_of,
    why_not,
)
from tests.support.stored_engine import rows


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return addressing(request.param)


def test_each_worker_has_one_and_the_client_is_told_of_each(world: World) -> None:
    a = named_worker(world, b"a", b"10.0.0.1")
    b = named_worker(world, b"", b"10.0.0.1")
    named_worker(world, b"other", function=b"g")
    client = world.client()
    handle = submitted(client, b"f?to=everyone", background=False)
    assert (a.received, b.received) == ([noop()], [noop()])
    one = end_next(b, b"two")
    assert end_next(b) == b""
    (data, status) = client.received
    assert data.name == "work_data"
    assert told([data]) == [(None, "10.0.0.1", "succeeded", "two")]
    assert lines_of(data.arguments[1])[0]["handle"] == one.decode()
    assert status == work_status(handle, b"1", b"2")
    client.get_status(handle)
    assert client.received == [status_res(handle, b"1", b"0", b"1", b"2")]
    end_next(a, b"one")
    (data, complete) = client.received
    assert told([data]) == [("a", "10.0.0.1", "succeeded", "one")]
    assert complete.name == "work_complete"
    assert complete.arguments[0] == handle
    whole = json.loads(complete.arguments[1])
    assert [each["result"] for each in whole] == ["two", "one"]
    assert not world.engine.state.jobs
    assert not world.engine.state.graph.size


def test_one_worker_of_each_host_has_one(world: World) -> None:
    first = named_worker(world, b"a", b"10.0.0.1")
    second = named_worker(world, b"b", b"10.0.0.1")
    away = named_worker(world, b"c", b"10.0.0.2")
    handle = submitted(world.client(), b"f?to=hosts")
    done = [bool(end_next(each)) for each in (first, second, away)]
    assert done == [True, False, True]
    assert batch_row(world, handle.decode())["succeeded"] == 2


def test_two_workers_of_one_id_have_one_each(world: World) -> None:
    twins = [named_worker(world, b"a") for _ in range(2)]
    submitted(world.client(), b"f?to=everyone")
    assert [bool(end_next(each)) for each in (*twins, *twins)] == [
        True,
        True,
        False,
        False,
    ]


def test_its_jobs_are_tried_again(world: World) -> None:
    world.policy(b"f", max_attempts=2, backoff_delay=0.0)
    worker = named_worker(world, b"a")
    client = world.client()
    submitted(client, b"f?to=everyone", background=False)
    end_next(worker, None)
    assert client.received == []
    end_next(worker, b"at last")
    assert told(client.received) == [("a", "127.0.0.1", "succeeded", "at last")]


def test_without_workers_it_is_refused_at_once(world: World) -> None:
    client = world.client()
    client.submit_job(b"f?to=everyone", b"", b"w")
    assert client.received == [error(b"NO_WORKER", b"no worker has 'f' now")]
    assert not world.engine.state.graph.batches


@pytest.mark.parametrize("option", ["key=k", "batch=x", "after=batch:x", "dedupe=drop"])
def test_what_does_not_go_together_is_refused(world: World, option: str) -> None:
    named_worker(world, b"a")
    said = refusal_of(world, f"f?to=hosts&{option}")
    assert f"so leave out {option.partition('=')[0]}" in said


def test_what_its_function_refuses_is_told(world: World) -> None:
    for name in (b"a", b"b"):
        named_worker(world, name)
    world.policy(b"f", max_waiting=2)
    client = world.client()
    submitted(client, b"f?to=everyone", background=False)
    world.advance(0)
    (outcome,) = told(client.received)
    assert outcome[:3] == ("b", None, "refused")
    assert "max_waiting" in outcome[3]
    world.policy(b"f", draining=True)
    assert "draining" in refusal_of(world, "f?to=everyone")


def test_its_jobs_end_with_its_client(world: World) -> None:
    workers = [named_worker(world, name) for name in (b"a", b"b")]
    client = world.client()
    submitted(client, b"f?to=everyone", background=False)
    workers[0].grab_job()
    client.leave()
    world.advance(0)
    assert end_next(workers[1]) == b""
    (running,) = workers[0].received[-1:]
    workers[0].work_complete(running.arguments[0], b"")
    assert workers[0].received == []
    assert not world.engine.state.jobs


def test_it_is_cancelled_as_a_whole(world: World) -> None:
    workers = [named_worker(world, name) for name in (b"a", b"b")]
    handle = submitted(world.client(), b"f?to=everyone").decode()
    said = "it is a broadcast, which ends with its jobs: 0 of 2 have"
    assert why_not(world, handle) == said
    (row,) = rows(world.admin(), f"job {handle}")
    assert row["options"] == {"to": "everyone"}
    assert status_of(world, handle) == "blocked"
    world.admin().text(f"cancel job {handle}")
    world.advance(0)
    assert [end_next(each) for each in workers] == [b"", b""]
    assert not world.engine.state.jobs
    assert batch_row(world, handle)["failed"] == 2


def test_one_of_its_dead_letters_that_is_retried_runs_whenever_that_is(
    world: World,
) -> None:
    """It is retried after it was the last to end, and before the broadcast has."""
    worker = named_worker(world, b"a")
    world.policy(b"f", max_attempts=1, dead_letter=True)
    whole = submitted(world.client(), b"f?to=everyone")
    worker.grab_job()
    job = worker.received[-1].arguments[0]
    worker.work_fail(job)
    assert world.admin().text(b"dead retry " + job) == b"OK\r\n"
    assert whole in world.engine.state.jobs
    world.advance(0)
    assert whole not in world.engine.state.jobs
    assert end_next(worker) == job
    assert not world.engine.state.jobs


def test_nobody_can_have_the_whole_run(world: World) -> None:
    worker = named_worker(world, b"a")
    handle = submitted(world.client(), b"f?to=everyone")
    world.admin().text(b"run " + handle)
    world.admin().text(b"move " + handle + b" g")
    assert end_next(worker) not in (b"", handle)
    assert end_next(worker) == b""
    assert not world.engine.state.jobs


def test_many_are_made_in_slices_and_others_are_served() -> None:
    world = addressing()
    count = 350
    workers = [world.worker("f") for _ in range(count)]
    client, other = world.client(), world.client()
    world.goes_on = False
    client.submit_job_bg(b"f?to=everyone", b"", b"w")
    assert world.engine.has_more()
    client.echo_req(b"behind it")
    other.echo_req(b"meanwhile")
    assert [each.name for each in other.received] == ["echo_res"]
    assert client.received == []
    world.goes_on = True
    world.deliver()
    assert [each.name for each in client.received] == ["job_created", "echo_res"]
    assert batch_left(world) == count
    for worker in workers:
        assert end_next(worker)
    assert not world.engine.state.jobs


def test_large_workloads_are_refused_for_many() -> None:
    world = addressing()
    for _ in range(300):
        world.worker("f")
    client = world.client()
    client.submit_job(b"f?to=everyone", b"", b"w" * 1_000_000)
    (answer,) = client.received
    assert b"send where it can be fetched from instead" in answer.arguments[1]


def test_data_is_told_before_the_status(world: World) -> None:
    worker = named_worker(world, b"a")
    client = world.client()
    handle = submitted(client, b"f?to=everyone", background=False)
    worker.grab_job()
    job = worker.received[-1].arguments[0]
    worker.work_data(job, b"half ")
    worker.work_complete(job, b"whole")
    world.advance(0)
    data = client.received[0]
    assert data == work_data(handle, data.arguments[1])
    assert told([data])[0][3] == "half whole"
