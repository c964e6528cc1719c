"""Workers whose abilities or jobs change while they sleep."""

from __future__ import annotations

from tests.support.dialogue import (
    H1,
    DialoguePeer,
    World,
    job_assign,
    no_job,
    noop,
)
from tests.support.wakeups import submit, woken


def test_a_worker_is_woken_only_for_what_it_can_do(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("g")
    submit(client, b"f")
    assert worker.received == []


def test_can_do_while_asleep_with_work_ready_wakes(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    submit(client, b"g")
    assert worker.received == []
    worker.can_do(b"g")
    assert worker.received == [noop()]
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"g", b"w")]


def test_can_do_while_asleep_without_work_lets_sleep(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    worker.can_do(b"g")
    worker.can_do(b"h")
    assert worker.received == []
    submit(client, b"g")
    assert worker.received == [noop()]


def test_cant_do_while_asleep_lets_sleep_without_that_function(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f", "g")
    worker.cant_do(b"f")
    submit(client, b"f")
    assert worker.received == []
    submit(client, b"g")
    assert worker.received == [noop()]


def test_abilities_exchanged_while_asleep_in_one_piece(
    world: World, client: DialoguePeer
) -> None:
    """Some workers send RESET_ABILITIES and all their CAN_DO at once."""
    worker = world.sleeper("f")
    submit(client, b"h")
    worker.send(
        b"\0REQ\0\0\0\x03\0\0\0\0\0REQ\0\0\0\x01\0\0\0\x01g\0REQ\0\0\0\x01\0\0\0\x01h"
    )
    assert worker.received == [noop()]


def test_a_sleeper_that_changes_its_abilities_and_grabs_at_once_is_awake(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    submit(client, b"g")
    worker.send(b"\0REQ\0\0\0\x01\0\0\0\x01g\0REQ\0\0\0\x09\0\0\0\0")
    assert worker.received == [job_assign(H1, b"g", b"w")]
    submit(client, b"g")
    assert worker.received == []


def test_a_woken_worker_that_gives_up_its_function_has_another_woken(
    world: World, client: DialoguePeer
) -> None:
    other, worker = world.sleeper("f"), world.sleeper("f")
    submit(client)
    assert worker.received == [noop()]
    worker.cant_do(b"f")
    assert other.received == [noop()]
    worker.grab_job()
    assert worker.received == [no_job()]


def test_pre_sleep_twice_is_sleeping_once(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper("f")
    worker.pre_sleep()
    assert worker.received == []
    submit(client)
    assert worker.received == [noop()]


def test_pre_sleep_after_a_noop_without_a_grab_is_answered_again(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    submit(client)
    worker.pre_sleep()
    assert worker.received == [noop(), noop()]


def test_a_worker_without_abilities_sleeps(world: World, client: DialoguePeer) -> None:
    worker = world.sleeper()
    submit(client)
    world.advance(10)
    assert worker.received == []


def test_a_lost_job_wakes_another_worker(world: World, client: DialoguePeer) -> None:
    sleeper, runner = world.sleeper("f"), world.worker("f")
    submit(client)
    runner.grab_job()
    world.advance(1)
    assert woken([sleeper]) == 1
    sleeper.grab_job()
    sleeper.pre_sleep()
    assert sleeper.received == [no_job()]
    runner.leave()
    assert sleeper.received == [noop()]


def test_a_job_dropped_before_its_woken_worker_comes_harms_nobody(
    world: World, client: DialoguePeer
) -> None:
    worker = world.sleeper("f")
    client.submit_job(b"f", b"", b"w")
    client.leave()
    worker.grab_job()
    worker.pre_sleep()
    assert worker.received == [noop(), no_job()]
    submit(world.client())
    assert worker.received == [noop()]


def test_a_worker_that_submits_to_itself_is_woken(world: World) -> None:
    worker = world.sleeper("f")
    submit(worker)
    assert worker.received[-1] == noop()
    worker.grab_job()
    assert worker.received == [job_assign(H1, b"f", b"w")]
