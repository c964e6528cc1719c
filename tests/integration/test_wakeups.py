"""As many sleeping workers are woken as there is work for, over real sockets."""

from __future__ import annotations

import resource
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.waiting import slowness, wait_until
from tests.support.wire import Scene, Wire, packet, scene

MOST_SLEEPERS = 10_000
# The test's own files, and the job server's: each has one for every connection.
SPARE_DESCRIPTORS = 200

NOOP = packet(PacketType.NOOP, magic=b"\0RES")
GO_TO_SLEEP = packet(PacketType.CAN_DO, b"nap") + packet(PacketType.PRE_SLEEP)


@contextmanager
def most_descriptors() -> Iterator[int]:
    """Let this process open all files it may; gives how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def put_to_sleep(here: Scene, count: int) -> list[Wire]:
    """Connect ``count`` workers of nap that sleep."""
    sleepers = [here.peer() for _ in range(count)]
    for sleeper in sleepers:
        sleeper.send_bytes(GO_TO_SLEEP)
    admin = here.peer()
    row = b"nap\t0\t0\t%d" % count
    wait_until(lambda: row in admin.listing(b"status"), timeout=30)
    return sleepers


def woken(sleepers: list[Wire], seconds: float) -> list[Wire]:
    """Return whom the job server sends a NOOP within ``seconds``; it grabs at once.

    Whoever gets a job finishes it and sleeps again.
    """
    by_descriptor = {each.socket.fileno(): each for each in sleepers}
    found = []
    with select.epoll() as poll:
        for descriptor in by_descriptor:
            poll.register(descriptor, select.EPOLLIN)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(left):
                worker = by_descriptor[descriptor]
                worker.expect(PacketType.NOOP)
                found.append(worker)
                work_and_sleep(worker)
    return found


def work_and_sleep(worker: Wire) -> None:
    """Do what a woken worker does."""
    worker.send(PacketType.GRAB_JOB)
    received = worker.read()
    if received.type == PacketType.JOB_ASSIGN:
        worker.send(PacketType.WORK_COMPLETE, received.split(3)[0], b"")
    worker.send(PacketType.PRE_SLEEP)


@pytest.mark.slow
def test_one_job_wakes_at_most_two_of_ten_thousand_sleepers(
    record_property: Callable[[str, object], None],
) -> None:
    with most_descriptors() as hard, scene() as here:
        count = min(MOST_SLEEPERS, hard - SPARE_DESCRIPTORS)
        record_property("sleepers", count)
        assert count >= 1000, f"{hard} descriptors are too few: raise ulimit -Hn"
        sleepers = put_to_sleep(here, count)
        client = here.peer()

        handle = client.submit(b"nap")

        roused = woken(sleepers, 1.0)
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b""]
        assert 1 <= len(roused) <= 2, f"{len(roused)} of {count} sleepers"
        assert_is_idle(here)
        admin = here.peer()
        for sleeper in sleepers:
            sleeper.close()
        wait_until(lambda: b"nap\t0\t0\t0" in admin.listing(b"status"), timeout=30)


def assert_is_idle(here: Scene) -> None:
    """Check that the job server uses no CPU to speak of while nothing happens.

    It may have a pass over its garbage in one of the seconds after ten thousand peers
    have come.
    """
    used: list[float] = []
    for _ in range(3):
        start = here.figures.cpu_seconds()
        time.sleep(1)
        used.append(here.figures.cpu_seconds() - start)
        if used[-1] <= 0.02:
            return
    raise AssertionError(f"each second took so many of CPU: {used}")


def test_several_jobs_wake_as_many_sleepers() -> None:
    with scene() as here:
        sleepers = put_to_sleep(here, 100)
        client = here.peer()
        batch = b"".join(
            packet(PacketType.SUBMIT_JOB, b"nap", b"", b"%d" % number)
            for number in range(10)
        )

        client.send_bytes(batch)

        assert len(woken(sleepers, 0.5)) == 10
        received = [client.read().type for _ in range(20)]
        assert received.count(PacketType.WORK_COMPLETE) == 10


def test_a_coalesced_submission_wakes_nobody() -> None:
    with scene() as here:
        first, second = put_to_sleep(here, 2)
        client = here.peer()
        for _ in range(5):
            client.send(PacketType.SUBMIT_JOB_BG, b"nap", b"same", b"")
            client.expect(PacketType.JOB_CREATED)

        assert woken([first, second], 0.2) in ([first], [second])


def test_a_woken_worker_that_does_not_come_is_passed_over() -> None:
    with scene() as here:
        sleepers = put_to_sleep(here, 2)
        client = here.peer()
        handle = client.submit(b"nap")

        ready, _, _ = select.select([each.socket for each in sleepers], [], [], 5)
        (late,) = (each for each in sleepers if each.socket in ready)
        late.expect(PacketType.NOOP)
        (other,) = (each for each in sleepers if each is not late)

        # The first one takes its NOOP and does nothing more.
        other.expect(PacketType.NOOP)
        assert other.grab()[0] == handle
        late.send(PacketType.GRAB_JOB)
        late.expect(PacketType.NO_JOB)


def test_a_woken_worker_that_leaves_is_replaced_at_once() -> None:
    with scene() as here:
        sleepers = put_to_sleep(here, 2)
        client = here.peer()
        handle = client.submit(b"nap")

        ready, _, _ = select.select([each.socket for each in sleepers], [], [], 5)
        (gone,) = (each for each in sleepers if each.socket in ready)
        (other,) = (each for each in sleepers if each is not gone)
        gone.close()

        start = time.monotonic()
        other.expect(PacketType.NOOP)
        assert time.monotonic() - start < 0.2 * slowness()
        assert other.grab()[0] == handle


def test_an_ability_added_while_asleep_wakes_for_waiting_work() -> None:
    with scene() as here:
        client = here.peer()
        handle = client.submit(b"waiting")
        worker = here.worker(b"nothing")
        worker.sleep()

        worker.send(PacketType.CAN_DO, b"waiting")

        worker.expect(PacketType.NOOP)
        assert worker.grab() == (handle, b"")


def test_a_job_that_waits_for_a_worker_uses_no_cpu() -> None:
    """Nobody comes for it: neither the awake worker nor the one that was woken."""
    with scene() as here:
        (lazy,) = put_to_sleep(here, 1)
        client = here.peer()
        client.submit(b"nap")
        lazy.expect(PacketType.NOOP)

        assert_is_idle(here)

        assert lazy.grab()[1] == b""
