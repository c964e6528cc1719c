"""Large workloads and results: their memory, their limits, their neighbours."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.waiting import slowness, wait_until
from tests.support.wire import MIB, Scene, Wire, checksum, scene

CHUNK = random.Random(4730).randbytes(MIB)
# What the arguments before a workload may take besides it.
ARGUMENTS_ROOM = 64 * 1024


def chunks(count: int) -> Iterator[bytes]:
    return (CHUNK for _ in range(count))


def submit_large(client: Wire, function: bytes, mebibytes: int) -> bytes:
    """Submit a job with so many times CHUNK; return its handle."""
    client.send_large(PacketType.SUBMIT_JOB, function + b"\0\0", CHUNK, mebibytes)
    return client.expect(PacketType.JOB_CREATED)[0]


def read_assigned(worker: Wire, function: bytes) -> tuple[bytes, tuple[int, int]]:
    """Grab a job of any size; return its handle and its workload's checksum."""
    worker.send(PacketType.GRAB_JOB)
    packet_type, size = worker.read_header()
    assert packet_type == PacketType.JOB_ASSIGN
    # A handle and a name end within the first few bytes.
    first = worker.read_bytes(min(size, 256))
    handle, name, start = first.split(b"\0", 2)
    assert name == function

    def pieces() -> Iterator[bytes]:
        yield start
        yield from worker.read_large(size - len(first))

    return handle, checksum(pieces())


def read_result(
    client: Wire, handle: bytes, expected: PacketType = PacketType.WORK_COMPLETE
) -> tuple[int, int]:
    """Return the checksum of a job's result."""
    packet_type, size = client.read_header()
    assert packet_type == expected
    assert client.read_bytes(len(handle) + 1) == handle + b"\0"
    return checksum(client.read_large(size - len(handle) - 1))


@pytest.mark.slow
def test_a_workload_of_1_gib_takes_at_most_2_2_times_its_size() -> None:
    workload, result = 1024, 256
    with scene() as here:
        client, worker = here.peer(), here.worker(b"giant")
        before = here.figures.memory()

        submitted = submit_large(client, b"giant", workload)
        handle, came = read_assigned(worker, b"giant")

        assert handle == submitted
        assert came == checksum(chunks(workload))
        assert here.figures.peak_memory() - before <= 2.2 * workload * MIB
        assert here.neighbour.is_unharmed()
        worker.send_large(PacketType.WORK_COMPLETE, handle + b"\0", CHUNK, result)
        assert read_result(client, handle) == checksum(chunks(result))
        assert here.figures.peak_memory() - before <= 2.2 * workload * MIB
        wait_until(lambda: here.figures.memory() - before < 0.3 * workload * MIB)


def test_results_larger_than_max_outbox_reach_a_client_that_reads() -> None:
    """The second result comes while the first has not been read to its end."""
    with scene("--max-outbox", "1M") as here, ThreadPoolExecutor() as threads:
        client, worker = here.peer(), here.worker(b"report")
        handle = client.submit(b"report")
        worker.grab()

        def read_both() -> list[tuple[int, int]]:
            return [
                read_result(client, handle, packet_type)
                for packet_type in (PacketType.WORK_DATA, PacketType.WORK_COMPLETE)
            ]

        reading = threads.submit(read_both)
        for packet_type in (PacketType.WORK_DATA, PacketType.WORK_COMPLETE):
            worker.send_large(packet_type, handle + b"\0", CHUNK, 64)

        assert reading.result() == [checksum(chunks(64))] * 2


def assert_quick(times: list[float]) -> None:
    """Check round trips, each of which waits for the server three times.

    The median tells; the others only bound what a busy machine may add.
    """
    most = slowness()
    ordered = sorted(times)
    milliseconds = [round(each * 1000, 1) for each in ordered]
    assert len(ordered) >= 20, milliseconds
    assert ordered[len(ordered) // 2] < 0.02 * most, milliseconds
    assert ordered[len(ordered) * 99 // 100] < 0.25 * most, milliseconds
    assert ordered[-1] < 0.5 * most, milliseconds


def round_trips_during(here: Scene, work: Future[None]) -> list[float]:
    """Return how long the neighbour's round trips take until ``work`` is done."""
    times = []
    while not work.done():
        times.append(here.neighbour.round_trip())
    work.result()
    return times


@pytest.mark.parametrize("unique", [b"", b"key", b"-"])
def test_a_large_upload_does_not_slow_the_others(unique: bytes) -> None:
    with scene() as here, ThreadPoolExecutor() as threads:
        client = here.peer()

        def upload() -> None:
            head = b"upload\0" + unique + b"\0"
            client.send_large(PacketType.SUBMIT_JOB_BG, head, CHUNK, 300)
            client.expect(PacketType.JOB_CREATED)

        assert_quick(round_trips_during(here, threads.submit(upload)))


def test_a_large_download_does_not_slow_the_others() -> None:
    with scene() as here, ThreadPoolExecutor() as threads:
        client, worker = here.peer(), here.worker(b"download")
        submitted = submit_large(client, b"download", 300)

        def download() -> None:
            assert read_assigned(worker, b"download") == (
                submitted,
                checksum(chunks(300)),
            )

        assert_quick(round_trips_during(here, threads.submit(download)))


def test_a_packet_above_max_packet_is_refused_and_skipped() -> None:
    with scene("--max-packet", "1M") as here:
        client = here.peer()
        before = here.figures.memory()

        client.send_large(PacketType.SUBMIT_JOB, b"big\0\0", CHUNK, 64)
        client.send(PacketType.ECHO_REQ, b"next")

        text = client.expect_error(b"DATA_TOO_LARGE")
        size = 64 * MIB + len(b"big\0\0")
        limit = MIB + ARGUMENTS_ROOM
        assert (
            text
            == b"SUBMIT_JOB of %d bytes is more than the %d this server takes"
            % (
                size,
                limit,
            )
        )
        assert client.expect(PacketType.ECHO_RES) == [b"next"]
        assert here.figures.peak_memory() - before < 8 * MIB
        assert not any(row.startswith(b"big\t") for row in client.listing(b"status"))


def test_a_packet_of_max_packet_is_taken() -> None:
    with scene("--max-packet", "1M") as here:
        client, worker = here.peer(), here.worker(b"fits")

        submitted = submit_large(client, b"fits", 1)

        assert read_assigned(worker, b"fits") == (submitted, checksum(chunks(1)))


def test_a_result_above_max_packet_leaves_the_job_to_its_worker() -> None:
    with scene("--max-packet", "1M") as here:
        client, worker = here.peer(), here.worker(b"result")
        handle = client.submit(b"result")
        worker.grab()

        worker.send_large(PacketType.WORK_COMPLETE, handle + b"\0", CHUNK, 2)

        worker.expect_error(b"DATA_TOO_LARGE")
        worker.send(PacketType.WORK_FAIL, handle)
        assert client.expect(PacketType.WORK_FAIL) == [handle]


def test_workloads_and_results_of_any_size_arrive_whole() -> None:
    """Sizes on both sides of where packets are kept and sent in pieces."""
    edges = [edge + step for edge in (65536, 262144, MIB) for step in (-30, 0, 30)]
    with scene() as here:
        client, worker = here.peer(), here.worker(b"any")
        for size in (0, 1, *edges, 5 * MIB + 7):
            data = (CHUNK * 6)[:size]
            handle = client.submit(b"any", data)
            assert worker.grab() == (handle, data)
            for packet_type in (
                PacketType.WORK_DATA,
                PacketType.WORK_WARNING,
                PacketType.WORK_COMPLETE,
            ):
                worker.send(packet_type, handle, data)
                assert client.expect(packet_type, 2) == [handle, data]


def test_a_large_job_lost_by_one_worker_reaches_the_next_whole() -> None:
    with scene() as here:
        client, first = here.peer(), here.worker(b"lost")
        submitted = submit_large(client, b"lost", 32)
        # It leaves in the middle of reading its workload.
        first.send(PacketType.GRAB_JOB)
        assert first.read_header()[0] == PacketType.JOB_ASSIGN
        first.reset()

        second = here.worker(b"lost")
        assert read_assigned(second, b"lost") == (submitted, checksum(chunks(32)))


def test_equal_workloads_coalesce_by_a_dash_however_they_arrive() -> None:
    with scene() as here:
        client = here.peer()
        head = b"dash\0-\0"
        handles = set()
        for pause in (0.0, 0.05):
            size = len(head) + 3 * MIB
            client.send_bytes(
                b"\0REQ"
                + bytes([0, 0, 0, PacketType.SUBMIT_JOB_BG])
                + size.to_bytes(4, "big")
                + head
            )
            for _ in range(3):
                time.sleep(pause)
                client.send_bytes(CHUNK)
            handles.add(client.expect(PacketType.JOB_CREATED)[0])

        assert len(handles) == 1
