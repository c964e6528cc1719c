"""Jobs as futures."""

from __future__ import annotations

import concurrent.futures
import threading
import time

import pytest

from geartrain.client import Executor
from geartrain.errors import ClientError, JobFailedError
from geartrain.protocol.constants import PacketType as P
from tests.client.faces import Place
from tests.client.workers import fail, reverse, worker
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
        done, waiting = concurrent.futures.wait(futures, timeout=20)
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
        assert list(executor.map(function, ["ab", "cd"], timeout=20)) == ["ba", "dc"]
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
    assert threading.active_count() == threads
