"""A stop in order: who may go, who has to stay, and that nothing new begins."""

from __future__ import annotations

from tests.support.dialogue import (
    H1,
    H2,
    DialoguePeer,
    World,
    job_created,
    no_job,
    noop,
    work_complete,
)


def engaged(world: World) -> set[bytes]:
    """Return the names of the peers that have to stay."""
    return {peer.client_id for peer in world.engine.engaged()}


def named(peer: DialoguePeer, name: bytes) -> DialoguePeer:
    peer.set_client_id(name)
    return peer


def test_a_worker_gets_no_more_jobs(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    world.engine.begin_stop()
    worker.grab_job()
    assert worker.received == [no_job()]


def test_nobody_is_woken(world: World, client: DialoguePeer) -> None:
    asleep, awake = world.sleeper("f"), world.worker("f")
    world.engine.begin_stop()
    client.submit_job_bg(b"f", b"", b"w")
    awake.pre_sleep()
    world.advance(60)
    assert asleep.received == awake.received == []


def test_a_running_job_ends_as_ever(world: World, client: DialoguePeer) -> None:
    worker = world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    assert client.received == [job_created(H1)]
    world.engine.begin_stop()
    assert world.engine.count_running() == 1
    worker.work_complete(H1, b"done")
    assert client.received == [work_complete(H1, b"done")]
    assert world.engine.count_running() == 0


def test_who_runs_a_job_and_who_waits_for_it_stay(
    world: World, client: DialoguePeer
) -> None:
    worker, waiting = named(world.worker("f"), b"worker"), named(client, b"client")
    waiting.submit_job(b"f", b"", b"w")
    worker.grab_job()
    world.engine.begin_stop()
    assert engaged(world) == {b"worker", b"client"}
    worker.work_complete(H1, b"")
    assert engaged(world) == set()


def test_who_need_not_stay(world: World, client: DialoguePeer) -> None:
    named(world.sleeper("g"), b"sleeper")
    worker, background = named(world.worker("f"), b"worker"), named(client, b"client")
    background.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    queued = named(world.connect(), b"queued")
    queued.submit_job(b"f", b"", b"v")
    assert queued.received == [job_created(H2)]
    world.engine.begin_stop()
    assert engaged(world) == {b"worker"}


def test_a_job_whose_worker_leaves_does_not_begin_again(
    world: World, client: DialoguePeer
) -> None:
    worker, other = world.worker("f"), world.sleeper("f")
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    world.engine.begin_stop()
    assert other.received == [noop()]
    worker.leave()
    world.advance(60)
    other.grab_job()
    assert other.received == [no_job()]
    assert engaged(world) == set()
