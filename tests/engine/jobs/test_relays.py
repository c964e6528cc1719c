"""Packets about a job on their way to the clients that wait for it."""

from __future__ import annotations

import pytest

from tests.support.dialogue import H1, DialoguePeer, World, work_complete


@pytest.fixture
def world() -> World:
    return World()


def assigned(world: World) -> DialoguePeer:
    """Return a worker that has the one job there is."""
    worker = world.client()
    worker.can_do(b"f")
    worker.grab_job()
    return worker


def completions(peer: DialoguePeer) -> int:
    return peer.received.count(work_complete(H1, b"done"))


def test_a_client_is_told_as_often_as_it_submitted(world: World) -> None:
    one, twice = world.client(), world.client()
    one.submit_job(b"f", b"u", b"w")
    twice.submit_job(b"f", b"u", b"w")
    twice.submit_job(b"f", b"u", b"w")
    assigned(world).work_complete(H1, b"done")
    assert completions(one) == 1
    assert completions(twice) == 2


def test_many_clients_are_told_over_turns_and_all_are(world: World) -> None:
    clients = [world.client() for _ in range(300)]
    for client in clients:
        client.submit_job(b"f", b"u", b"w")
    assigned(world).work_complete(H1, b"done")
    assert [completions(client) for client in clients] == [1] * 300


def test_one_to_which_too_much_would_be_due_is_closed_before_it_is(
    world: World,
) -> None:
    client = world.client()
    for _ in range(5_000):
        client.submit_job(b"f", b"u", b"w")
    assigned(world).work_data(H1, b"d" * 200_000)
    assert client.is_closed
    assert {each.name for each in client.received} == {"job_created"}
