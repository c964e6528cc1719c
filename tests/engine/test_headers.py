"""Headers of jobs: who is told them, and what they are kept through."""

from __future__ import annotations

import pytest

from geartrain.protocol.headers import join
from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    error,
    job_assign,
    job_assign_uniq,
    job_created,
    option_res,
)
from tests.support.stored_engine import drain, handle, rows, stored, submit

HEADERS = b"headers\0traceparent\x0000-0af7-01\0tenant\0a b"
TAKEN = option_res(b"headers")
TOLD = option_res(HEADERS)
SHOWN = {"traceparent": "00-0af7-01", "tenant": "a b"}


def headed(client: DialoguePeer, unique: bytes = b"", workload: bytes = b"w") -> None:
    """Submit a background job with headers."""
    client.option_req(HEADERS)
    assert client.received == [TAKEN]
    client.submit_job_bg(b"f", unique, workload)


def asking(world: World) -> DialoguePeer:
    """Return a worker that wants to be told headers."""
    worker = world.worker("f")
    worker.option_req(b"headers")
    assert worker.received == [TAKEN]
    return worker


def test_a_worker_that_asked_is_told_them_before_its_job() -> None:
    world = World()
    client = world.client()
    client.option_req(HEADERS)
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [TAKEN, job_created(H1)]
    worker = asking(world)
    worker.grab_job_uniq()
    assert worker.received == [TOLD, job_assign_uniq(H1, b"f", b"u", b"w")]


def test_others_get_the_packet_that_they_know() -> None:
    world = World()
    headed(world.client())
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


def test_a_job_without_headers_has_none_told() -> None:
    world = World()
    world.client().submit_job_bg(b"f", b"", b"w")
    worker = asking(world)
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


def test_a_recurring_job_gives_them_to_each_of_its_jobs() -> None:
    world = World(lambda cron, timezone, after: (after // 60 + 1) * 60)
    client = world.client()
    client.option_req(HEADERS)
    client.submit_job_sched(b"f", b"", b"*", b"", b"", b"", b"", b"w")
    worker = asking(world)
    for name in (H2, b"H:test:3"):
        world.advance(60)
        worker.grab_job()
        assert worker.received == [TOLD, job_assign(name, b"f", b"w")]
        worker.work_complete(name, b"")


def test_they_are_for_one_submission() -> None:
    world = World()
    client = world.client()
    headed(client)
    client.submit_job_bg(b"f", b"", b"w")
    worker = asking(world)
    worker.grab_job()
    worker.grab_job()
    assert worker.received == [
        TOLD,
        job_assign(H1, b"f", b"w"),
        job_assign(H2, b"f", b"w"),
    ]


@pytest.mark.parametrize("between", ["echo", "text", "refused", "large", "given_up"])
def test_they_are_for_the_next_message_alone(between: str) -> None:
    world = World(max_packet=100_000)
    client = world.client()
    client.option_req(HEADERS)
    if between == "echo":
        client.echo_req(b"e")
    elif between == "text":
        client.send(b"version\n")
    elif between == "refused":
        client.submit_job_bg(b"f", b"u" * 65, b"w")
    elif between == "large":
        client.submit_job_bg(b"f", b"", b"w" * 200_000)
    else:
        client.send(b"\0REQ\0\0\0\x12\0\0\x90\0f\0\0" + b"w" * 1000)
        assert world.engine.give_up(2000, world.now) == 1
        client.send(b"w" * (0x9000 - 1003))
    client.submit_job_bg(b"f", b"", b"w")
    worker = asking(world)
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


def test_later_ones_replace_earlier_ones() -> None:
    world = World()
    client = world.client()
    client.option_req(b"headers\0a\x001")
    assert client.received == [TAKEN]
    headed(client)
    worker = asking(world)
    worker.grab_job()
    assert worker.received == [TOLD, job_assign(H1, b"f", b"w")]


def test_what_is_wrong_is_named_and_the_job_runs_without() -> None:
    world = World()
    client = world.client()
    client.option_req(b"headers\0a b\x001")
    (answer,) = client.received
    assert answer.arguments[0] == b"INVALID_ARGUMENT"
    assert b"name of a header" in answer.arguments[1]
    client.submit_job_bg(b"f", b"", b"w")
    client.option_req(b"headersish")
    assert client.received == [
        job_created(H1),
        error(b"UNKNOWN_OPTION", b"Server does not recognize given option"),
    ]
    worker = asking(world)
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


def test_a_submission_that_joins_leaves_the_job_its_own() -> None:
    world = World()
    headed(world.client(), b"u")
    other = world.client()
    other.option_req(b"headers\0a\x001")
    other.submit_job_bg(b"f", b"u", b"w")
    assert other.received == [TAKEN, job_created(H1)]
    worker = asking(world)
    worker.grab_job()
    assert worker.received == [TOLD, job_assign(H1, b"f", b"w")]


def test_they_are_kept_over_attempts_dead_letters_and_restarts() -> None:
    world = stored()
    world.policy(b"f", max_attempts=2)
    headed(world.client())
    worker = asking(world)
    for _ in range(2):
        worker.grab_job()
        assert worker.received == [TOLD, job_assign(H1, b"f", b"w")]
        worker.work_fail(H1)
    (dead,) = rows(world.admin(), f"dead show {H1.decode()}")
    assert dead["headers"] == SHOWN
    world = world.restarted()
    assert world.admin().text(f"dead retry {H1.decode()}").startswith(b"OK")
    worker = asking(world)
    worker.grab_job()
    assert worker.received == [TOLD, job_assign(H1, b"f", b"w")]


def test_they_come_from_the_store_with_a_job_that_waited_there() -> None:
    world = stored(window=4)
    client = world.client()
    submit(client, *"abcdefghij")
    assert len(client.received) == 10
    headed(client, workload=b"k")
    assert handle(11) not in world.engine.state.jobs
    (row,) = rows(world.admin(), f"job {handle(11).decode()}")
    assert row["headers"] == SHOWN
    worker = asking(world)
    for _ in range(10):
        worker.grab_job()
        (answer,) = worker.received
        worker.work_complete(answer.arguments[0], b"")
    worker.grab_job()
    assert worker.received == [TOLD, job_assign(handle(11), b"f", b"k")]


def test_they_wait_with_a_submission_that_asks_the_store() -> None:
    world = stored(window=2)
    client = world.client()
    submit(client, *"abcdef")
    assert len(client.received) == 6
    client.option_req(HEADERS)
    # Whether the store has a job of this unique is to be asked first.
    client.submit_job_high(b"f", b"u", b"w")
    assert client.received == [TAKEN, job_created(handle(7))]
    client.submit_job_high(b"f", b"v", b"x")
    worker = asking(world)
    worker.grab_job()
    worker.grab_job()
    assert worker.received == [
        TOLD,
        job_assign(handle(7), b"f", b"w"),
        job_assign(handle(8), b"f", b"x"),
    ]
    assert drain(worker) == "a b c d e f"


def test_job_shows_them() -> None:
    world = World()
    client = world.client()
    headed(client)
    client.submit_job_bg(b"f", b"", b"w")
    admin = world.admin()
    (with_, without) = (
        rows(admin, f"job {each.decode()}")[0]["headers"] for each in (H1, H2)
    )
    assert (with_, without) == (SHOWN, {})


def test_their_memory_is_counted() -> None:
    world = World()
    client = world.client()
    client.submit_job_bg(b"f", b"", b"w")
    plain = world.engine.state.memory.jobs
    client.option_req(b"headers\0" + join([(b"a", b"x" * 3000)]))
    client.submit_job_bg(b"f", b"", b"w")
    assert world.engine.state.memory.jobs == 2 * plain + 3002
    drain(world.worker("f"))
    assert world.engine.state.memory.jobs == 0
