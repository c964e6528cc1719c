"""Submissions join jobs by their unique, wherever these wait."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    H3,
    H4,
    WALL_START,
    DialoguePeer,
    World,
    echo_res,
    error,
    job_created,
    status_res,
    status_res_unique,
    work_complete,
    work_fail,
)
from tests.support.stored_engine import (
    DAY,
    counted,
    counts,
    drain,
    grab,
    handle,
    stored,
    submit,
    submit_due,
    with_paged,
)

FULL = "disk full"
REFUSAL = error(b"QUEUE_ERROR", FULL.encode())


def finish(world: World, wanted: bytes, result: bytes = b"r") -> None:
    """Do jobs until that of a handle is done."""
    worker = world.worker("f")
    job = b""
    while job != wanted:
        job, _ = grab(worker)
        assert job, "it is not there"
        worker.work_complete(job, result)


def names(client: DialoguePeer) -> list[str]:
    return [answer.name for answer in client.received]


@pytest.mark.parametrize("unique", [b"u", b"-"])
def test_a_background_submission_gets_the_handle_of_a_paged_job(unique: bytes) -> None:
    world = stored(1)
    client = world.client()
    submit(client, "first")
    client.submit_job_bg(b"f", unique, b"w")
    submit(client, "last")
    client.submit_job_bg(b"f", unique, b"w")
    assert client.received[3:] == [job_created(H2)]
    assert counts(world) == (3, 0)
    assert counted(world) == {"submitted": 3}
    assert drain(world.worker("f")) == "first w last"


def test_a_unique_of_a_job_in_memory_is_joined_at_once() -> None:
    world = stored(1)
    world.is_committing = False
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    world.commit()
    submit(client, "last")
    client.submit_job_bg(b"f", b"u", b"w")
    world.commit()
    assert client.received == [job_created(H1), job_created(H2), job_created(H1)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_who_join_before_it_is_known_get_the_same_handle(count: int) -> None:
    world = with_paged(b"u")
    world.is_committing = False
    clients = [world.client() for _ in range(count)]
    for client in clients:
        client.submit_job_bg(b"f", b"u", b"again")
        client.echo_req(b"after")
    world.commit_all()
    for client in clients:
        assert client.received == [job_created(H2), echo_res(b"after")]
    assert counts(world) == (3, 0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_who_join_a_new_unique_get_its_handle(count: int) -> None:
    world = with_paged(b"u")
    world.is_committing = False
    clients = [world.client() for _ in range(count)]
    for client in clients:
        client.submit_job_bg(b"f", b"new", b"w")
    world.commit_all()
    for client in clients:
        assert client.received == [job_created(H4)]
    assert drain(world.worker("f")) == "first u last w"


@pytest.mark.parametrize("moment", ["collected", "taken"])
def test_who_joins_what_is_still_unknown_is_told_of_its_twin(moment: str) -> None:
    world = with_paged(b"u")
    world.is_committing = False
    first, second = world.client(), world.client()
    first.submit_job_bg(b"f", b"u", b"again")
    batch = world.take() if moment == "taken" else None
    second.submit_job_bg(b"f", b"u", b"again")
    assert first.received == second.received == []
    world.settle(batch or world.take())
    world.commit_all()
    assert first.received == second.received == [job_created(H2)]


def test_a_foreground_submission_joins_a_paged_job_and_gets_its_result() -> None:
    world = with_paged(b"u")
    client = world.client()
    client.submit_job(b"f", b"u", b"again")
    assert client.received == [job_created(H2)]
    assert counts(world) == (3, 0)
    finish(world, H2, b"result")
    assert client.received == [work_complete(H2, b"result")]


def test_what_follows_a_foreground_submission_that_asks_is_answered_after_it() -> None:
    world = with_paged(b"u")
    world.is_committing = False
    client = world.client()
    client.submit_job(b"f", b"u", b"again")
    client.echo_req(b"one")
    client.submit_job_bg(b"f", b"v", b"w")
    client.get_status(H2)
    client.submit_job(b"f", b"w", b"w")
    client.echo_req(b"two")
    assert client.received == []
    world.commit_all()
    assert client.received == [
        job_created(H2),
        echo_res(b"one"),
        job_created(H4),
        status_res(H2, b"1", b"0", b"0", b"0"),
        job_created(handle(5)),
        echo_res(b"two"),
    ]


@pytest.mark.parametrize("moment", ["collected", "taken"])
@pytest.mark.parametrize("unique", [b"u", b"new"])
def test_a_foreground_submission_waits_for_what_is_unknown(
    unique: bytes, moment: str
) -> None:
    world = with_paged(b"u")
    world.is_committing = False
    leaving, waiting = world.client(), world.client()
    leaving.submit_job_bg(b"f", unique, b"w")
    batch = world.take() if moment == "taken" else None
    waiting.submit_job(b"f", unique, b"w")
    assert waiting.received == []
    if batch is not None:
        world.settle(batch)
    world.commit_all()
    joined = H2 if unique == b"u" else H4
    assert leaving.received == waiting.received == [job_created(joined)]
    finish(world, joined)
    assert waiting.received == [work_complete(joined, b"r")]


def test_two_that_ask_for_the_same_unique_join_one_job() -> None:
    world = with_paged(b"u")
    world.is_committing = False
    one, two = world.client(), world.client()
    for client in (one, two):
        client.submit_job(b"f", b"new", b"w")
    world.commit_all()
    assert one.received == two.received == [job_created(H4)]


def test_a_background_submission_that_comes_while_a_foreground_one_asks() -> None:
    world = with_paged(b"u")
    world.is_committing = False
    waiting, leaving = world.client(), world.client()
    waiting.submit_job(b"f", b"new", b"w")
    batch = world.take()
    leaving.submit_job_bg(b"f", b"new", b"w")
    world.settle(batch)
    world.commit_all()
    (created,) = leaving.received
    assert waiting.received == [created]
    assert counts(world) == (4, 0)


def test_a_refusal_tells_all_who_joined() -> None:
    world = with_paged(b"u")
    world.is_committing = False
    one, two = world.client(), world.client()
    for client in (one, two):
        client.submit_job_bg(b"f", b"u", b"again")
        client.echo_req(b"after")
    world.refuse(FULL)
    assert one.received == two.received == [REFUSAL, echo_res(b"after")]
    world.commit_all()
    one.submit_job_bg(b"f", b"u", b"again")
    assert one.received == [job_created(H2)]
    assert counts(world) == (3, 0)


@pytest.mark.parametrize("unique", [b"u", b"new"])
def test_a_foreground_submission_whose_batch_is_refused_goes_on(unique: bytes) -> None:
    world = with_paged(b"u")
    world.is_committing = False
    leaving, waiting = world.client(), world.client()
    leaving.submit_job_bg(b"f", unique, b"w")
    waiting.submit_job(b"f", unique, b"w")
    world.refuse(FULL)
    world.commit_all()
    assert leaving.received == [REFUSAL]
    joined = H2 if unique == b"u" else handle(5)
    assert waiting.received == [job_created(joined)]
    finish(world, joined)
    assert waiting.received == [work_complete(joined, b"r")]


def test_a_peer_that_leaves_while_it_asks_harms_nobody() -> None:
    world = with_paged(b"u")
    world.is_committing = False
    leaving, staying = world.client(), world.client()
    leaving.submit_job(b"f", b"u", b"w")
    staying.submit_job(b"f", b"u", b"w")
    leaving.leave()
    world.commit_all()
    assert staying.received == [job_created(H2)]
    assert counts(world) == (3, 0)


def test_large_workloads_that_differ_in_their_middle_are_all_kept() -> None:
    end = bytes(70_000)
    workloads = [end + b"%d" % number + end for number in range(3)]
    world = stored(1)
    client = world.client()
    submit(client, "first", "second")
    for workload in workloads:
        client.submit_job_bg(b"f", b"-", workload)
        submit(client, "between")
    created = [answer.arguments[0] for answer in client.received]
    assert len(set(created)) == 8
    worker = world.worker("f")
    done = []
    while (job := grab(worker))[0]:
        done.append(job[1].encode())
        worker.work_complete(job[0], b"")
    assert [each for each in done if len(each) > 100] == workloads


def test_the_same_large_workload_is_one_job() -> None:
    workload = bytes(200_000)
    world = stored(1)
    waiting, leaving = world.client(), world.client()
    submit(leaving, "first", "second")
    leaving.submit_job_bg(b"f", b"-", workload)
    submit(leaving, "between")
    waiting.submit_job(b"f", b"-", workload)
    assert waiting.received == [job_created(H3)]


def test_uniques_of_delayed_jobs_are_joined() -> None:
    world = stored(1)
    client = world.client()
    submit_due(client, WALL_START + DAY, "first")
    submit_due(client, WALL_START + DAY, "second", "u")
    submit_due(client, WALL_START + 2 * DAY, "third")
    submit_due(client, WALL_START + 5, "again", "u")
    client.submit_job_bg(b"f", b"u", b"again")
    created = [answer.arguments[0] for answer in client.received]
    assert created == [H1, H2, H3, H2, H2]


def test_a_unique_is_joined_after_a_restart() -> None:
    before = stored(2)
    client = before.client()
    for number in range(6):
        client.submit_job_bg(b"f", b"u%d" % number, b"w")
    world = before.restarted()
    client = world.client()
    for number in range(6):
        client.submit_job_bg(b"f", b"u%d" % number, b"again")
        client.submit_job(b"f", b"u%d" % number, b"again")
    created = [answer.arguments[0] for answer in client.received]
    assert created == [handle(1 + number // 2) for number in range(12)]
    assert counts(world) == (6, 0)


def test_a_status_asked_by_unique_knows_a_paged_job() -> None:
    world = with_paged(b"u")
    client = world.client()
    for unique in (b"u", b"unknown"):
        client.get_status_unique(unique)
    assert client.received == [
        status_res_unique(b"u", b"1", b"0", b"0", b"0", b"0"),
        status_res_unique(b"unknown", b"0", b"0", b"0", b"0", b"0"),
    ]


def test_a_client_is_told_that_the_paged_job_it_joined_was_cancelled() -> None:
    world = with_paged(b"u")
    client = world.client()
    client.submit_job(b"f", b"u", b"w")
    assert world.admin().text("cancel job H:test:2") == b"OK\r\n"
    assert client.received == [job_created(H2), work_fail(H2)]


def test_maxqueue_counts_those_of_which_it_is_unknown_whether_they_are_new() -> None:
    world = stored(1)
    client = world.client()
    assert client.text("maxqueue f 5") == b"OK\r\n"
    submit(client, "w1", "w2")
    world.is_committing = False
    for number in range(10):
        client.submit_job_bg(b"f", b"u%d" % number, b"w")
    world.commit_all()
    assert names(client).count("job_created") == 5
    assert counts(world) == (5, 0)


def test_a_function_is_not_dropped_while_it_is_unknown_whether_it_has_jobs() -> None:
    world = with_paged()
    world.is_committing = False
    client, admin = world.client(), world.admin()
    client.submit_job_bg(b"f", b"u", b"w")
    admin.send(b"cancel job H:test:1\ncancel job H:test:2\ndrop function f\n")
    world.commit_all()
    assert client.received == [job_created(H3)]
    assert drain(world.worker("f")) == "w"


def test_a_job_whose_equal_is_cancelled_meanwhile_is_joined_from_then_on() -> None:
    world = stored(1)
    client, worker = world.client(), world.worker("f")
    submit(client, "first")
    client.submit_job_bg(b"f", b"u", b"cancelled")
    world.is_committing = False
    world.admin().send(b"cancel job H:test:2\n")
    looked_up = world.take()
    client.submit_job_bg(b"f", b"u", b"w")
    world.settle(looked_up)
    assert grab(worker)[1] == "first"
    world.commit_all()
    client.submit_job_bg(b"f", b"u", b"w")
    assert [each.arguments[0] for each in client.received] == [H1, H2, H3, H3]
    assert drain(world.worker("f")) == "w"
