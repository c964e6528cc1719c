"""GET_STATUS and GET_STATUS_UNIQUE."""

from __future__ import annotations

import pytest

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    job_created,
    status_res,
    status_res_unique,
)


def test_an_unknown_handle_is_unknown(client: DialoguePeer) -> None:
    for handle in (b"H:none:1", b"", b"h" * 64, b"h" * 1000):
        client.get_status(handle)
        assert client.received == [status_res(handle, b"0", b"0", b"0", b"0")]


def test_the_status_follows_a_job(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    client.get_status(H1)
    worker.grab_job()
    client.get_status(H1)
    worker.work_status(H1, b"3", b"10")
    client.get_status(H1)
    worker.work_complete(H1, b"")
    client.get_status(H1)
    assert client.received == [
        job_created(H1),
        status_res(H1, b"1", b"0", b"0", b"0"),
        status_res(H1, b"1", b"1", b"0", b"0"),
        status_res(H1, b"1", b"1", b"3", b"10"),
        status_res(H1, b"0", b"0", b"0", b"0"),
    ]


def test_a_scheduled_job_is_known(world: World, client: DialoguePeer) -> None:
    client.submit_job_epoch(b"f", b"u", b"%d" % (world.wall_time + 60), b"w")
    client.get_status(H1)
    assert client.received[1:] == [status_res(H1, b"1", b"0", b"0", b"0")]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"5", b"5"),
        (b"007", b"7"),
        (b"000", b"0"),
        (b"1.5", b"1"),
        (b"", b"0"),
        (b"half", b"0"),
        (b"123456789012345", b"123456789012345"),
    ],
)
def test_progress_is_shown_as_a_number(
    world: World, client: DialoguePeer, sent: bytes, shown: bytes
) -> None:
    worker = world.worker("f")
    client.submit_job_bg(b"f", b"u", b"w")
    worker.grab_job()
    worker.work_status(H1, sent, sent)
    client.get_status(H1)
    assert client.received[1:] == [status_res(H1, b"1", b"1", shown, shown)]


def test_an_unknown_unique_is_unknown(client: DialoguePeer) -> None:
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job_bg(b"f", b"-", b"w")
    for unique in (b"none", b"", b"-", b"u" * 65):
        client.get_status_unique(unique)
    zeros = [b"0"] * 5
    assert client.received[2:] == [
        status_res_unique(b"none", *zeros),
        status_res_unique(b"", *zeros),
        status_res_unique(b"-", *zeros),
        status_res_unique(b"u" * 65, *zeros),
    ]


def test_the_status_by_unique_follows_a_job_and_counts_its_clients(
    world: World,
) -> None:
    one, two, worker = world.client(), world.client(), world.worker("f")
    one.submit_job_bg(b"f", b"u", b"w")
    one.get_status_unique(b"u")
    one.submit_job(b"f", b"u", b"w")
    two.submit_job(b"f", b"u", b"w")
    worker.grab_job()
    worker.work_status(H1, b"5", b"10")
    two.get_status_unique(b"u")
    one.leave()
    two.get_status_unique(b"u")
    worker.work_complete(H1, b"r")
    two.get_status_unique(b"u")
    statuses = [each for each in two.received if each.name == "status_res_unique"]
    assert statuses == [
        status_res_unique(b"u", b"1", b"1", b"5", b"10", b"2"),
        status_res_unique(b"u", b"1", b"1", b"5", b"10", b"1"),
        status_res_unique(b"u", b"0", b"0", b"0", b"0", b"0"),
    ]


def test_a_background_job_has_no_clients(client: DialoguePeer) -> None:
    client.submit_job_bg(b"f", b"u", b"w")
    client.get_status_unique(b"u")
    status = status_res_unique(b"u", b"1", b"0", b"0", b"0", b"0")
    assert client.received == [job_created(H1), status]


def test_a_unique_is_found_in_whatever_function(client: DialoguePeer) -> None:
    client.submit_job(b"f", b"v", b"w")
    client.submit_job(b"g", b"u", b"w")
    client.get_status_unique(b"u")
    status = status_res_unique(b"u", b"1", b"0", b"0", b"0", b"1")
    assert client.received == [job_created(H1), job_created(H2), status]
