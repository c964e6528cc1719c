"""Functions that a node declines for a while, accepts again, or withdraws."""

from __future__ import annotations

from tests.support.dialogue import H1, DialoguePeer, World, job_assign, noop
from tests.support.node_dialogues import later, node
from tests.support.wakeups import submit


def test_a_node_accepts_by_can_do_what_it_declined(
    world: World, client: DialoguePeer
) -> None:
    worker = node(world, "a", "f")
    later(worker, b"f")
    submit(client)
    worker.can_do(b"f")
    assert worker.received == [noop()]
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]


def test_what_a_woken_node_declines_goes_to_another(
    world: World, client: DialoguePeer
) -> None:
    first, second = node(world, "a", "f"), node(world, "b", "f")
    submit(client)
    assert first.received == [noop()]
    later(first, b"f")
    assert second.received == [noop()]


def test_what_a_node_declined_it_can_withdraw_and_do_again(
    world: World, client: DialoguePeer
) -> None:
    worker = node(world, "a", "f")
    for is_all in (False, True):
        later(worker, b"f")
        if is_all:
            worker.reset_abilities()
        else:
            worker.cant_do(b"f")
        worker.can_do(b"f")
        submit(client)
        worker.grab_job()
        assert worker.received[-1].name == "job_assign"


def test_a_node_with_many_functions_declines_and_accepts_some(
    world: World, client: DialoguePeer
) -> None:
    names = [f"f{number}" for number in range(100)]
    worker = node(world, "a", *names)
    for name in names[:50]:
        later(worker, name.encode())
    submit(client, b"f7")
    submit(client, b"f70")
    assert worker.received == [noop()]
    worker.grab_job()
    assert worker.received[-1].arguments[1] == b"f70"
    worker.cant_do(b"f8")
    worker.can_do(b"f7")
    worker.grab_job()
    assert worker.received[-1].arguments[1] == b"f7"
    worker.leave()
    assert world.engine.state.functions[b"f9"].workers == {}
