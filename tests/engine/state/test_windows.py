"""Jobs beyond the window leave memory, and come back in their turn."""

from __future__ import annotations

import pytest

from geartrain.engine.model.jobs import PAGED, READY
from tests.support.dialogue import (
    H1,
    H2,
    H3,
    World,
    job_assign,
    job_created,
    no_job,
    noop,
    work_complete,
)
from tests.support.stored_engine import (
    counts,
    drain,
    grab,
    handle,
    numbers_in_memory,
    stored,
    submit,
)

WINDOWS = [1, 2, 10]
MEBIBYTE = 1024 * 1024


def workloads(count: int) -> list[str]:
    return [f"w{number}" for number in range(1, count + 1)]


def in_order(count: int) -> str:
    return " ".join(workloads(count))


@pytest.mark.parametrize("window", WINDOWS)
def test_jobs_beyond_the_window_leave_memory(window: int) -> None:
    world = stored(window)
    client = world.client()
    submit(client, *workloads(25))
    assert client.received == [job_created(handle(each)) for each in range(1, 26)]
    assert numbers_in_memory(world) == list(range(1, window + 1))


def test_a_job_leaves_memory_when_it_is_durable_and_not_before() -> None:
    world = stored(1)
    world.is_committing = False
    submit(world.client(), "w1", "w2", "w3")
    states = [job.state for job in world.engine.state.jobs.values()]
    assert states == [READY, PAGED, PAGED]
    batch = world.take()
    assert numbers_in_memory(world) == [1, 2, 3]
    world.settle(batch)
    assert numbers_in_memory(world) == [1]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 11, 53])
def test_jobs_are_done_in_the_order_they_came(window: int, count: int) -> None:
    world = stored(window)
    submit(world.client(), *workloads(count))
    assert drain(world.worker("f")) == in_order(count)
    assert counts(world) == (0, 0)
    assert numbers_in_memory(world) == []


@pytest.mark.parametrize("window", WINDOWS)
def test_jobs_that_come_while_others_are_done_wait_behind_them(window: int) -> None:
    world = stored(window)
    client, worker = world.client(), world.worker("f")
    done = []
    for number in range(1, 31):
        submit(client, f"w{2 * number - 1}", f"w{2 * number}")
        job, workload = grab(worker)
        worker.work_complete(job, b"")
        done.append(workload)
    assert " ".join([*done, drain(worker)]) == in_order(60)


@pytest.mark.parametrize("window", WINDOWS)
def test_each_priority_has_its_window(window: int) -> None:
    world = stored(window)
    submit(world.client(), *["n", "H", "_l"] * 15)
    assert len(numbers_in_memory(world)) == 3 * min(window, 15)
    assert drain(world.worker("f")) == " ".join(["H"] * 15 + ["n"] * 15 + ["_l"] * 15)


@pytest.mark.parametrize("window", WINDOWS)
def test_each_function_has_its_window(window: int) -> None:
    world = stored(window)
    client = world.client()
    submit(client, *workloads(15))
    submit(client, *workloads(15), function=b"g")
    assert len(numbers_in_memory(world)) == 2 * min(window, 15)
    assert drain(world.worker("g")) == in_order(15)
    assert drain(world.worker("f")) == in_order(15)


@pytest.mark.parametrize("window", WINDOWS)
def test_counts_are_exact_at_each_step(window: int) -> None:
    world = stored(window)
    client, worker = world.client(), world.worker("f")
    for number in range(1, 16):
        submit(client, "w")
        assert counts(world) == (number, 0)
    status = world.admin().text("prioritystatus")
    assert status == b"f\t0\t15\t0\t1\n.\n"
    taken = []
    for number in range(1, 16):
        taken.append(grab(worker)[0])
        assert counts(world) == (15, number)
    for number, job in enumerate(taken, 1):
        worker.work_complete(job, b"")
        assert counts(world) == (15 - number, 15 - number)


def test_counts_are_exact_while_batches_are_on_their_way() -> None:
    world = stored(2)
    world.is_committing = False
    client = world.client()
    for number in range(1, 7):
        submit(client, "w")
        assert counts(world) == (number, 0)
        if number % 2:
            world.commit()
            assert counts(world) == (number, 0)


def test_maxqueue_counts_the_jobs_that_are_not_in_memory() -> None:
    world = stored(1)
    client = world.client()
    assert client.text("maxqueue f 5") == b"OK\r\n"
    submit(client, *workloads(7))
    names = [answer.name for answer in client.received]
    assert names == ["job_created"] * 5 + ["error"] * 2


def test_show_jobs_refuses_to_show_less_than_all() -> None:
    world = stored(2)
    submit(world.client(), "w", "w", "w")
    refusal = b"ERR TOO_MANY there+are+3+jobs:+list+them+by+geartrain+jobs\r\n"
    assert world.admin().text("show jobs") == refusal
    assert world.admin().text("show unique jobs") == refusal


def test_a_worker_is_woken_when_the_page_it_was_too_early_for_arrives() -> None:
    world = stored(1)
    submit(world.client(), "w1", "w2")
    worker = world.worker("f")
    world.is_committing = False
    worker.grab_job()
    worker.work_complete(H1, b"")
    worker.grab_job()
    worker.pre_sleep()
    assert worker.received == [job_assign(H1, b"f", b"w1"), no_job()]
    world.commit_all()
    worker.grab_job()
    assert worker.received == [noop(), job_assign(H2, b"f", b"w2")]


def test_a_page_wakes_a_sleeper_for_each_of_its_jobs() -> None:
    world = stored(4)
    submit(world.client(), *workloads(10))
    worker = world.worker("f")
    world.is_committing = False
    for _ in range(4):
        grab(worker)
    sleepers = [world.sleeper("f") for _ in range(10)]
    assert all(sleeper.received == [] for sleeper in sleepers)
    world.commit_all()
    woken = [sleeper for sleeper in sleepers if sleeper.received == [noop()]]
    assert 4 <= len(woken) <= 6


@pytest.mark.parametrize("window", WINDOWS)
def test_workers_are_woken_until_all_is_done(window: int) -> None:
    world = stored(window)
    submit(world.client(), *workloads(23))
    workers = [world.sleeper("f") for _ in range(3)]
    done = 0
    for _ in range(60):
        for worker in workers:
            if noop() in worker.received:
                job, _ = grab(worker)
                if job:
                    worker.work_complete(job, b"")
                    done += 1
                worker.pre_sleep()
    assert done == 23


def test_cancelled_jobs_make_room() -> None:
    world = stored(2)
    submit(world.client(), *workloads(5))
    admin, sleeper = world.admin(), world.sleeper("f")
    assert sleeper.received == [noop()]
    assert admin.text("cancel job H:test:1") == b"OK\r\n"
    assert admin.text("cancel job H:test:2") == b"OK\r\n"
    assert drain(sleeper) == "w3 w4 w5"


def test_jobs_whose_client_left_make_room() -> None:
    world = stored(2)
    client = world.client()
    client.submit_job(b"f", b"", b"foreground")
    client.submit_job(b"f", b"", b"foreground")
    submit(world.client(), *workloads(3))
    client.leave()
    assert drain(world.worker("f")) == in_order(3)


def test_a_job_that_could_not_be_kept_makes_room() -> None:
    world = stored(1)
    world.is_committing = False
    client = world.client()
    submit(client, "refused")
    batch = world.take()
    submit(client, *workloads(3))
    world.settle(batch, "full")
    world.commit_all()
    assert drain(world.worker("f")) == in_order(3)


@pytest.mark.parametrize("window", WINDOWS)
def test_jobs_that_expire_make_room(window: int) -> None:
    world = stored(window)
    world.policy(b"f", ttl=10)
    client = world.client()
    submit(client, *workloads(15))
    world.advance(9)
    submit(client, "late")
    world.advance(1)
    assert drain(world.worker("f")) == "late"


def test_jobs_that_expire_as_they_are_grabbed_make_room() -> None:
    world = stored(2)
    world.policy(b"f", ttl=10)
    client, worker = world.client(), world.worker("f")
    submit(client, *workloads(4))
    world.now += 9
    submit(client, "late")
    world.now += 1
    worker.grab_job()
    worker.pre_sleep()
    world.advance(1)
    assert worker.received == [no_job(), noop()]
    assert drain(worker) == "late"


def test_a_job_behind_many_that_expired_is_offered_at_once() -> None:
    world = stored(1)
    world.policy(b"f", ttl=10)
    client = world.client()
    submit(client, *workloads(4))
    world.advance(9)
    submit(client, "fresh", "Urgent")
    # The look for what has expired is put off until the urgent one has.
    world.advance(1)
    assert grab(world.worker("f"))[1] == "Urgent"
    worker = world.sleeper("f")
    done = []
    while noop() in worker.received:
        done.append(grab(worker)[1])
        worker.pre_sleep()
        world.advance(0.1)
    assert done[-1] == "fresh"


def test_a_foreground_job_never_leaves_memory() -> None:
    world = stored(1)
    client = world.client()
    for _ in range(5):
        client.submit_job(b"f", b"", b"w")
    assert numbers_in_memory(world) == [1, 2, 3, 4, 5]


def test_a_job_that_is_tried_again_at_once_stays_in_memory() -> None:
    world = stored(1)
    submit(world.client(), *workloads(3))
    worker = world.worker("f")
    grab(worker)
    worker.leave()
    other = world.worker("f")
    assert drain(other) in ("w2 w1 w3", "w1 w2 w3", "w2 w3 w1")
    assert counts(world) == (0, 0)


def test_functions_without_jobs_take_no_room() -> None:
    world = stored(10_000)
    idle = world.worker()
    for number in range(10_000):
        idle.can_do(b"idle-%d" % number)
    submit(world.client(), *workloads(1000))
    assert len(numbers_in_memory(world)) == 1000


def test_large_workloads_fill_a_window() -> None:
    world = stored(1000, max_packet=8 * MEBIBYTE)
    client = world.client()
    for number in range(20):
        client.submit_job_bg(b"f", b"", b"%2d" % number + bytes(MEBIBYTE - 2))
    assert len(numbers_in_memory(world)) == 16
    for _ in range(20):
        client.submit_job_bg(b"g", b"", bytes(MEBIBYTE // 2))
    assert len(numbers_in_memory(world)) == 16 + 20
    worker, order = world.worker("f"), []
    for _ in range(20):
        job, workload = grab(worker)
        worker.work_complete(job, b"")
        order.append(int(workload[:2]))
    assert order == list(range(20))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("done", [0, 1, 7])
def test_a_restart_goes_on_where_the_job_server_ended(window: int, done: int) -> None:
    before = stored(window)
    submit(before.client(), *workloads(25))
    worker = before.worker("f")
    for _ in range(done):
        worker.work_complete(grab(worker)[0], b"")
    # These are running, and have to be run again.
    grab(worker)
    grab(worker)
    world = before.restarted()
    assert counts(world) == (25 - done, 0)
    assert len(numbers_in_memory(world)) <= 2 * window
    assert drain(world.worker("f")) == " ".join(workloads(25)[done:])
    assert counts(world.restarted()) == (0, 0)


def test_handles_are_not_given_again_after_a_restart() -> None:
    before = stored(1)
    client = before.client()
    client.submit_job(b"f", b"", b"w")
    submit(client, "w")
    given = set(client.received)
    world = before.restarted()
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    submit(client, "w")
    assert not given & set(client.received)


def test_a_job_that_is_refused_while_it_leaves_memory_is_gone() -> None:
    world = stored(1)
    client = world.client()
    submit(client, "w1", "w2")
    world.is_committing = False
    submit(client, "lost", "lost")
    world.refuse("full")
    assert counts(world) == (2, 0)
    world.commit_all()
    submit(client, "w3")
    names = [answer.name for answer in client.received]
    assert names == ["job_created"] * 2 + ["error"] * 2 + ["job_created"]
    assert drain(world.worker("f")) == "w1 w2 w3"


def test_a_client_that_waits_for_a_paged_job_gets_its_result() -> None:
    world = stored(1)
    leaving, waiting = world.client(), world.client()
    submit(leaving, "w1", "w2")
    leaving.submit_job_bg(b"f", b"u", b"w3")
    waiting.submit_job(b"f", b"u", b"again")
    assert waiting.received == [job_created(H3)]
    worker = world.worker("f")
    while grab(worker)[0] != H3:
        pass
    worker.work_complete(H3, b"result")
    assert waiting.received == [work_complete(H3, b"result")]


def test_without_a_store_nothing_leaves_memory() -> None:
    world = World(window=1)
    submit(world.client(), *workloads(5))
    assert numbers_in_memory(world) == [1, 2, 3, 4, 5]
    assert drain(world.worker("f")) == in_order(5)
