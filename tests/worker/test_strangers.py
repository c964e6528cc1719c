"""A job server that was started again gives old handles to other jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType as P
from geartrain.transport.connect import connectors
from geartrain.worker import Retry, asking
from tests.support.servers import RunningServer, free_port
from tests.support.waiting import wait_until
from tests.support.wire import Wire
from tests.support.worker_faces import Script, client, complete, outcome, rest, running
from tests.worker.test_recovery import kill, server_on

ENDS: dict[str, Callable[[Any], Any]] = {
    "retry": lambda job: raising(Retry(delay=60)),
    "result": lambda job: b"late",
    "exception": lambda job: raising(ValueError("late")),
    "data": lambda job: b"%d" % job.send_data(b"late"),
}


def raising(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("is_stopped", [False, True])
def test_what_is_late_never_concerns_the_job_of_a_stranger(
    script: Script, is_stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.backoff.MAX_PAUSE", 0.1)
    begun, go_on = threading.Semaphore(0), threading.Event()
    port = free_port()
    worker = script.make(f"127.0.0.1:{port}", concurrency=len(ENDS) + 1)

    def held(act: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def handler(job: Any) -> Any:
            begun.release()
            go_on.wait(20)
            return act(job)

        return handler

    # Plain in both faces: they block.
    for name, act in ENDS.items():
        worker.register(name, held(act))
    worker.register("mine", script.handler(lambda job: b"fine"))
    with running(script, worker), ExitStack() as stack:
        with server_on("geartrain", port) as first, client(first) as wire:
            handles = [wire.submit(name.encode()) for name in ENDS]
            for _ in ENDS:
                assert begun.acquire(timeout=10)
            kill(first)
        second = stack.enter_context(server_on("geartrain", port))
        wire = stack.enter_context(client(second))
        stranger = stack.enter_context(Wire(second.connect()))
        stranger.register(b"other")
        assert [wire.submit(b"other") for _ in ENDS] == handles
        assert [stranger.grab()[0] for _ in ENDS] == handles
        if is_stopped:
            worker.stop(deadline=0)
        go_on.set()
        wait_until(lambda: worker.jobs_done == len(ENDS))
        if not is_stopped:
            # What the worker has to say of the others, it has said by then.
            with client(second) as mine:
                assert outcome(mine, b"mine") == complete(b"fine")
        assert b"other\t4\t4\t1" in wire.listing(b"status")
        for handle in handles:
            stranger.send(P.WORK_COMPLETE, handle, b"the stranger's")
            assert rest(wire) == complete(b"the stranger's")


def test_only_chunks_are_cancelled_as_chunks(geartrain: RunningServer) -> None:
    (connector,) = connectors(geartrain.address)
    with client(geartrain) as wire, Admin(geartrain.address) as admin:
        chunk = admin_submit(wire, b"f.chunks.1")
        other = admin_submit(wire, b"a-stranger")
        assert asking.cancel_all(connector, "f.chunks.1", [chunk, other, "H:x"])
        assert [row.handle for row in admin.jobs(function="f.chunks.1")] == []
        assert [row.handle for row in admin.jobs(function="a-stranger")] == [other]


def admin_submit(wire: Wire, function: bytes) -> str:
    wire.send(P.SUBMIT_JOB_BG, function, b"", b"")
    return wire.read().payload.decode()
