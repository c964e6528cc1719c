"""What nodes say: who they are, that they are busy, that they give jobs back."""

from __future__ import annotations

from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    error,
    job_assign,
    no_job,
    noop,
    option_res,
)
from tests.support.node_dialogues import SELF, later, node
from tests.support.wakeups import submit


def test_a_node_learns_who_the_job_server_is(world: World) -> None:
    node(world, "a")


def test_a_node_that_does_not_say_who_it_is_is_refused(world: World) -> None:
    peer = world.connect()
    peer.option_req(b"node\0\0name")
    assert peer.received == [
        error(b"INVALID_ARGUMENT", b"A node says its identity and its name")
    ]


def test_a_job_server_is_no_node_of_itself(world: World) -> None:
    peer = world.connect()
    peer.option_req(SELF)
    assert peer.received == [option_res(SELF)]
    assert world.engine.state.nodes == {}


def test_only_a_node_may_be_busy(world: World) -> None:
    worker = world.sleeper("f")
    worker.option_req(b"busy")
    assert [each.name for each in worker.received] == ["error"]


def test_cant_do_leaves_a_node_its_jobs(world: World, client: DialoguePeer) -> None:
    worker = node(world, "a", "f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.cant_do(b"f")
    worker.work_complete(H1, b"done")
    assert [each.name for each in client.received] == ["job_created", "work_complete"]


def test_a_released_job_is_ready_at_once(world: World, client: DialoguePeer) -> None:
    worker = node(world, "a", "f")
    submit(client)
    worker.grab_job()
    assert worker.received == [noop(), job_assign(H1, b"f", b"w")]
    own = world.sleeper("f")
    worker.option_req(b"release\0" + H1)
    assert option_res(b"release") in worker.received
    assert own.received == [noop()]
    own.grab_job()
    assert own.received == [job_assign(H1, b"f", b"w")]


def test_a_node_releases_only_its_own_jobs(world: World, client: DialoguePeer) -> None:
    submit(client)
    own = world.worker("f")
    own.grab_job()
    other = node(world, "a", "f")
    other.option_req(b"release\0" + H1)
    other.option_req(b"release\0nonsense")
    assert other.received == [option_res(b"release")] * 2
    assert world.engine.state.jobs[H1].worker is own.engine_peer


def test_a_released_job_has_used_nothing_of_a_rate(
    world: World, client: DialoguePeer
) -> None:
    world.policy(b"f", rate="1/1m")
    worker = node(world, "a", "f")
    submit(client)
    submit(client)
    worker.grab_job()
    own = world.sleeper("f")
    assert own.received == []
    worker.option_req(b"release\0" + H1)
    assert own.received == [noop()]
    own.grab_job()
    own.grab_job()
    assert [each.name for each in own.received] == ["job_assign", "no_job"]


def test_a_node_is_given_no_job_of_what_it_declines(
    world: World, client: DialoguePeer, admin: DialoguePeer
) -> None:
    worker = node(world, "a", "f", "g")
    later(worker, b"f")
    later(worker, b"f")
    submit(client)
    assert worker.received == []
    worker.grab_job()
    assert worker.received == [no_job()]
    assert admin.text("status") == b"f\t1\t0\t1\ng\t0\t0\t1\n.\n"
    submit(client, b"g")
    worker.grab_job()
    assert worker.received[-1].arguments[1] == b"g"


def test_only_a_node_declines_and_only_what_it_can_do(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    worker.option_req(b"later\0f")
    assert [each.name for each in worker.received] == ["error"]
    helper = node(world, "a", "g")
    later(helper, b"unknown")
    later(helper, b"f")
    assert b"unknown" not in world.engine.state.functions
