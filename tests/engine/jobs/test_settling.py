"""What the end of a commit, good or bad, means for jobs and those who wait for it."""

from __future__ import annotations

import pytest

from geartrain.engine.batches import Batch
from tests.support.dialogue import (
    H1,
    H2,
    H3,
    WALL_START,
    World,
    echo_res,
    error,
    job_created,
    status_res,
    text,
    work_complete,
    work_fail,
)
from tests.support.stored_engine import (
    DAY,
    bury,
    counts,
    drain,
    grab,
    handle,
    listed,
    numbers_in_memory,
    rows,
    stored,
    submit,
    submit_due,
)

FULL = "disk full"
REFUSAL = error(b"QUEUE_ERROR", FULL.encode())
TEXT_REFUSAL = text(b"ERR QUEUE_ERROR disk+full\r\n")
OK = text(b"OK\r\n")
FIELDS = (b"", b"", b"", b"", b"")


def next_minute(cron: str, timezone: str, after: float) -> float:
    return after + 60


def kept(world: World) -> list[str]:
    """Return the handles of the jobs a restart would find."""
    return [row["handle"] for row in listed(world.restarted().admin())]


def numbers(batch: Batch) -> list[int]:
    return [record.number for record in batch.added]


# Each is one steering command: what is said, and what must be there for it.
STEERING = [
    "cancel job H:test:2",
    "cancel job H:test:3",
    "dead retry H:test:1",
    "dead drop H:test:1",
]


def steerable() -> World:
    """Return a world with a dead letter, a job in memory, and one that is not."""
    world = stored(1)
    bury(world, world.client(), "dead")
    submit(world.client(), "w2", "w3")
    assert numbers_in_memory(world) == [2]
    return world


@pytest.mark.parametrize("command", STEERING)
def test_a_steering_command_is_answered_once_it_is_durable(command: str) -> None:
    world = steerable()
    world.is_committing = False
    admin = world.admin()
    admin.send(command.encode() + b"\nversion\n")
    while not admin.engine_peer.held:
        assert admin.received == []
        world.commit()
    batch = world.take()
    assert admin.received == []
    world.settle(batch)
    assert admin.received == [text(b"OK\r\nOK 9.8.7\n")]


@pytest.mark.parametrize("command", STEERING)
def test_a_steering_command_that_is_refused_says_so(command: str) -> None:
    world = steerable()
    world.is_committing = False
    admin = world.admin()
    admin.send(command.encode() + b"\nversion\n")
    while not admin.engine_peer.held:
        world.commit()
    world.refuse(FULL)
    assert admin.received == [text(b"ERR QUEUE_ERROR disk+full\r\nOK 9.8.7\n")]


@pytest.mark.parametrize("command", STEERING)
def test_a_command_that_was_refused_is_carried_out_all_the_same(command: str) -> None:
    world = steerable()
    world.is_committing = False
    admin = world.admin()
    admin.send(command.encode() + b"\n")
    while not admin.engine_peer.held:
        world.commit()
    world.refuse(FULL)
    world.commit_all()
    again = world.restarted()
    expected = {
        "cancel job H:test:2": (1, 1),
        "cancel job H:test:3": (1, 1),
        "dead retry H:test:1": (3, 0),
        "dead drop H:test:1": (2, 0),
    }
    found = (counts(again)[0], len(rows(again.admin(), "dead list")))
    assert found == expected[command]


def test_a_schedule_is_answered_once_it_is_durable() -> None:
    world = stored(1, calendar=next_minute)
    world.is_committing = False
    client = world.client()
    client.submit_job_sched(b"f", b"u", *FIELDS, b"w")
    client.echo_req(b"after")
    batch = world.take()
    assert client.received == []
    world.settle(batch)
    assert client.received == [job_created(H1), echo_res(b"after")]
    again = world.restarted(next_minute)
    again.advance(60)
    assert drain(again.worker("f")) == "w"


def test_a_schedule_that_is_refused_is_an_error() -> None:
    world = stored(1, calendar=next_minute)
    world.is_committing = False
    client = world.client()
    client.submit_job_sched(b"f", b"u", *FIELDS, b"w")
    client.echo_req(b"after")
    world.refuse(FULL)
    assert client.received == [REFUSAL, echo_res(b"after")]


def test_the_cancelling_of_a_schedule_is_held_and_refused_as_text() -> None:
    world = stored(1, calendar=next_minute)
    client, admin = world.client(), world.admin()
    client.submit_job_sched(b"f", b"u", *FIELDS, b"w")
    world.is_committing = False
    admin.send(b"cancel job H:test:1\n")
    assert admin.received == []
    world.refuse(FULL)
    assert admin.received == [TEXT_REFUSAL]
    world.commit_all()
    assert world.restarted(next_minute).admin().text("show schedules") == b".\n"


def test_a_refused_batch_of_jobs_beyond_the_window_leaves_none() -> None:
    world = stored(1)
    world.is_committing = False
    client = world.client()
    submit(client, "w1", "w2", "w3")
    submit_due(client, WALL_START + DAY, "w4")
    submit_due(client, WALL_START + DAY, "w5")
    world.refuse(FULL)
    assert client.received == [REFUSAL] * 5
    assert numbers_in_memory(world) == []
    assert counts(world) == (0, 0)
    world.commit_all()
    submit(client, "w6", "w7")
    assert drain(world.worker("f")) == "w6 w7"


def test_jobs_that_ran_while_their_batch_was_refused_may_finish() -> None:
    world = stored(1)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    submit(client, "w1")
    assert grab(worker) == (H1, "w1")
    world.refuse(FULL)
    assert counts(world) == (1, 1)
    worker.work_complete(H1, b"")
    assert worker.received == []
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("how", ["before", "meanwhile", "after"])
def test_a_refused_job_that_fails_for_good_is_no_dead_letter(how: str) -> None:
    world = stored(1)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    submit(client, "w1")
    grab(worker)
    if how == "before":
        worker.work_fail(H1)
    batch = world.take()
    if how == "meanwhile":
        worker.work_fail(H1)
    world.settle(batch, FULL)
    if how == "after":
        worker.work_fail(H1)
    world.commit_all()
    assert client.received == [REFUSAL]
    assert rows(client, "dead list") == []
    worker.leave()
    assert client.text("drop function f") == b"OK\r\n"


def test_a_refused_job_is_not_tried_again() -> None:
    world = stored(1)
    world.policy(b"f", max_attempts=3)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    submit(client, "w1")
    grab(worker)
    world.refuse(FULL)
    worker.work_fail(H1)
    assert counts(world) == (0, 0)


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_a_refused_job_that_waits_for_another_attempt_is_gone(moment: str) -> None:
    world = stored(1)
    world.policy(b"f", max_attempts=3, backoff_delay=60)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    submit(client, "w1", "w2")
    grab(worker)
    if moment == "before":
        worker.work_fail(H1)
    batch = world.take()
    if moment == "meanwhile":
        worker.work_fail(H1)
    world.settle(batch, FULL)
    world.commit_all()
    assert client.received == [REFUSAL, REFUSAL]
    assert counts(world) == (0, 0)
    world.advance(DAY)
    assert drain(worker) == ""
    assert kept(world) == []


def test_a_refused_job_that_clients_wait_for_is_run_for_them() -> None:
    world = stored(1)
    submit(world.client(), "w1")
    world.is_committing = False
    waiting, leaving = world.client(), world.client()
    leaving.submit_job_bg(b"f", b"u", b"w2")
    waiting.submit_job(b"f", b"u", b"w2")
    world.refuse(FULL)
    world.commit_all()
    assert leaving.received == [REFUSAL]
    assert waiting.received == [job_created(H2)]
    worker = world.worker("f")
    for _ in range(2):
        job, _ = grab(worker)
        worker.work_complete(job, b"r")
    assert waiting.received == [work_complete(H2, b"r")]
    assert kept(world) == []


def test_attempts_and_ends_that_were_refused_are_written_later() -> None:
    world = stored(10)
    world.policy(b"f", max_attempts=2, backoff_delay=60, backoff_jitter=0)
    client, worker = world.client(), world.worker("f")
    submit(client, "done", "tried", "failed")
    world.is_committing = False
    worker.work_complete(grab(worker)[0], b"")
    worker.work_fail(grab(worker)[0])
    world.policy(b"f", max_attempts=1)
    worker.work_fail(grab(worker)[0])
    world.refuse(FULL)
    world.commit_all()
    again = world.restarted()
    (row,) = listed(again.admin())
    assert (row["handle"], row["state"], row["attempts"]) == (
        "H:test:2",
        "scheduled",
        1,
    )
    (letter,) = rows(again.admin(), "dead list")
    assert letter["handle"] == "H:test:3"


def test_refused_over_and_over_nothing_is_lost_or_doubled() -> None:
    world = stored(2)
    client, worker = world.client(), world.worker("f")
    submit(client, *[f"w{number}" for number in range(10)])
    world.is_committing = False
    done = []
    for _ in range(30):
        job, workload = grab(worker)
        if job:
            worker.work_complete(job, b"")
            done.append(workload)
        if world.engine.state.journal.is_empty():
            break
        world.refuse(FULL)
    world.commit_all()
    done += drain(worker).split()
    assert done == [f"w{number}" for number in range(10)]
    assert kept(world) == []


def test_jobs_acknowledged_before_they_are_durable_survive_a_refusal() -> None:
    world = stored(2, holds=False)
    world.is_committing = False
    client = world.client()
    submit(client, "w1", "w2", "w3", "w4")
    assert client.received == [job_created(handle(each)) for each in range(1, 5)]
    worker = world.worker("f")
    worker.work_complete(grab(worker)[0], b"")
    world.refuse(FULL)
    batch = world.commit()
    assert numbers(batch) == [2, 3, 4]
    world.commit_all()
    assert drain(worker) == "w2 w3 w4"
    assert kept(world) == []


def test_answers_before_they_are_durable_keep_their_order() -> None:
    world = stored(1, holds=False)
    client = world.client()
    submit(client, "w1", "w2")
    assert client.received == [job_created(H1), job_created(H2)]
    world.is_committing = False
    # Whether one with a unique is a job of its own has to be asked.
    submit(client, "w3")
    client.submit_job_bg(b"f", b"u", b"w4")
    submit(client, "w5")
    assert client.received == [job_created(H3)]
    world.commit()
    assert client.received == [job_created(handle(4)), job_created(handle(5))]


def test_a_worker_may_end_a_job_before_its_submitter_is_answered() -> None:
    world = stored(1)
    world.is_committing = False
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"u", b"w1")
    grab(worker)
    worker.work_complete(H1, b"")
    batch = world.take()
    assert numbers(batch) == []
    world.settle(batch)
    assert client.received == [job_created(H1)]


def test_a_held_submitter_is_not_told_of_its_jobs_before_their_handles() -> None:
    world = stored(1)
    world.is_committing = False
    both, worker = world.client(), world.worker("f")
    both.submit_job_bg(b"f", b"u", b"w1")
    both.submit_job(b"f", b"v", b"w2")
    both.get_status(H1)
    both.submit_job(b"f", b"u", b"w1")
    grab(worker)
    worker.work_complete(H1, b"r")
    grab(worker)
    worker.work_fail(H2)
    assert both.received == []
    world.commit()
    assert both.received == [
        job_created(H1),
        job_created(H2),
        status_res(H1, b"1", b"0", b"0", b"0"),
        job_created(H1),
        work_complete(H1, b"r"),
        work_fail(H2),
    ]


@pytest.mark.parametrize("passed", [False, True])
def test_a_delayed_job_whose_leaving_was_refused_runs_at_its_time(passed: bool) -> None:
    world = stored(1)
    world.policy(b"f", max_attempts=2, backoff_delay=5, backoff_jitter=0)
    client, worker = world.client(), world.worker("f")
    submit(client, "tried again")
    submit_due(client, WALL_START + DAY, "later")
    submit_due(client, WALL_START + DAY, "later")
    if passed:
        submit_due(client, WALL_START + 6, "passed")
    grab(worker)
    world.is_committing = False
    worker.work_fail(H1)
    # It is due before the store has heard that it waits again.
    world.advance(7)
    world.refuse(FULL)
    world.commit_all()
    expected = ["passed", "tried", "again"] if passed else ["tried", "again"]
    assert sorted(drain(worker).split()) == sorted(expected)
