"""What a job server, the system or a timeout does not allow ends the attempt."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from geartrain.protocol.constants import PacketType as P
from geartrain.worker import AsyncWorker, Worker
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until
from tests.support.worker_faces import Script, client, complete, outcome, running
from tests.support.worker_programs import program

LARGE = b"x" * 2_000_000


@pytest.fixture(scope="module")
def narrow() -> Iterator[RunningServer]:
    with running_geartrain("--max-packet", "1M") as server:
        yield server


def too_large(job: Any) -> Any:
    if job.workload == b"exception":
        job.send_exception(LARGE)
    elif job.workload == b"raise":
        raise ValueError(LARGE.decode())
    elif job.workload == b"data":
        job.send_data(LARGE)
    elif job.workload == b"warning":
        job.send_warning(LARGE)
    else:
        return LARGE
    return b"the rest"


def pieces(job: Any) -> Any:
    yield LARGE
    yield b"the rest"


@pytest.mark.parametrize("concurrency", [1, 2])
def test_what_the_job_server_refuses_ends_the_attempt(
    script: Script, narrow: RunningServer, concurrency: int
) -> None:
    worker = script.make(narrow.address, concurrency=concurrency)
    name = f"large{concurrency}"
    worker.register(name, script.handler(too_large))
    worker.register(f"plain-{name}", too_large)
    worker.register(f"pieces-{name}", pieces)
    function = name.encode()
    kinds = [(function, each) for each in (b"", b"data", b"warning", b"exception")]
    kinds += [(b"plain-" + function, b""), (b"pieces-" + function, b"")]
    with running(script, worker), client(narrow, exceptions=True) as wire:
        for called, workload in kinds:
            (end,) = outcome(wire, called, workload)
            assert end.type == P.WORK_EXCEPTION, (called, workload)
            assert b"is more than the 1114112 this server takes" in end.payload
        # One that is raised is cut to what every job server takes.
        (end,) = outcome(wire, function, b"raise")
        assert (end.type, len(end.payload)) == (P.WORK_EXCEPTION, 64 * 1024)
        rows = [row for row in wire.listing(b"status") if function in row]
        assert all(row.split(b"\t")[1:3] == [b"0", b"0"] for row in rows)


def test_more_than_a_packet_can_hold_is_not_sent(
    script: Script, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.worker.jobs._MOST_DATA", 1000)
    worker = script.make(server.address)
    worker.register("4GiB", script.handler(lambda job: LARGE))
    worker.register("after-4GiB", script.handler(lambda job: b"fine"))
    with running(script, worker), client(server, exceptions=True) as wire:
        (end,) = outcome(wire, b"4GiB")
        assert end.type == P.WORK_FAIL or b"2000000 bytes are more" in end.payload
        assert outcome(wire, b"after-4GiB") == complete(b"fine")


def test_a_timeout_of_its_own_fails_the_job_at_once(
    script: Script, geartrain: RunningServer
) -> None:
    go_on = threading.Event()
    begun: list[bytes] = []

    def sleeps(job: Any) -> None:
        begun.append(job.workload)
        go_on.wait(20)
        assert not job.is_wanted

    worker = script.make(geartrain.address)
    worker.register("overdue", sleeps, timeout=1)
    try:
        with running(script, worker), client(geartrain, exceptions=True) as wire:
            (end,) = outcome(wire, b"overdue")
            assert (end.type, end.payload) == (P.WORK_EXCEPTION, b"timed out after 1 s")
            assert len(begun) == 1
            go_on.set()
    finally:
        go_on.set()


def test_the_worker_ends_it_where_the_job_server_does_not(
    script: Script, gearmand: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As gearmand does not once the worker has gone to sleep with the job at hand."""
    monkeypatch.setattr("geartrain.worker.session.GRACE", 0.1)
    monkeypatch.setattr(
        "geartrain.worker.functions.WorkerFunction.milliseconds",
        property(lambda self: 0),
    )
    go_on = threading.Event()

    async def sleeps_async(job: Any) -> None:
        while not go_on.is_set():
            import asyncio

            await asyncio.sleep(0.05)

    def sleeps(job: Any) -> None:
        go_on.wait(20)

    worker = script.make(gearmand.address, concurrency=2)
    is_plain = script.name == "blocking"
    worker.register("forgotten", sleeps if is_plain else sleeps_async, timeout=0.5)
    worker.register("after-forgotten", script.handler(lambda job: b"fine"))
    try:
        with running(script, worker), client(gearmand, exceptions=True) as wire:
            (end,) = outcome(wire, b"forgotten")
            assert (end.type, end.payload) == (
                P.WORK_EXCEPTION,
                b"timed out after 0.5 s",
            )
            assert outcome(wire, b"after-forgotten") == complete(b"fine")
            go_on.set()
    finally:
        go_on.set()


def refuse_threads(
    monkeypatch: pytest.MonkeyPatch, refuses: Callable[[str], bool]
) -> None:
    """Have the system refuse threads by their names."""
    start = threading.Thread.start

    def start_or_not(thread: threading.Thread) -> None:
        if refuses(thread.name):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_not)


def test_without_threads_a_job_fails_and_its_slot_is_free(
    geartrain: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = threading.Event()
    refuse_threads(monkeypatch, lambda name: refusing.is_set())
    worker = AsyncWorker(geartrain.address, concurrency=1)

    @worker.function("no-thread")
    def plain(job: Any) -> bytes:
        return b"fine"

    @worker.function("mend-threads")
    async def mend(job: Any) -> bytes:
        refusing.clear()
        return b"mended"

    with running(Script("asyncio"), worker), client(geartrain, exceptions=True) as wire:
        assert outcome(wire, b"no-thread") == complete(b"fine")
        refusing.set()
        for _ in range(2):
            (end,) = outcome(wire, b"no-thread")
            assert (end.type, b"can't start new thread" in end.payload) == (
                P.WORK_EXCEPTION,
                True,
            )
        assert outcome(wire, b"mend-threads") == complete(b"mended")
        assert outcome(wire, b"no-thread") == complete(b"fine")


def test_without_threads_it_connects_later(
    geartrain: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = threading.Event()
    refusing.set()
    refuse_threads(
        monkeypatch,
        lambda name: refusing.is_set() and name.startswith("connect "),
    )
    worker = Worker(geartrain.address)
    worker.register("late-thread", lambda job: b"fine")
    with running(Script("blocking"), worker), client(geartrain) as wire:
        wire.submit(b"late-thread")
        threading.Event().wait(0.3)
        refusing.clear()
        assert wire.read().payload.endswith(b"\0fine")


def test_fewer_threads_than_jobs_are_enough(
    geartrain: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_threads(monkeypatch, {"geartrain job 1", "geartrain job 2"}.__contains__)
    worker = Worker(geartrain.address, concurrency=3)
    worker.register("few", lambda job: b"fine")
    with running(Script("blocking"), worker), client(geartrain) as wire:
        for _ in range(3):
            assert outcome(wire, b"few") == complete(b"fine")


@pytest.fixture
def many_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 2048:
        pytest.skip("the system allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 2048), before[1]))
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(open("/dev/null", "rb"))
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("concurrency", [1, 2])
def test_descriptors_may_be_above_1024(
    script: Script, geartrain: RunningServer, concurrency: int
) -> None:
    large = b"x" * 20_000_000
    begun = threading.Event()
    go_on = threading.Event()

    def hold(job: Any) -> None:
        begun.set()
        go_on.wait(20)

    worker = script.make(geartrain.address, concurrency=concurrency)
    worker.register("20MB", script.handler(lambda job: large))
    worker.register("held", hold)
    with client(geartrain) as wire, running(script, worker):
        (end,) = outcome(wire, b"20MB")
        assert (end.type, len(end.payload)) == (P.WORK_COMPLETE, len(large))
        wire.submit(b"held")
        assert begun.wait(10)
        worker.stop(deadline=0)
        wait_until(lambda: b"held\t1\t0" in b"\n".join(wire.listing(b"status")))
        go_on.set()


DESCRIPTORS = """
import resource
worker = Worker()
def use_up(job):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    files = []
    try:
        while True:
            files.append(open(os.devnull))
    except OSError:
        pass
    # It has to ask the job server on a connection of its own, which it cannot.
    raise Retry(delay=0.1)
worker.register("no-descriptor", use_up)
worker.register("after-descriptors", lambda job: b"fine")
worker.run()
"""


def test_without_descriptors_the_attempt_ends(geartrain: RunningServer) -> None:
    with program(DESCRIPTORS, geartrain), client(geartrain) as wire:
        assert outcome(wire, b"no-descriptor")[0].type == P.WORK_FAIL
        assert outcome(wire, b"after-descriptors") == complete(b"fine")
