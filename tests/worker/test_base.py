"""The two faces are one: the same names, the same parameters."""

from __future__ import annotations

import asyncio
import inspect
import math
import subprocess
import sys
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from geartrain.errors import WorkerError
from geartrain.worker import AsyncWorker, Worker
from geartrain.worker.base import BaseWorker
from geartrain.worker.jobs import AsyncWorkerJob, WorkerJob
from tests.support.servers import RunningServer
from tests.support.worker_faces import Script, client, complete, outcome, running

COVERS = ("worker/registration",)


def surface(face: type) -> dict[str, Any]:
    """Return what is public of a class, with the parameters of what can be called."""
    found = {}
    for name, member in inspect.getmembers(face):
        if not name.startswith("_") or name == "__init__":
            called = callable(member)
            found[name] = str(inspect.signature(member)) if called else "value"
    return found


def test_the_workers_of_both_faces_have_the_same_signatures() -> None:
    assert surface(Worker) == surface(AsyncWorker)
    assert {"function", "register", "run", "stop", "work"} <= set(surface(Worker))


def test_the_jobs_of_both_faces_have_the_same_signatures() -> None:
    assert surface(WorkerJob) == surface(AsyncWorkerJob)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"concurrency": 0}, "concurrency is 0: give a number above 0"),
        ({"prefetch": -1}, "prefetch is -1: give 0 or more"),
        ({"concurrency": "2"}, "concurrency is '2': give a whole number"),
        ({"concurrency": 1.5}, "concurrency is 1.5: give a whole number"),
        ({"prefetch": None}, "prefetch is None: give a whole number"),
        ({"heartbeat": "30"}, "heartbeat='30'"),
        ({"heartbeat": 0}, "heartbeat is 0"),
        ({"connect_timeout": -1.0}, "connect_timeout is -1.0"),
    ],
)
def test_what_no_worker_can_be(
    script: Script, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(WorkerError, match=text):
        script.make(**options)


def test_a_blocking_worker_refuses_a_coroutine() -> None:
    async def later(job: Any) -> None:
        pass

    with pytest.raises(WorkerError, match="is asynchronous: use AsyncWorker"):
        Worker().register("f", later)


def test_functions_come_and_go_while_it_works(
    script: Script, server: RunningServer
) -> None:
    worker = script.make(server.address)

    def change(job: Any) -> bytes:
        worker.unregister("old")
        worker.unregister("unheard of")
        worker.register("new", script.handler(lambda job: b"new"))
        return b"changed"

    worker.register("old", script.handler(lambda job: b"old"))
    worker.register("change", script.handler(change))
    with running(script, worker), client(server) as wire:
        assert outcome(wire, b"old") == complete(b"old")
        assert outcome(wire, b"change") == complete(b"changed")
        assert outcome(wire, b"new") == complete(b"new")
        assert worker.functions == ["change", "new"]
        rows = [row for row in wire.listing(b"workers") if b"new" in row]
        assert rows[0].rpartition(b":")[2].split() in (
            [b"change", b"new"],
            [b"new", b"change"],
        )


def test_the_id_is_shown(script: Script, server: RunningServer) -> None:
    worker = script.make(server.address, id="me-and-nobody-else")
    worker.register("f", script.handler(lambda job: b""))
    with running(script, worker), client(server) as wire:
        outcome(wire, b"f")
        assert b"me-and-nobody-else" in b"".join(wire.listing(b"workers"))


def test_a_blocking_worker_needs_no_event_loop() -> None:
    program = (
        "import sys, geartrain.worker as w; w.Worker;"
        " print(sorted({'asyncio', 'ssl', 'concurrent.futures'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"


@pytest.mark.parametrize("face", [Worker, AsyncWorker])
def test_times_may_be_a_timedelta(face: Any) -> None:
    second = timedelta(seconds=1)
    worker = face(heartbeat=second, connect_timeout=2 * second)
    assert (worker.heartbeat, worker.connect_timeout) == (1.0, 2.0)
    worker.register("f", lambda job: b"", timeout=timedelta(milliseconds=1500))
    assert worker._functions[b"f"].timeout == 1.5


def test_what_faces_have_in_common_is_no_worker_by_itself() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseWorker()  # type: ignore[abstract]


@pytest.mark.parametrize(
    "seconds", [timedelta(0), 0, -1, Decimal("0.01"), math.nan, "5", True]
)
def test_the_times_of_work_and_stop_are_checked_as_others_are(
    script: Script, geartrain: RunningServer, seconds: Any
) -> None:
    is_wrong = repr(seconds) in ("nan", "'5'", "True")
    worker = script.make(geartrain.address)
    worker.register("nobody-asks-for-it", script.handler(lambda job: b""))

    def use() -> None:
        if isinstance(worker, AsyncWorker):
            asyncio.run(work_async(worker, seconds))
        else:
            assert not worker.work(timeout=seconds)
            worker.close()

    for call in (use, lambda: worker.stop(deadline=seconds)):
        with pytest.raises(WorkerError) if is_wrong else nullcontext():
            call()


async def work_async(worker: AsyncWorker, seconds: Any) -> None:
    assert not await worker.work(timeout=seconds)
    await worker.close()


def test_what_is_registered_while_connections_are_prepared_is_announced(
    script: Script, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = script.make(server.address)
    worker.register("early", script.handler(lambda job: job.workload))
    prepare = worker._protocol

    def prepare_and_register() -> Any:
        protocol = prepare()
        worker.register("late", script.handler(lambda job: job.workload))
        return protocol

    monkeypatch.setattr(worker, "_protocol", prepare_and_register)
    with running(script, worker), client(server) as wire:
        assert outcome(wire, b"late", b"w") == complete(b"w")
