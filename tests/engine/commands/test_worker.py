"""Packets of workers: abilities; grabs and results have their own files."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    error,
    job_assign,
    no_job,
    noop,
    work_complete,
)

NOT_IN_RESULT = error(b"JOB_NOT_FOUND", b"Job given in work result not found")


# SET_CLIENT_ID


@pytest.mark.parametrize("name", [b"my-id", b"", b"with spaces", b"\xff"])
def test_a_worker_may_have_a_name(admin: DialoguePeer, name: bytes) -> None:
    admin.set_client_id(name)
    assert admin.text("workers") == b"10 127.0.0.1 " + name + b" :\n.\n"


def test_a_long_name_is_cut(admin: DialoguePeer) -> None:
    admin.set_client_id(b"i" * 200)
    assert admin.text("workers") == b"10 127.0.0.1 " + b"i" * 127 + b" :\n.\n"


# Abilities


def test_registering_is_not_answered(worker: DialoguePeer) -> None:
    worker.can_do_timeout(b"g", b"1")
    worker.cant_do(b"g")
    worker.cant_do(b"unknown")
    worker.reset_abilities()
    worker.set_client_id(b"id")
    assert worker.received == []


def test_can_do_makes_no_noise_about_waiting_jobs(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job(b"f", b"", b"w")
    assert world.worker("f").received == []


def test_an_ability_registered_twice_is_one(admin: DialoguePeer, world: World) -> None:
    world.worker("f", "g", "f")
    assert admin.text("status") == b"f\t0\t0\t1\ng\t0\t0\t1\n.\n"
    assert admin.text("workers").endswith(b"11 127.0.0.1 - : g f\n.\n")


def test_registering_again_changes_the_timeout(
    world: World, client: DialoguePeer, worker: DialoguePeer
) -> None:
    worker.can_do_timeout(b"f", b"1000")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    assert world.deadline() == world.now + 1
    worker.work_complete(H1, b"")
    worker.can_do(b"f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    assert world.deadline() is None


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (b"1", 1.0),
        (b"2", 1.0),
        (b"999", 1.0),
        (b"1000", 1.0),
        (b"1001", 1.001),
        (b"2500", 2.5),
        (b"86400000", 86400.0),
        (b"2000\0", 2.0),
        (b" 2000 ", 2.0),
    ],
)
def test_a_timeout_is_milliseconds_and_a_second_at_least(
    world: World, client: DialoguePeer, timeout: bytes, seconds: float
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", timeout)
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    assert world.deadline() == world.now + seconds


@pytest.mark.parametrize(
    "timeout", [b"", b"0", b"-1", b"abc", b"9" * 20, b"9" * 21, b"1.5", b"00"]
)
def test_what_is_no_positive_number_is_no_timeout(
    world: World, client: DialoguePeer, timeout: bytes
) -> None:
    worker = world.connect()
    worker.can_do_timeout(b"f", timeout)
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]
    assert world.deadline() is None


def test_cant_do_withdraws_one_ability(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.worker("f", "g")
    worker.cant_do(b"f")
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job_bg(b"g", b"", b"w")
    worker.grab_job()
    worker.grab_job()
    assert worker.received == [job_assign(H2, b"g", b"w"), no_job()]
    assert admin.text("status") == b"f\t1\t0\t0\ng\t1\t1\t1\n.\n"


def test_cant_do_of_what_it_never_could_is_ignored(
    world: World, worker: DialoguePeer, admin: DialoguePeer
) -> None:
    world.worker("g")
    worker.cant_do(b"g")
    worker.cant_do(b"h")
    assert admin.text("status") == b"f\t0\t0\t1\ng\t0\t0\t1\n.\n"


def test_reset_withdraws_all_abilities(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = world.worker("f", "g")
    worker.reset_abilities()
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    assert worker.received == [no_job()]
    assert admin.text("status") == b"f\t1\t0\t0\ng\t0\t0\t0\n.\n"


@pytest.mark.parametrize("how", ["cant_do", "reset_abilities"])
def test_a_withdrawn_ability_gives_its_running_jobs_to_others(
    world: World, client: DialoguePeer, running: DialoguePeer, how: str
) -> None:
    other = world.sleeper("f")
    if how == "cant_do":
        running.cant_do(b"f")
    else:
        running.reset_abilities()
    running.work_complete(H1, b"late")
    assert running.received == [NOT_IN_RESULT]
    other.grab_job()
    other.work_complete(H1, b"r")
    assert other.received == [noop(), job_assign(H1, b"f", b"w")]
    assert client.received == [work_complete(H1, b"r")]


def test_cant_do_leaves_jobs_of_other_functions_running(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f", "g")
    for function in (b"f", b"g"):
        client.submit_job_bg(function, b"", b"w")
        worker.grab_job()
    worker.cant_do(b"f")
    worker.work_complete(H2, b"")
    worker.work_complete(H1, b"")
    assert worker.received[2:] == [NOT_IN_RESULT]


def test_jobs_withdrawn_together_return_newest_first(
    world: World, client: DialoguePeer, worker: DialoguePeer
) -> None:
    for workload in (b"1", b"2", b"3"):
        client.submit_job_bg(b"f", b"", workload)
        worker.grab_job()
    worker.reset_abilities()
    other = world.worker("f")
    for _ in range(3):
        other.grab_job()
    assert [answer.arguments[2] for answer in other.received] == [b"3", b"2", b"1"]
