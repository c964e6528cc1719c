"""Packets of clients that submit; asking for a status has its own file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.dialogue import (
    H1,
    WALL_START,
    Answer,
    DialoguePeer,
    World,
    error,
    job_assign,
    job_assign_all,
    job_assign_uniq,
    job_created,
    no_job,
    noop,
    work_complete,
)

TOO_LARGE = error(b"ARGUMENT_TOO_LARGE", b"Unique value too large")
BAD_EPOCH = error(
    b"INVALID_ARGUMENT",
    b"The epoch is a number of seconds since 1970, up to the year 9999",
)

Submit = Callable[[DialoguePeer, bytes, bytes], None]


def submit_reduce(client: DialoguePeer, function: bytes, unique: bytes) -> None:
    client.submit_reduce_job(function, unique, b"sum", b"", b"w")


def submit_reduce_bg(client: DialoguePeer, function: bytes, unique: bytes) -> None:
    client.submit_reduce_job_background(function, unique, b"sum", b"", b"w")


def submit_epoch(client: DialoguePeer, function: bytes, unique: bytes) -> None:
    client.submit_job_epoch(function, unique, b"0", b"w")


def plain(name: str) -> Submit:
    def submit(client: DialoguePeer, function: bytes, unique: bytes) -> None:
        getattr(client, name)(function, unique, b"w")

    return submit


FOREGROUND = [
    plain("submit_job"),
    plain("submit_job_high"),
    plain("submit_job_low"),
    submit_reduce,
]
BACKGROUND = [
    plain("submit_job_bg"),
    plain("submit_job_high_bg"),
    plain("submit_job_low_bg"),
    submit_reduce_bg,
    submit_epoch,
]


@pytest.mark.parametrize("submit", FOREGROUND)
def test_a_foreground_client_gets_the_result(world: World, submit: Submit) -> None:
    client, worker = world.client(), world.worker("f")
    submit(client, b"f", b"u")
    worker.grab_job_uniq()
    worker.work_complete(H1, b"r")
    assert worker.received == [job_assign_uniq(H1, b"f", b"u", b"w")]
    assert client.received == [job_created(H1), work_complete(H1, b"r")]


@pytest.mark.parametrize("submit", BACKGROUND)
def test_a_background_client_gets_the_handle_and_no_more(
    world: World, submit: Submit
) -> None:
    client, worker = world.client(), world.worker("f")
    submit(client, b"f", b"u")
    worker.grab_job_uniq()
    worker.work_complete(H1, b"r")
    assert worker.received == [job_assign_uniq(H1, b"f", b"u", b"w")]
    assert client.received == [job_created(H1)]


@pytest.mark.parametrize("submit", FOREGROUND)
def test_a_foreground_job_is_dropped_with_its_client(
    world: World, submit: Submit
) -> None:
    client = world.client()
    submit(client, b"f", b"u")
    client.leave()
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [no_job()]


@pytest.mark.parametrize("submit", BACKGROUND)
def test_a_background_job_stays_without_its_client(
    world: World, submit: Submit
) -> None:
    client = world.client()
    submit(client, b"f", b"u")
    client.leave()
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


@pytest.mark.parametrize("submit", FOREGROUND + BACKGROUND)
def test_a_long_unique_is_refused(client: DialoguePeer, submit: Submit) -> None:
    submit(client, b"f", b"u" * 65)
    assert client.received == [TOO_LARGE]
    assert client.text("show jobs") == b".\n"


@pytest.mark.parametrize("submit", FOREGROUND + BACKGROUND)
def test_every_submission_coalesces(client: DialoguePeer, submit: Submit) -> None:
    client.submit_job(b"f", b"u", b"w")
    submit(client, b"f", b"u")
    assert client.received == [job_created(H1), job_created(H1)]


@pytest.mark.parametrize("submit", FOREGROUND + BACKGROUND)
def test_every_submission_heeds_maxqueue(
    client: DialoguePeer, admin: DialoguePeer, submit: Submit
) -> None:
    admin.text("maxqueue f 1")
    client.submit_job(b"f", b"", b"w")
    submit(client, b"f", b"u")
    full = error(b"QUEUE_ERROR", b"Job queue is full")
    assert client.received == [job_created(H1), full]


def test_priorities_are_counted_where_they_belong(
    world: World, client: DialoguePeer
) -> None:
    for submit in FOREGROUND + BACKGROUND:
        submit(client, b"f", b"")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 60), b"w")
    assert len(client.received) == 10
    assert client.text("prioritystatus") == b"f\t2\t6\t2\t0\n.\n"


def test_function_and_workload_may_be_empty(world: World, client: DialoguePeer) -> None:
    client.submit_job(b"", b"", b"")
    worker = world.worker("")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"", b"")]


def test_a_function_may_be_long_and_of_any_bytes(
    world: World, client: DialoguePeer
) -> None:
    name = b"\xff\xfe \n" * 2000
    client.submit_job(name, b"", b"w")
    worker = world.connect()
    worker.can_do(name)
    worker.grab_job()
    assert worker.received == [job_assign(H1, name, b"w")]


# SUBMIT_JOB_EPOCH


@pytest.mark.parametrize(
    "epoch", [b"0", b"", b"-5", b"1", b"%d" % WALL_START, b"-" + b"9" * 20, b"00"]
)
def test_a_time_that_passed_is_now(
    world: World, client: DialoguePeer, epoch: bytes
) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"u", epoch, b"w")
    assert client.received == [job_created(H1)]
    worker.grab_job_uniq()
    assert worker.received == [noop(), job_assign_uniq(H1, b"f", b"u", b"w")]


@pytest.mark.parametrize(
    ("epoch", "seconds"),
    [
        (b"1750000001", 1.0),
        (b"1750000000.5", 0.5),
        (b"1750000000.125", 0.125),
        (b"01750000002.250000000", 2.25),
        (b"1750086400", 86400.0),
    ],
)
def test_a_time_to_come_is_waited_for(
    world: World, client: DialoguePeer, epoch: bytes, seconds: float
) -> None:
    worker = world.sleeper("f")
    client.submit_job_epoch(b"f", b"u", epoch, b"w")
    assert client.received == [job_created(H1)]
    assert world.deadline() == world.now + seconds
    world.advance(seconds - 0.001)
    assert worker.received == []
    world.advance(0.001)
    worker.grab_job_uniq()
    assert worker.received == [noop(), job_assign_uniq(H1, b"f", b"u", b"w")]


@pytest.mark.parametrize(
    "epoch",
    [
        b"soon",
        b"1e10",
        b"inf",
        b"nan",
        b"0x10",
        b"1_000",
        b"12 ",
        b" 12",
        b"+12",
        b"1.2.3",
        b"1.",
        b".5",
        b"--5",
        b"9" * 20,
        b"9" * 21,
        b"253402300800",
        b"\xd9\xa1",
        b"5\n",
    ],
)
def test_a_time_that_is_none_is_refused(client: DialoguePeer, epoch: bytes) -> None:
    client.submit_job_epoch(b"f", b"u", epoch, b"w")
    assert client.received == [BAD_EPOCH]
    assert client.text("show jobs") == b".\n"


def test_the_last_time_is_the_end_of_the_year_9999(client: DialoguePeer) -> None:
    client.submit_job_epoch(b"f", b"u", b"253402300799", b"w")
    assert client.received == [job_created(H1)]


# SUBMIT_REDUCE_JOB


@pytest.mark.parametrize("submit", [submit_reduce, submit_reduce_bg])
@pytest.mark.parametrize(
    ("grab", "answer"),
    [
        ("grab_job", job_assign(H1, b"f", b"w")),
        ("grab_job_uniq", job_assign_uniq(H1, b"f", b"u", b"w")),
        ("grab_job_all", job_assign_all(H1, b"f", b"u", b"sum", b"w")),
    ],
)
def test_only_grab_job_all_tells_the_reducer(
    world: World, submit: Submit, grab: str, answer: Answer
) -> None:
    client, worker = world.client(), world.worker("f")
    submit(client, b"f", b"u")
    getattr(worker, grab)()
    assert worker.received == [answer]


@pytest.mark.parametrize("name", ["submit_reduce_job", "submit_reduce_job_background"])
def test_a_job_without_a_reducer_is_a_plain_one(world: World, name: str) -> None:
    client, worker = world.client(), world.worker("f")
    getattr(client, name)(b"f", b"u", b"", b"", b"w")
    worker.grab_job_all()
    assert worker.received == [job_assign_uniq(H1, b"f", b"u", b"w")]


@pytest.mark.parametrize("name", ["submit_reduce_job", "submit_reduce_job_background"])
def test_a_long_reducer_is_refused(client: DialoguePeer, name: str) -> None:
    getattr(client, name)(b"f", b"u", b"r" * 65, b"", b"w")
    getattr(client, name)(b"f", b"u", b"r" * 64, b"", b"w")
    assert client.received == [TOO_LARGE, job_created(H1)]


def test_the_aggregator_is_of_no_account(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    client.submit_reduce_job(b"f", b"u", b"sum", b"anything", b"w")
    worker.grab_job_all()
    assert worker.received == [job_assign_all(H1, b"f", b"u", b"sum", b"w")]
