"""Workers of both faces are run and stopped alike."""

from __future__ import annotations

import threading

import pytest

from geartrain.supervisor.runner import WorkerRunner
from geartrain.worker import AsyncWorker, Worker
from tests.support.servers import RunningServer
from tests.support.supervised import do


def make(kind: type[Worker] | type[AsyncWorker], server: RunningServer) -> WorkerRunner:
    worker = kind([server.address])
    if isinstance(worker, AsyncWorker):

        async def shout(job: object) -> bytes:
            return b"async"

        worker.register("shout", shout)
    else:
        worker.register("shout", lambda job: b"blocking")
    return WorkerRunner(worker)


@pytest.mark.parametrize("kind", [Worker, AsyncWorker])
def test_a_running_worker_is_stopped_from_another_thread(
    kind: type[Worker] | type[AsyncWorker], server: RunningServer
) -> None:
    running = make(kind, server)
    thread = threading.Thread(target=running.run)
    thread.start()
    assert do(server, b"shout") == (b"async" if kind is AsyncWorker else b"blocking")
    running.stop(1.0)
    thread.join(10)
    assert not thread.is_alive()
    running.stop()


@pytest.mark.parametrize("kind", [Worker, AsyncWorker])
def test_one_that_is_stopped_before_it_runs_returns_at_once(
    kind: type[Worker] | type[AsyncWorker], server: RunningServer
) -> None:
    running = make(kind, server)
    running.stop(1.0)
    thread = threading.Thread(target=running.run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
