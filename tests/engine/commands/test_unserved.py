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
from tests.support.stored_engine import stored

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
