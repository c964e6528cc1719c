"""Foreground submissions whose function no worker has."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    error,
    job_created,
    option_res,
    work_complete,
    work_warning,
)
from tests.support.stored_engine import counts, stored

SAID = b"no worker has the function 'resise': the nearest that one has is 'resize'"


def asking(world: World, option: bytes) -> DialoguePeer:
    client = world.client()
    client.option_req(option)
    assert client.received == [option_res(option)]
    return client


def test_a_client_that_asked_is_warned_once_a_function() -> None:
    world = World()
    world.worker("resize")
    client = asking(world, b"warn_without_worker")
    client.submit_job(b"resise", b"", b"w")
    client.submit_job(b"resise", b"", b"w")
    assert client.received == [
        job_created(H1),
        work_warning(H1, b"NO_WORKER " + SAID),
        job_created(H2),
    ]
    worker = world.worker("resise")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    assert client.received == [work_complete(H1, b"r")]


def test_others_are_not_told() -> None:
    world = World()
    client = world.client()
    client.submit_job(b"f", b"", b"w")
    assert client.received == [job_created(H1)]


@pytest.mark.parametrize("option", [b"warn_without_worker", b"fail_without_worker"])
def test_what_a_worker_can_run_or_nobody_waits_for_is_taken(option: bytes) -> None:
    world = World()
    world.sleeper("f")
    client = asking(world, option)
    client.submit_job(b"f", b"", b"w")
    client.submit_job_bg(b"g", b"", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_client_that_wants_it_is_refused() -> None:
    world = World()
    world.worker("resize")
    client = asking(world, b"fail_without_worker")
    client.submit_job(b"resise", b"", b"w")
    client.submit_job_high(b"resise", b"u", b"w")
    assert client.received == [
        error(b"NO_WORKER", SAID),
        error(b"NO_WORKER", b"no worker has the function 'resise'"),
    ]
    assert world.engine.state.jobs == {}


def test_it_may_want_that_for_one_submission() -> None:
    client = asking(World(), b"fail_without_worker")
    client.submit_job(b"f", b"", b"w")
    client.option_req(b"wait_without_worker")
    client.submit_job(b"f", b"", b"w")
    assert client.received == [
        error(b"NO_WORKER", b"no worker has the function 'f'"),
        option_res(b"wait_without_worker"),
        job_created(H1),
    ]


def test_a_job_that_waits_is_warned_of_although_others_were_refused() -> None:
    client = asking(World(), b"fail_without_worker")
    client.submit_job(b"f", b"", b"w")
    client.option_req(b"warn_without_worker")
    client.submit_job(b"f", b"", b"w")
    client.submit_job(b"f", b"", b"w")
    said = b"no worker has the function 'f'"
    assert client.received == [
        error(b"NO_WORKER", said),
        option_res(b"warn_without_worker"),
        job_created(H1),
        work_warning(H1, b"NO_WORKER " + said),
        job_created(H2),
    ]


def test_a_result_that_is_kept_answers_all_the_same() -> None:
    world = stored()
    world.policy(b"f", cache_ttl=60.0)
    world.client().submit_job(b"f", b"u", b"w")
    worker = world.worker("f")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    worker.leave()
    client = asking(world, b"fail_without_worker")
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"f", b"v", b"w")
    assert client.received == [
        job_created(H1),
        work_complete(H1, b"r"),
        error(b"NO_WORKER", b"no worker has the function 'f'"),
    ]


def refusing(**settings: float) -> World:
    world = stored()
    world.policy(b"f", when_no_worker="refuse", **settings)
    return world


def test_a_policy_refuses_what_no_worker_can_run() -> None:
    world = refusing()
    world.advance(10)
    client = world.client()
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job(b"f", b"", b"w")
    first, second = client.received
    assert (first.name, first.arguments[0]) == ("error", b"NO_WORKER")
    assert b"no worker has the function 'f'" in first.arguments[1]
    assert second.arguments[0] == b"NO_WORKER"
    assert counts(world) == (0, 0)
    # What is to run later may find one then.
    client.submit_job_epoch(b"f", b"", b"0+60", b"w")
    assert client.received == [job_created(H1)]


def test_workers_that_are_away_for_a_moment_are_waited_for() -> None:
    world = refusing(no_worker_grace=5)
    client = world.client()
    # After a start, too.
    client.submit_job_bg(b"f", b"", b"w")
    world.advance(100)
    world.worker("f").leave()
    client.submit_job_bg(b"f", b"", b"w")
    world.advance(5)
    client.submit_job_bg(b"f", b"", b"w")
    assert [each.name for each in client.received] == [
        "job_created",
        "job_created",
        "error",
    ]


def test_with_a_worker_all_are_taken() -> None:
    world = refusing()
    world.advance(100)
    world.worker("f")
    client = world.client()
    client.submit_job_bg(b"f", b"", b"w")
    assert client.received == [job_created(H1)]
