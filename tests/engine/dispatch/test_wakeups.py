"""Exactly as many sleeping workers are woken as there is work."""

from __future__ import annotations

import pytest

from geartrain.engine.dispatch.wakeups import GRACE
from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    job_assign,
    no_job,
    noop,
)
from tests.support.wakeups import SOON, submit, woken


def test_a_sleeping_worker_is_woken_once(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper("f")
    assert worker.received == []
    submit(client)
    assert worker.received == [noop()]
    submit(client)
    assert worker.received == []


def test_an_awake_worker_is_not_woken(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    submit(client)
    assert worker.received == []
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]
    submit(client)
    assert worker.received == []


def test_a_worker_does_not_fall_asleep_beside_work(
    world: World, client: DialoguePeer
) -> None:
    submit(client)
    assert world.sleeper("f").received == [noop()]


def test_one_job_wakes_one_of_ten_thousand(world: World, client: DialoguePeer) -> None:
    workers = [world.sleeper("f") for _ in range(10_000)]
    submit(client)
    (called,) = [worker for worker in workers if worker.received == [noop()]]
    called.grab_job()
    assert called.received == [job_assign(H1, b"f", b"w")]
    world.advance(60)
    assert woken(workers) == 0


def test_one_job_whose_worker_is_late_wakes_two_of_ten_thousand(
    world: World, client: DialoguePeer
) -> None:
    workers = [world.sleeper("f") for _ in range(10_000)]
    submit(client)
    assert woken(workers) == 1
    world.advance(GRACE)
    (second,) = [worker for worker in workers if worker.received == [noop()]]
    second.grab_job()
    assert second.received == [job_assign(H1, b"f", b"w")]
    world.advance(60)
    assert woken(workers) == 0


def test_a_burst_wakes_a_worker_for_each_job(
    world: World, client: DialoguePeer
) -> None:
    workers = [world.sleeper("f") for _ in range(10)]
    for _ in range(4):
        submit(client)
    assert woken(workers) == 4


def test_a_burst_wakes_each_worker_once_when_jobs_are_more(
    world: World, client: DialoguePeer
) -> None:
    workers = [world.sleeper("f") for _ in range(3)]
    for _ in range(10):
        submit(client)
    assert woken(workers) == 3


def test_a_coalesced_submission_wakes_nobody(
    world: World, client: DialoguePeer
) -> None:
    workers = [world.sleeper("f"), world.sleeper("f")]
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"f", b"u", b"w")
    assert woken(workers) == 1


def test_a_worker_that_came_and_went_back_is_woken_again(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    for handle in (H1, H2):
        submit(client)
        worker.grab_job()
        worker.work_complete(handle, b"")
        worker.grab_job()
        worker.pre_sleep()
        assert worker.received == [noop(), job_assign(handle, b"f", b"w"), no_job()]


def test_the_last_to_fall_asleep_is_woken_first(
    world: World, client: DialoguePeer
) -> None:
    first, last = world.sleeper("f"), world.sleeper("f")
    submit(client)
    assert (first.received, last.received) == ([], [noop()])


@pytest.mark.parametrize("abilities", [("f",), ("f", "g"), ("g", "f")])
def test_workers_of_other_abilities_are_woken_too(
    world: World, client: DialoguePeer, abilities: tuple[str, ...]
) -> None:
    workers = [world.sleeper("f"), world.sleeper(*abilities)]
    submit(client)
    submit(client)
    assert woken(workers) == 2


def test_a_woken_worker_that_does_not_come_is_passed_over(
    world: World, client: DialoguePeer
) -> None:
    next_one, slow = world.sleeper("f"), world.sleeper("f")
    submit(client)
    assert slow.received == [noop()]
    world.advance(GRACE - 0.001)
    assert next_one.received == []
    world.advance(0.001)
    assert next_one.received == [noop()]
    assert slow.received == []


def test_a_worker_passed_over_may_still_come(
    world: World, client: DialoguePeer
) -> None:
    other, slow = world.sleeper("f"), world.sleeper("f")
    submit(client)
    world.advance(2 * GRACE)
    slow.grab_job()
    other.grab_job()
    assert slow.received == [noop(), job_assign(H1, b"f", b"w")]
    assert other.received == [noop(), no_job()]


def test_a_worker_passed_over_may_sleep_again_and_is_woken_again(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    submit(client)
    world.advance(2 * GRACE)
    assert worker.received == [noop()]
    worker.pre_sleep()
    assert worker.received == [noop()]


def test_passing_over_goes_on_until_somebody_comes(
    world: World, client: DialoguePeer
) -> None:
    workers = [world.sleeper("f") for _ in range(5)]
    submit(client)
    world.advance(2 * GRACE)
    assert woken(workers) == 3
    workers[2].grab_job()
    assert workers[2].received == [job_assign(H1, b"f", b"w")]
    world.advance(10 * GRACE)
    assert woken(workers) == 0


def test_time_alone_wakes_nobody(world: World) -> None:
    worker = world.sleeper("f")
    assert world.deadline() is None
    world.advance(1000)
    assert worker.received == []


def test_no_deadline_is_left_once_all_have_come(
    world: World, client: DialoguePeer
) -> None:
    workers = [world.sleeper("f"), world.sleeper("f")]
    submit(client)
    submit(client)
    assert world.deadline() == world.now + GRACE
    for worker in workers:
        worker.grab_job()
    assert world.deadline() is None


def test_the_deadline_is_the_oldest_open_promises(
    world: World, client: DialoguePeer
) -> None:
    second, first = world.sleeper("f"), world.sleeper("f")
    submit(client)
    world.advance(SOON)
    submit(client)
    assert (first.received, second.received) == ([noop()], [noop()])
    first.grab_job()
    assert world.deadline() == world.now + GRACE


def test_a_woken_worker_that_leaves_has_another_woken(
    world: World, client: DialoguePeer
) -> None:
    other, gone = world.sleeper("f"), world.sleeper("f")
    submit(client)
    assert gone.received == [noop()]
    gone.leave()
    assert other.received == [noop()]


def test_a_sleeping_worker_that_leaves_is_not_counted_on(
    world: World, client: DialoguePeer
) -> None:
    worker, gone = world.sleeper("f"), world.sleeper("f")
    gone.leave()
    submit(client)
    assert worker.received == [noop()]


def test_a_woken_worker_that_takes_another_functions_job_has_another_woken(
    world: World, client: DialoguePeer
) -> None:
    other, both = world.sleeper("f"), world.sleeper("f", "g")
    assert other.received == []
    world.advance(1)
    other.grab_job()
    assert other.received == [no_job()]
    submit(client, b"f")
    assert both.received == [noop()]
    other.pre_sleep()
    client.submit_job_high_bg(b"g", b"", b"urgent")
    assert other.received == []
    both.grab_job()
    assert both.received == [job_assign(H2, b"g", b"urgent")]
    assert other.received == [noop()]


def test_a_woken_worker_that_finds_another_grabbed_its_job_sleeps_on(
    world: World, client: DialoguePeer
) -> None:
    awake, worker = world.worker("f"), world.sleeper("f")
    submit(client)
    awake.grab_job()
    worker.grab_job()
    worker.pre_sleep()
    assert awake.received == [job_assign(H1, b"f", b"w")]
    assert worker.received == [noop(), no_job()]
    submit(client)
    assert worker.received == [noop()]
