"""Submit one background job and do one, whatever the job server has to read first."""

from __future__ import annotations

import socket
from contextlib import closing

from geartrain.protocol.constants import PacketType
from tests.support.wire import Wire

__all__ = ["do_job", "submit_job"]

FUNCTION = b"f"


def submit_job(port: int, workload: bytes) -> bytes:
    """Submit a background job and return its handle."""
    with closing(_connected(port)) as client:
        client.send(PacketType.SUBMIT_JOB_BG, FUNCTION, b"", workload)
        (handle,) = client.expect(PacketType.JOB_CREATED)
        return handle


def do_job(port: int) -> tuple[bytes, bytes]:
    """Do one of the jobs that were submitted; return its handle and workload."""
    with closing(_connected(port)) as worker:
        worker.register(FUNCTION)
        while True:
            worker.send(PacketType.GRAB_JOB)
            answer = worker.read()
            if answer.type is PacketType.JOB_ASSIGN:
                break
            worker.send(PacketType.PRE_SLEEP)
            worker.expect(PacketType.NOOP)
        handle, _, workload = answer.split(3)
        worker.send(PacketType.WORK_COMPLETE, handle, b"")
        assert worker.echoes()
        return handle, workload


def _connected(port: int) -> Wire:
    return Wire(socket.create_connection(("127.0.0.1", port), 10))
