"""Equal uniques share a job, and whoever leaves, nothing is lost."""

from __future__ import annotations

import itertools

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    job_assign,
    job_assign_uniq,
    job_created,
    no_job,
    work_complete,
    work_data,
)

FOREGROUND, BACKGROUND = "foreground", "background"
KINDS = (FOREGROUND, BACKGROUND)
PAIRS = list(itertools.product(KINDS, KINDS))


def submit(client: DialoguePeer, kind: str, workload: bytes = b"w") -> None:
    if kind is FOREGROUND:
        client.submit_job(b"f", b"u", workload)
    else:
        client.submit_job_bg(b"f", b"u", workload)


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("running", [False, True])
def test_equal_uniques_share_a_job(
    world: World, first: str, second: str, running: bool
) -> None:
    one, two, worker = world.client(), world.client(), world.worker("f")
    submit(one, first)
    if running:
        worker.grab_job()
    submit(two, second, b"other workload")
    if not running:
        worker.grab_job()
    worker.work_complete(H1, b"result")
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w"), no_job()]
    for client, kind in ((one, first), (two, second)):
        result = [work_complete(H1, b"result")] if kind is FOREGROUND else []
        assert client.received == [job_created(H1), *result]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("leavers", [(0,), (1,), (0, 1), (1, 0)])
def test_whoever_leaves_a_shared_job_is_run_while_somebody_counts_on_it(
    world: World, first: str, second: str, running: bool, leavers: tuple[int, ...]
) -> None:
    """The worker is lost, too, so that a running job must survive as well."""
    clients, worker = [world.client(), world.client()], world.worker("f")
    submit(clients[0], first)
    if running:
        worker.grab_job()
    submit(clients[1], second)
    for leaver in leavers:
        clients[leaver].leave()
    worker.leave()
    stayed = [
        kind
        for number, kind in enumerate((first, second))
        if kind is FOREGROUND and number not in leavers
    ]
    is_wanted = BACKGROUND in (first, second) or bool(stayed)
    other = world.worker("f")
    other.grab_job()
    assert other.received == [job_assign(H1, b"f", b"w") if is_wanted else no_job()]
    jobs = b"f\t1\t1\t1\n.\n" if is_wanted else b"f\t0\t0\t1\n.\n"
    assert world.admin().text("status") == jobs


@pytest.mark.parametrize("kind", KINDS)
def test_a_unique_whose_submitter_left_makes_a_new_job(world: World, kind: str) -> None:
    gone, client, worker = world.client(), world.client(), world.worker("f")
    submit(gone, FOREGROUND)
    gone.leave()
    submit(client, kind)
    assert client.received == [job_created(H2)]
    worker.grab_job()
    assert worker.received == [job_assign(H2, b"f", b"w")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_running_job_whose_submitter_left_can_be_joined(
    world: World, kind: str
) -> None:
    gone, client, worker = world.client(), world.client(), world.worker("f")
    submit(gone, FOREGROUND)
    worker.grab_job()
    gone.leave()
    submit(client, kind)
    worker.leave()
    other = world.worker("f")
    other.grab_job()
    other.work_complete(H1, b"result")
    result = [work_complete(H1, b"result")] if kind is FOREGROUND else []
    assert client.received == [job_created(H1), *result]


@pytest.mark.parametrize("kind", KINDS)
def test_a_unique_whose_job_was_cancelled_makes_a_new_job(
    world: World, admin: DialoguePeer, kind: str
) -> None:
    client = world.client()
    client.submit_job_bg(b"f", b"u", b"w")
    assert admin.text("cancel job H:test:1") == b"OK\r\n"
    submit(client, kind)
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_unique_whose_job_is_done_makes_a_new_job(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    worker.work_complete(H1, b"")
    client.submit_job(b"f", b"u", b"w")
    assert client.received == [
        job_created(H1),
        work_complete(H1, b""),
        job_created(H2),
    ]


def test_the_first_submission_decides_priority_and_workload(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job_low(b"f", b"u", b"first")
    client.submit_job(b"f", b"", b"plain")
    client.submit_job_high(b"f", b"u", b"second")
    worker = world.worker("f")
    worker.grab_job()
    worker.grab_job()
    assert worker.received == [
        job_assign(H2, b"f", b"plain"),
        job_assign(H1, b"f", b"first"),
    ]


def test_functions_do_not_share_uniques(client: DialoguePeer) -> None:
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"g", b"u", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_uniques_are_compared_by_their_bytes(client: DialoguePeer) -> None:
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"f", b"U", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_without_a_unique_nothing_is_shared(client: DialoguePeer) -> None:
    client.submit_job(b"f", b"", b"w")
    client.submit_job(b"f", b"", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_client_that_submits_twice_is_told_twice(
    world: World, client: DialoguePeer
) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    worker.work_data(H1, b"d")
    worker.work_complete(H1, b"r")
    assert client.received == [
        job_created(H1),
        job_created(H1),
        work_data(H1, b"d"),
        work_data(H1, b"d"),
        work_complete(H1, b"r"),
        work_complete(H1, b"r"),
    ]


def test_a_client_that_submitted_twice_leaves_altogether(
    world: World, client: DialoguePeer
) -> None:
    client.submit_job(b"f", b"u", b"w")
    client.submit_job(b"f", b"u", b"w")
    client.leave()
    worker = world.worker("f")
    worker.grab_job()
    assert worker.received == [no_job()]


def test_a_dash_stands_for_the_workload(world: World, client: DialoguePeer) -> None:
    for workload in (b"one", b"two", b"one"):
        client.submit_job_bg(b"f", b"-", workload)
    assert client.received == [job_created(H1), job_created(H2), job_created(H1)]
    worker = world.worker("f")
    worker.grab_job_uniq()
    assert worker.received == [job_assign_uniq(H1, b"f", b"-", b"one")]


def test_a_dash_without_a_workload_stands_for_nothing(client: DialoguePeer) -> None:
    client.submit_job_bg(b"f", b"-", b"")
    client.submit_job_bg(b"f", b"-", b"")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_dash_and_the_workload_as_a_unique_are_two_things(
    client: DialoguePeer,
) -> None:
    client.submit_job_bg(b"f", b"-", b"w")
    client.submit_job_bg(b"f", b"w", b"w")
    assert client.received == [job_created(H1), job_created(H2)]


def test_a_dash_compares_large_workloads_whatever_pieces_they_came_in(
    client: DialoguePeer,
) -> None:
    workload = b"x" * 700_000
    for data, piece in ((workload, 60_000), (workload, 1_000_000), (workload, 299_999)):
        client.send_in_pieces(
            request(PacketType.SUBMIT_JOB_BG, b"f", b"-", data), piece
        )
    other = request(PacketType.SUBMIT_JOB_BG, b"f", b"-", workload[:-1] + b"y")
    client.send_in_pieces(other, 60_000)
    assert client.received == [job_created(H1)] * 3 + [job_created(H2)]


@pytest.mark.parametrize("length", [63, 64])
def test_the_longest_unique_is_kept_whole(
    world: World, client: DialoguePeer, length: int
) -> None:
    unique = b"u" * length
    client.submit_job(b"f", unique, b"w")
    client.submit_job(b"f", unique, b"w")
    client.submit_job(b"f", unique[:-1], b"w")
    assert client.received == [job_created(H1), job_created(H1), job_created(H2)]
    worker = world.worker("f")
    worker.grab_job_uniq()
    assert worker.received == [job_assign_uniq(H1, b"f", unique, b"w")]


LARGE = bytes(range(256)) * 2048


@pytest.mark.parametrize("pieces", [100_000, 300_000])
def test_a_large_workload_is_its_own_key_however_it_is_cut(
    world: World, pieces: int
) -> None:
    client = world.client()
    client.submit_job_bg(b"f", b"-", LARGE)
    whole = request(PacketType.SUBMIT_JOB_BG, b"f", b"-", LARGE)
    client.send_in_pieces(whole, pieces)
    assert client.received == [job_created(H1), job_created(H1)]


@pytest.mark.parametrize("place", [0, 100_000, 262_144, len(LARGE) - 1])
def test_a_large_workload_that_differs_in_one_byte_is_another_job(
    world: World, place: int
) -> None:
    client = world.client()
    client.submit_job_bg(b"f", b"-", LARGE)
    other = LARGE[:place] + bytes([LARGE[place] ^ 1]) + LARGE[place + 1 :]
    client.submit_job_bg(b"f", b"-", other)
    assert client.received == [job_created(H1), job_created(H2)]
