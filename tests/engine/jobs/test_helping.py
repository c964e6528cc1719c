"""Which jobs nodes are given, and when."""

from __future__ import annotations

import json

from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    no_job,
    noop,
    option_res,
)
from tests.support.node_dialogues import node
from tests.support.wakeups import submit


def test_why_names_the_node_that_runs_a_job(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = node(world, "a", "f")
    worker.set_client_id(b"node:a")
    submit(client)
    worker.grab_job()
    told = json.loads(admin.text(b"why " + H1).splitlines()[0])
    assert told["why"].startswith("a worker of node 'a' has run it for")


def test_a_busy_node_passes_its_promise_on(world: World, client: DialoguePeer) -> None:
    first, second = node(world, "a", "f"), node(world, "b", "f")
    submit(client)
    assert first.received == [noop()]
    first.option_req(b"busy")
    assert first.received == [option_res(b"busy")]
    assert second.received == [noop()]
    submit(client, b"f")
    assert first.received == []


def test_nodes_take_turns(world: World, client: DialoguePeer) -> None:
    nodes = [node(world, name, "f") for name in "abc"]
    for each in nodes:
        submit(client)
        assert each.received == [noop()]
        each.grab_job()
        assert len(each.received) == 1
        each.pre_sleep()
    submit(client)
    assert nodes[0].received == [noop()]


def test_a_node_has_a_high_job_first(world: World, client: DialoguePeer) -> None:
    client.submit_job_low_bg(b"f", b"", b"low")
    client.submit_job_bg(b"g", b"", b"normal")
    client.submit_job_high_bg(b"f", b"", b"high")
    worker = node(world, "a", "f", "g")
    workloads = []
    for _ in range(3):
        worker.grab_job()
        workloads.append(worker.received[-1].arguments[-1])
    assert workloads == [b"high", b"normal", b"low"]
    worker.grab_job()
    assert worker.received == [no_job()]
