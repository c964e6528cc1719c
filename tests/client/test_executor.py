"""Jobs as futures."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
import threading
import time
from queue import Queue

import pytest

from geartrain.client import Executor
from geartrain.errors import ClientError, JobFailedError
from geartrain.protocol.constants import PacketType as P
from tests.support.client_faces import Place
from tests.support.raw_workers import fail, reverse, worker
from tests.support.wire import Wire


def test_futures_have_the_results_and_failures(geartrain: Place) -> None:
    function, failing = next(geartrain.functions), next(geartrain.functions)
    with (
        worker(geartrain.connect, function, reverse),
        worker(geartrain.connect, failing, fail),
        Executor(geartrain.servers) as executor,
    ):
        assert isinstance(executor, concurrent.futures.Executor)
        futures = [executor.submit(function, b"%d!" % n) for n in range(50)]
        done, waiting = concurrent.futures.wait(futures)
        assert not waiting
        assert len(done) == 50
        assert [f.result() for f in futures] == [(b"%d!" % n)[::-1] for n in range(50)]
        with pytest.raises(JobFailedError):
            executor.submit(failing).result(20)


def test_map_gives_results_in_order(geartrain: Place) -> None:
    function = next(geartrain.functions)
    with (
        worker(geartrain.connect, function, reverse),
        Executor(geartrain.servers, codec="text") as executor,
    ):
        assert list(executor.map(function, ["ab", "cd"])) == ["ba", "dc"]
        with pytest.raises(ClientError, match="one workload"):
            executor.map(function, ["a"], ["b"])


def test_shutdown_waits_for_the_jobs_and_takes_no_more(geartrain: Place) -> None:
    function = next(geartrain.functions)

    def slowly(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        time.sleep(0.2)
        wire.send(P.WORK_COMPLETE, handle, b"done")

    with worker(geartrain.connect, function, slowly):
        executor = Executor(geartrain.servers)
        future = executor.submit(function)
        executor.shutdown()
        assert future.done()
        assert future.result() == b"done"
        with pytest.raises(RuntimeError, match="shut down"):
            executor.submit(function)
        executor.shutdown()


def test_shutdown_cancels_what_waits_if_told_so(geartrain: Place) -> None:
    threads = threading.active_count()
    executor = Executor(geartrain.servers)
    futures = [executor.submit(next(geartrain.functions)) for _ in range(5)]
    executor.shutdown(cancel_futures=True)
    assert all(future.cancelled() for future in futures)
    assert threading.active_count() <= threads


def test_who_waits_is_told_of_what_is_cancelled(geartrain: Place) -> None:
    with Executor(geartrain.servers) as executor:
        futures = [executor.submit(next(geartrain.functions)) for _ in range(3)]
        for future in futures:
            assert future.cancel()
        assert concurrent.futures.wait(futures).not_done == set()
        assert set(concurrent.futures.as_completed(futures)) == set(futures)


def test_a_callback_may_shut_it_down(geartrain: Place) -> None:
    function = next(geartrain.functions)
    ended: Queue[Exception | None] = Queue()

    def shut(_: concurrent.futures.Future[bytes]) -> None:
        try:
            executor.shutdown()
        except RuntimeError as error:
            ended.put(error)
        else:
            ended.put(None)

    with (
        worker(geartrain.connect, function, reverse),
        Executor(geartrain.servers) as executor,
    ):
        executor.submit(function, b"!").add_done_callback(shut)
        assert ended.get(timeout=20) is None


# Each has an executor, and a function that some worker does.
PROGRAMS = {
    # Many of these have not begun when they are cancelled.
    "cancels": """
for _ in range(500):
    executor.submit(function).cancel()
print("ended")
""",
    "submits in a callback when the interpreter ends": """
def go_on(future):
    print(future.result())
    executor.submit(function, b"ed").add_done_callback(tell)

def tell(future):
    print("end" + future.result()[::-1].decode())

executor.submit(function, b"!").add_done_callback(go_on)
""",
    "is shut down by a signal handler amid a submission": """
def shut(*_):
    executor.shutdown()
    print("shut down")

signal.signal(signal.SIGALRM, shut)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    while True:
        executor.submit(function, b"")
except RuntimeError as error:
    print("ended:", error)
""",
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_ends_and_leaves_no_job(geartrain: Place, text: str) -> None:
    function = next(geartrain.functions)
    head = (
        "import signal, sys\n"
        "from geartrain.client import Executor\n"
        f"executor, function = Executor({geartrain.servers!r}), {function!r}\n"
    )
    with worker(geartrain.connect, function, reverse):
        ended = subprocess.run(
            [sys.executable, "-c", head + text],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "ended" in ended.stdout
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr
