"""Jobs for one worker alone: who gets them, how long they wait, and what is refused."""

from __future__ import annotations

import pytest

from geartrain.engine.model.addressees import ABSENCE
from tests.support.addressed_jobs import (
    addressing,
    end_next,
    named_worker,
    submitted,
)
from tests.support.dialogue import (
    World,
    noop,
    work_fail,
)
from tests.support.linked_jobs import refusal_of
from tests.support.stored_engine import rows


@pytest.fixture(params=[10, 1])
def world(request: pytest.FixtureRequest) -> World:
    """Return a world with jobs in memory, or all but one in the store alone."""
    return addressing(request.param)


def test_it_waits_until_its_worker_is_free(world: World) -> None:
    worker, _ = named_worker(world, b"b"), named_worker(world, b"a")
    client = world.client()
    handles = [submitted(client, b"f?to=worker:b") for _ in range(3)]
    assert [end_next(worker) for _ in range(3)] == handles
    assert end_next(worker) == b""


def test_it_runs_again_where_it_failed(world: World) -> None:
    world.policy(b"f", max_attempts=2, backoff_delay=2.0)
    worker, other = named_worker(world, b"b"), named_worker(world, b"a")
    handle = submitted(world.client(), b"f?to=worker:b")
    assert end_next(worker, None) == handle
    worker.pre_sleep()
    world.advance(2)
    assert (worker.received, other.received) == ([noop()], [])
    assert end_next(other) == b""
    assert end_next(worker) == handle


def test_a_time_to_live_says_how_long_it_waits(world: World) -> None:
    client = world.client()
    short = submitted(client, b"f?to=worker:b&ttl=5s", background=False)
    long = submitted(client, b"f?to=worker:b&ttl=1h")
    always = submitted(client, b"f?to=worker:b&ttl=0")
    world.advance(5)
    assert client.received == [work_fail(short)]
    world.advance(3590)
    worker = named_worker(world, b"b", finds=True)
    assert [end_next(worker) for _ in range(3)] == [long, always, b""]


def test_a_policy_says_it_for_all(world: World) -> None:
    world.policy(b"f", ttl=100.0)
    handle = submitted(world.client(), b"f?to=worker:b")
    world.advance(99)
    assert handle in world.engine.state.jobs
    world.advance(1)
    assert handle not in world.engine.state.jobs


def test_it_outlasts_a_restart(world: World) -> None:
    worker = named_worker(world, b"b")
    client = world.client()
    handles = [submitted(client, b"f?to=worker:b") for _ in range(3)]
    worker.grab_job()
    other = world.restarted()
    assert end_next(named_worker(other, b"a")) == b""
    other.advance(ABSENCE - 1)
    again = named_worker(other, b"b", finds=True)
    assert [end_next(again) for _ in range(3)] == handles


def test_a_paused_function_gives_it_when_it_is_resumed(world: World) -> None:
    worker = named_worker(world, b"b")
    world.policy(b"f", paused=True)
    handle = submitted(world.client(), b"f?to=worker:b")
    assert worker.received == []
    assert end_next(worker) == b""
    worker.pre_sleep()
    world.policy(b"f", paused=False)
    world.deliver()
    assert worker.received == [noop()]
    assert end_next(worker) == handle


def test_its_function_s_limits_hold_for_it(world: World) -> None:
    world.policy(b"f", concurrency=1)
    first, second = named_worker(world, b"a"), named_worker(world, b"b")
    client = world.client()
    one = submitted(client, b"f?to=worker:a")
    first.grab_job()
    two = submitted(client, b"f?to=worker:b")
    assert second.received == []
    first.work_complete(one, b"")
    assert second.received == [noop()]
    assert end_next(second) == two


def test_a_rate_lets_it_go_in_time(world: World) -> None:
    world.policy(b"f", rate="1/10s")
    worker = named_worker(world, b"b")
    client = world.client()
    handles = [submitted(client, b"f?to=worker:b") for _ in range(2)]
    assert end_next(worker) == handles[0]
    worker.pre_sleep()
    assert worker.received == []
    world.advance(10)
    assert worker.received == [noop()]
    assert end_next(worker) == handles[1]


def test_it_joins_only_what_is_for_the_same_worker(world: World) -> None:
    named_worker(world, b"a"), named_worker(world, b"b")
    client = world.client()
    for to in (b"a", b"b", b"a"):
        client.submit_job_bg(b"f?to=worker:" + to, b"u", b"w")
    first, second, third = [
        each.arguments[0] for each in client.received if each.name == "job_created"
    ]
    assert first == third != second


def test_its_options_tell_whom_it_is_for(world: World) -> None:
    named_worker(world, b"b")
    handle = submitted(world.client(), b"f?to=worker:b")
    (row,) = rows(world.admin(), f"job {handle.decode()}")
    assert row["options"] == {"to": "worker:b"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("f?to=worker:c", "is worker:c: give ttl to wait for one"),
        ("f?to=host:10.9.9.9", "is host:10.9.9.9: give ttl"),
        ("g?to=worker:b", "no worker that is connected now and has 'g'"),
        ("f?to=worker:b&key=k", "to and key"),
        ("f?to=b", "to cannot be 'b': it is everyone, hosts, worker: with an id"),
        ("f?to=worker:", "to cannot be 'worker:'"),
        ("f?to=worker:%00", "to cannot be"),
        ("f?key=%00worker:b", "key cannot be"),
    ],
)
def test_what_cannot_be_is_refused(world: World, name: str, reason: str) -> None:
    named_worker(world, b"b")
    assert reason in refusal_of(world, name)


def test_a_worker_that_could_nothing_is_known_by_its_new_id_alone() -> None:
    world = addressing()
    worker = named_worker(world, b"one")
    worker.cant_do(b"f")
    worker.set_client_id(b"two")
    worker.can_do(b"f")
    client = world.client()
    client.submit_job_bg(b"f?to=worker:one", b"", b"")
    assert client.received[0].name == "error"
    client.submit_job_bg(b"f?to=worker:two", b"", b"")
    assert client.received[0].name == "job_created"
    worker.cant_do(b"f")
    worker.leave()
    assert world.engine.state.wakeups.addressees.workers(b"worker:two") == {}


def outcomes(world: World) -> list[str | None]:
    """Return what came of the last times of a schedule, the latest first."""
    (schedule,) = rows(world.admin(), "schedule show s")
    return [run["outcome"] for run in schedule["runs"]]


def test_a_schedule_makes_a_job_for_each_worker_that_is_there_then() -> None:
    world = addressing()
    admin = world.admin()
    asked = "schedule add s function=f every=60 overlap=skip options=to%3Deveryone"
    assert admin.text(asked) == b"OK\r\n"
    world.advance(60)
    assert outcomes(world) == ["refused"]
    workers = [named_worker(world, name) for name in (b"a", b"b")]
    world.advance(60)
    assert [len(worker.received) for worker in workers] == [1, 1]
    world.advance(60)
    assert outcomes(world) == ["overlapped", None, "refused"]
    assert all(end_next(worker) for worker in workers)
    assert outcomes(world) == ["overlapped", "succeeded", "refused"]


def test_a_schedule_is_for_one_worker_alone() -> None:
    world = addressing()
    other = named_worker(world, b"b")
    asked = "schedule add s function=f every=60 options=to%3Dworker%3Aa%26ttl%3D1h"
    assert world.admin().text(asked) == b"OK\r\n"
    world.advance(60)
    assert not other.received
    assert end_next(named_worker(world, b"a", finds=True))


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("everyone", "no worker has 'f' now"),
        ("hosts", "no worker has 'f' now"),
        ("worker:b", "no worker that is connected now and has 'f' is worker:b"),
        ("worker:node:east", "connected now and has 'f' is worker:node:east"),
        ("host:east", "no worker that is connected now and has 'f' is host:east"),
    ],
)
def test_workers_of_another_job_server_are_not_addressed(
    world: World, to: str, why: str
) -> None:
    there = world.connect(b"east")
    there.set_client_id(b"node:east")
    there.option_req(b"node\0ab\0east")
    there.can_do(b"f")
    there.pre_sleep()
    refusal = refusal_of(world, f"f?to={to}")
    assert why in refusal
    assert "; node 'east' has some, to whom only that job server" in refusal
    worker = named_worker(world, b"a")
    client = world.client()
    submitted(client, b"f?to=everyone")
    there.take_bytes()
    assert end_next(worker) != b""
    assert world.engine.state.jobs == {}
