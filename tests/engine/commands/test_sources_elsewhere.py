"""What a submission would wait for, and another job server has."""

from __future__ import annotations

from math import inf

import pytest

from geartrain.engine.model.health import StoreNode
from tests.support.dialogue import World
from tests.support.linked_worlds import LinkedWorlds
from tests.support.stored_engine import stored


def made(prefix: str) -> World:
    world = stored(handle_prefix=prefix.encode())
    world.policy(b"*", options_in_names=True)
    return world


@pytest.fixture
def linked() -> LinkedWorlds:
    """Return job servers that share a store."""
    worlds = LinkedWorlds(made("H:a"), b=made("H:b"), c=made("H:c"))
    worlds.first.engine.state.health.nodes = tuple(
        StoreNode(name, name.encode() * 2, "", "", 0.0, inf, (1,), False, False)
        for name in worlds.others
    )
    return worlds


def submit(world: World, name: str) -> None:
    world.client().submit_job_bg(name.encode(), b"", b"w")


def answer(worlds: LinkedWorlds, name: str) -> str:
    """Submit a background job to the first; return its handle, or why it has none."""
    client = worlds.first.client()
    client.submit_job_bg(name.encode(), b"", b"w")
    worlds.let_answer()
    (found,) = client.received
    return found.arguments[-1].decode()


def end_all(world: World, function: str) -> None:
    worker = world.worker(function)
    while True:
        worker.grab_job()
        (given,) = worker.received
        if given.name != "job_assign":
            return
        worker.work_complete(given.arguments[0], b"")


def test_a_job_elsewhere_is_named_with_its_job_server(linked: LinkedWorlds) -> None:
    submit(linked.others["c"], "f")
    assert answer(linked, "g?after=H:c:1") == (
        "the job 'H:c:1' is at the job server c: submit what waits for it there"
    )
    assert answer(linked, "g?after=H:c:2").startswith("no job 'H:c:2' is known")
    submit(linked.first, "f")
    assert "'H:c:1' is at the job server c" in answer(linked, "g?after=H:a:1,H:c:1")
    assert answer(linked, "g?after=H:a:1").startswith("H:a:")


def test_what_never_was_here_is_asked_for_once(linked: LinkedWorlds) -> None:
    assert answer(linked, "g?after=H:a:7").startswith("no job 'H:a:7' is known")
    assert len(linked.asked) == 2


def test_a_batch_elsewhere_is_not_taken_for_whole(linked: LinkedWorlds) -> None:
    b = linked.others["b"]
    submit(b, "f?batch=n")
    refused = "the batch 'n' is not whole here, 1 of its jobs have not ended at b: "
    assert answer(linked, "g?after=batch:n").startswith(refused)
    submit(linked.first, "f?batch=n")
    assert answer(linked, "g?after=batch:n").startswith(refused)
    end_all(b, "f")
    assert answer(linked, "g?after=batch:n").startswith("H:a:")


def test_who_shares_no_store_has_batches_of_its_own(linked: LinkedWorlds) -> None:
    linked.first.engine.state.health.nodes = ()
    submit(linked.others["b"], "f?batch=n")
    submit(linked.first, "f?batch=n")
    assert answer(linked, "g?after=batch:n").startswith("H:a:")
    assert linked.asked == []


def test_who_does_not_answer_is_not_waited_for(linked: LinkedWorlds) -> None:
    submit(linked.first, "f?batch=n")
    linked.silent.add("b")
    assert answer(linked, "g?after=batch:n").startswith("H:a:")
    told = "no job 'H:b:1' is known here, and b did not answer"
    assert answer(linked, "g?after=H:b:1") == told
