"""Jobs of a real job server in every state, made with raw packets."""

from __future__ import annotations

import time
from collections.abc import Iterable

from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.wire import Wire, packet

__all__ = [
    "bury",
    "fail_all",
    "run_next",
    "schedule",
    "submit",
    "submit_later",
    "submit_many",
]


def submit(
    server: RunningServer,
    function: bytes,
    workload: bytes = b"work",
    unique: bytes = b"",
    kind: PacketType = PacketType.SUBMIT_JOB_BG,
) -> str:
    """Submit a background job; return its handle."""
    with Wire(server.connect()) as client:
        client.send(kind, function, unique, workload)
        return client.expect(PacketType.JOB_CREATED)[0].decode()


def submit_later(
    server: RunningServer, function: bytes, seconds: float, unique: bytes = b""
) -> str:
    """Submit a job that is due in some seconds; return its handle."""
    due = b"%d" % (time.time() + seconds)
    with Wire(server.connect()) as client:
        client.send(PacketType.SUBMIT_JOB_EPOCH, function, unique, due, b"later")
        return client.expect(PacketType.JOB_CREATED)[0].decode()


def schedule(server: RunningServer, function: bytes) -> str:
    """Submit a recurring job; return its handle."""
    fields = (b"30", b"7", b"*", b"*", b"mon")
    with Wire(server.connect()) as client:
        client.send(PacketType.SUBMIT_JOB_SCHED, function, b"", *fields, b"")
        return client.expect(PacketType.JOB_CREATED)[0].decode()


def submit_many(
    server: RunningServer, function: bytes, workloads: Iterable[bytes]
) -> list[str]:
    """Submit background jobs, pipelined; return their handles."""
    packets = [
        packet(PacketType.SUBMIT_JOB_BG, function, b"", workload)
        for workload in workloads
    ]
    with Wire(server.connect(30)) as client:
        client.send_bytes(b"".join(packets))
        return [client.expect(PacketType.JOB_CREATED)[0].decode() for _ in packets]


def run_next(worker: Wire, function: bytes) -> tuple[str, bytes]:
    """Grab the next job of a function; return its handle and workload."""
    worker.register(function)
    handle, workload = worker.grab()
    return handle.decode(), workload


def fail_all(server: RunningServer, function: bytes, error: bytes = b"") -> None:
    """Have a worker fail all jobs that are ready; with an ``error``, by exception."""
    with Wire(server.connect(30)) as worker:
        worker.send(PacketType.SET_CLIENT_ID, b"gravedigger")
        worker.register(function)
        worker.send(PacketType.GRAB_JOB)
        while (assigned := worker.read()).type is PacketType.JOB_ASSIGN:
            handle = assigned.split(3)[0]
            if error:
                worker.send(PacketType.WORK_EXCEPTION, handle, error)
            worker.send(PacketType.WORK_FAIL, handle)
            worker.send(PacketType.GRAB_JOB)


def bury(
    server: RunningServer,
    function: bytes,
    workloads: Iterable[bytes],
    error: bytes = b"",
) -> list[str]:
    """Submit jobs and have a worker fail them all; return their handles."""
    handles = submit_many(server, function, workloads)
    fail_all(server, function, error)
    return handles
