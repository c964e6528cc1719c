"""What happens at its time, without another packet having to arrive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from geartrain.protocol.constants import PacketType
from tests.support.waiting import slowness
from tests.support.wire import Scene, Wire, scene

# Seconds a job may be late while the machine does something else; the best of several
# is to be PRECISION.
TOLERANCE = 0.25
PRECISION = 0.01


@contextmanager
def sleeping_worker() -> Iterator[tuple[Scene, Wire]]:
    """Run a server with a worker of ``later`` that sleeps."""
    with scene() as here:
        worker = here.worker(b"later")
        worker.sleep()
        yield here, worker


def submit_epoch(client: Wire, when: float, workload: bytes) -> bytes:
    """Submit a job for ``when``, to the millisecond; return its handle."""
    epoch = b"%.3f" % when
    client.send(PacketType.SUBMIT_JOB_EPOCH, b"later", b"", epoch, workload)
    return client.expect(PacketType.JOB_CREATED)[0]


def test_an_epoch_job_wakes_a_sleeper_at_its_time() -> None:
    with sleeping_worker() as (here, worker):
        when = round(time.time() + 0.4, 3)
        handle = submit_epoch(here.peer(), when, b"due")

        worker.expect(PacketType.NOOP)
        woken = time.time()

        assert 0 <= woken - when < TOLERANCE * slowness()
        assert worker.grab() == (handle, b"due")


def test_whole_seconds_are_met_as_well() -> None:
    with sleeping_worker() as (here, worker):
        when = int(time.time()) + 1
        client = here.peer()
        client.send(PacketType.SUBMIT_JOB_EPOCH, b"later", b"", b"%d" % when, b"whole")
        client.expect(PacketType.JOB_CREATED)

        worker.expect(PacketType.NOOP)

        assert 0 <= time.time() - when < TOLERANCE * slowness()


def test_epoch_jobs_come_in_the_order_of_their_times() -> None:
    with sleeping_worker() as (here, worker):
        client = here.peer()
        start = time.time() + 0.3
        order = [3, 0, 4, 1, 2]
        for number in order:
            submit_epoch(client, start + number * 0.1, b"%d" % number)

        delays = []
        for number in sorted(order):
            worker.expect(PacketType.NOOP)
            delays.append(time.time() - (start + number * 0.1))
            assert delays[-1] >= -0.001
            handle, workload = worker.grab()
            assert workload == b"%d" % number
            worker.send(PacketType.WORK_COMPLETE, handle, b"")
            worker.send(PacketType.PRE_SLEEP)
        assert min(delays) < PRECISION * slowness()
        assert max(delays) < TOLERANCE * slowness()


def test_an_epoch_job_is_not_assigned_before_its_time() -> None:
    with sleeping_worker() as (here, worker):
        client = here.peer()
        submit_epoch(client, time.time() + 60, b"tomorrow")

        worker.send(PacketType.GRAB_JOB)
        worker.expect(PacketType.NO_JOB)
        worker.sleep()
        worker.expect_silence(0.2)

        assert b"later\t1\t0\t1" in client.listing(b"status")


def test_ten_thousand_epoch_jobs_do_not_slow_the_one_that_is_due() -> None:
    with sleeping_worker() as (here, worker):
        client = here.peer()
        far = time.time() + 3600
        for block in range(10):
            for number in range(1000):
                epoch = b"%d" % (far + number)
                unique = b"%d-%d" % (block, number)
                client.send(PacketType.SUBMIT_JOB_EPOCH, b"later", unique, epoch, b"")
            for _ in range(1000):
                client.expect(PacketType.JOB_CREATED)
        when = round(time.time() + 0.2, 3)
        submit_epoch(client, when, b"due")

        worker.expect(PacketType.NOOP)

        assert 0 <= time.time() - when < TOLERANCE * slowness()
        assert worker.grab()[1] == b"due"


def schedule(client: Wire, unique: bytes, fields: bytes) -> bytes:
    """Submit a schedule of five fields for ``later``; return its handle."""
    parts = fields.split(b" ")
    client.send(PacketType.SUBMIT_JOB_SCHED, b"later", unique, *parts, b"tick")
    return client.expect(PacketType.JOB_CREATED)[0]


def test_a_schedule_is_listed_and_cancelled() -> None:
    with scene() as here:
        client = here.peer()
        now = time.time()
        handle = schedule(client, b"every-minute", b"* * * * *")

        (row,) = client.listing(b"show schedules")
        name, function, unique, fields, due = row.split(b"\t")
        assert (name, function, unique) == (handle, b"later", b"every-minute")
        assert fields == b"* * * * *"
        assert int(due) % 60 == 0
        assert 0 < int(due) - now <= 60 + TOLERANCE

        assert client.command(b"cancel job " + handle) == b"OK\r\n"
        assert client.listing(b"show schedules") == []
        assert client.command(b"cancel job " + handle) == b"ERR UNKNOWN_JOB\r\n"


def test_a_schedule_submitted_again_is_changed_not_doubled() -> None:
    with scene() as here:
        client = here.peer()

        first = schedule(client, b"report", b"0 4 * * *")
        second = schedule(client, b"report", b"30 5 * * 1")

        assert first == second
        (row,) = client.listing(b"show schedules")
        assert b"\t30 5 * * 1\t" in row


def test_schedules_that_never_come_are_refused() -> None:
    with scene() as here:
        client = here.peer()
        for fields in (b"60 * * * *", b"* * * * noday", b"0 0 31 2 *", b"x * * * *"):
            parts = fields.split(b" ")

            client.send(PacketType.SUBMIT_JOB_SCHED, b"later", b"", *parts, b"")

            assert client.expect_error(b"INVALID_ARGUMENT") != b""
        assert client.listing(b"show schedules") == []


def test_a_job_that_takes_longer_than_its_worker_said_goes_to_another() -> None:
    with scene() as here:
        client, slow, other = here.peer(), here.peer(), here.worker(b"stuck")
        slow.send(PacketType.CAN_DO_TIMEOUT, b"stuck", b"1000")
        handle = client.submit(b"stuck", b"work")
        assert slow.grab() == (handle, b"work")
        start = time.monotonic()
        other.sleep()

        other.expect(PacketType.NOOP)
        waited = time.monotonic() - start

        assert 1 - TOLERANCE < waited < 1 + TOLERANCE * slowness()
        assert other.grab() == (handle, b"work")
        slow.send(PacketType.WORK_COMPLETE, handle, b"too late")
        slow.expect_error(b"JOB_NOT_FOUND")
        other.send(PacketType.WORK_COMPLETE, handle, b"done")
        assert client.expect(PacketType.WORK_COMPLETE, 2) == [handle, b"done"]


def test_a_job_done_in_time_is_not_given_away_later() -> None:
    with scene() as here:
        client, worker, other = here.peer(), here.peer(), here.worker(b"quick")
        worker.send(PacketType.CAN_DO_TIMEOUT, b"quick", b"1000")
        handle = client.submit(b"quick")
        worker.grab()
        other.sleep()
        worker.send(PacketType.WORK_COMPLETE, handle, b"done")
        client.expect(PacketType.WORK_COMPLETE, 2)

        other.expect_silence(1.2)
