"""Job servers that go and come back, in the middle of everything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.support.descriptors import open_descriptors
from tests.support.servers import (
    GEARMAND,
    RunningServer,
    free_port,
    geartrain_command,
    run_server,
)
from tests.support.suspending import suspend
from tests.support.waiting import wait_until
from tests.support.wire import Wire
from tests.support.worker_faces import Script, client, complete, outcome, rest, running

COVERS = (
    "worker/aio_connection",
    "worker/aio_pump",
    "worker/connecting",
    "worker/connection",
    "worker/pump",
)

pytestmark = pytest.mark.slow


def command(kind: str, port: int) -> list[str]:
    if kind == "gearmand":
        return [GEARMAND, "-L", "127.0.0.1", "-p", str(port), "-l", "stderr"]
    program = geartrain_command("geartrain")
    return [*program, "server", "--port", str(port), "--store", "memory:"]


@contextmanager
def server_on(kind: str, port: int) -> Iterator[RunningServer]:
    with run_server(command(kind, port), port) as server:
        yield server


def kill(server: RunningServer) -> None:
    server.process.kill()
    server.process.wait()


@pytest.mark.parametrize("kind", ["geartrain", "gearmand"])
def test_a_worker_survives_its_job_server(script: Script, kind: str) -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def hold(job: Any) -> bytes:
        begun.set()
        go_on.wait(10)
        return b"late"

    worker = script.make(f"127.0.0.1:{free_port()}", concurrency=2, id="me")
    port = int(worker.servers.rpartition(":")[2])
    worker.register("f", script.handler(lambda job: job.workload))
    # Plain in both faces: it blocks.
    worker.register("hold", hold)
    with running(script, worker):
        for _ in range(2):
            with server_on(kind, port) as server, client(server) as wire:
                assert outcome(wire, b"f", b"x") == complete(b"x")
                seen += [row.decode() for row in wire.listing(b"workers")]
                wire.submit(b"hold")
                assert begun.wait(10)
                kill(server)
            go_on.set()
        with server_on(kind, port) as server, client(server) as wire:
            assert outcome(wire, b"f", b"again") == complete(b"again")
    assert sum(" me : " in row for row in seen) == 2
    assert all("hold" in row for row in seen if " me : " in row)


def test_a_worker_serves_the_servers_that_are_there(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the servers start slowly, and the pauses grow meanwhile.
    monkeypatch.setattr("geartrain.backoff.MAX_PAUSE", 0.5)
    ports = [free_port(), free_port()]
    worker = script.make([f"127.0.0.1:{port}" for port in ports])
    worker.register("f", script.handler(lambda job: job.server.encode()))

    def answers(server: RunningServer) -> bool:
        with client(server) as wire:
            return outcome(wire, b"f") == complete(server.address.encode())

    with running(script, worker), ExitStack() as stack:
        one = stack.enter_context(server_on("geartrain", ports[0]))
        assert answers(one)
        other = stack.enter_context(server_on("gearmand", ports[1]))
        assert answers(other)
        assert answers(one)
        kill(one)
        assert answers(other)
        assert answers(stack.enter_context(server_on("geartrain", ports[0])))
        assert answers(other)


def test_one_job_at_once_over_two_servers(script: Script) -> None:
    both = threading.Event()
    running_now: list[bytes] = []

    def hold(job: Any) -> bytes:
        running_now.append(job.workload)
        if len(running_now) > 1:
            both.set()
        assert not both.wait(0.3)
        running_now.remove(job.workload)
        return b"alone"

    with ExitStack() as stack:
        servers = [
            stack.enter_context(server_on("geartrain", free_port())) for _ in range(2)
        ]
        wires = [stack.enter_context(client(server)) for server in servers]
        for number, wire in enumerate(wires):
            wire.submit(b"hold", b"%d" % number)
        worker = script.make([server.address for server in servers])
        worker.register("hold", hold)
        stack.enter_context(running(script, worker))
        for wire in wires:
            assert rest(wire) == complete(b"alone")


def test_one_that_is_frozen_keeps_no_jobs_of_another_waiting(script: Script) -> None:
    with ExitStack() as stack:
        frozen, other = (
            stack.enter_context(server_on("geartrain", free_port())) for _ in range(2)
        )
        worker = script.make([frozen.address, other.address])
        worker.register("f", lambda job: job.workload)
        wire = stack.enter_context(client(frozen))
        wire.submit(b"f", b"late")
        suspend(frozen.process)
        try:
            # The system accepts its connection, and nobody answers what it asks.
            stack.enter_context(running(script, worker))
            beside = stack.enter_context(client(other))
            for number in range(3):
                workload = b"%d" % number
                assert outcome(beside, b"f", workload) == complete(workload)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        assert rest(wire) == complete(b"late")


def test_a_frozen_job_server_is_left_and_found_again(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.worker.keepalive.PATIENCE", 0.2)
    left = threading.Event()

    class Observer:
        def on_connect(self, connection: Any, connector: Any) -> None:
            pass

        def on_disconnect(self, connection: Any, connector: Any) -> None:
            left.set()

        def on_begin(self, job: Any) -> None:
            pass

        def on_end(self, job: Any, outcome: str) -> None:
            pass

    with server_on("geartrain", free_port()) as server:
        worker = script.make(server.address, heartbeat=0.2)
        worker.observer = Observer()
        worker.register("f", script.handler(lambda job: job.workload))
        with running(script, worker), client(server) as wire:
            assert outcome(wire, b"f", b"x") == complete(b"x")
            suspend(server.process)
            assert left.wait(10)
            server.process.send_signal(signal.SIGCONT)
            assert outcome(wire, b"f", b"y") == complete(b"y")


def test_a_herd_of_restarts_leaves_nothing_open(script: Script) -> None:
    port = free_port()
    worker = script.make(f"127.0.0.1:{port}")
    worker.register("f", script.handler(lambda job: job.workload))
    threads, files = threading.active_count(), open_descriptors()
    with running(script, worker):
        for _ in range(3):
            with server_on("geartrain", port) as server, client(server) as wire:
                assert outcome(wire, b"f", b"x") == complete(b"x")
    # What a test before this one left may end meanwhile: hence not exactly as many.
    wait_until(lambda: threading.active_count() <= threads)
    # The event loop's own descriptors are closed with it.
    wait_until(lambda: open_descriptors() <= files)


def test_what_answers_is_no_job_server(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        worker = script.make(f"127.0.0.1:{listener.getsockname()[1]}")
        worker.register("f", script.handler(lambda job: None))
        with caplog.at_level("WARNING", "geartrain.worker"), running(script, worker):
            for _ in range(2):
                connection, _ = listener.accept()
                with Wire(connection) as wire:
                    assert connection.recv(12)[:4] == b"\0REQ"
                    wire.send_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    while connection.recv(65536):
                        pass
    assert "no Gearman job server: it said" in caplog.text
