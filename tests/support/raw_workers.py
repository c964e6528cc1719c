"""Workers for clients' tests: one connection in a thread each, byte by byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from geartrain.protocol.constants import PacketType as P
from tests.support.wire import Wire

__all__ = ["Handler", "complain", "count", "fail", "reverse", "worker"]

# Gets the connection, the job's handle, unique and workload; it has to end the job.
Handler = Callable[[Wire, bytes, bytes, bytes], None]
Connect = Callable[[], socket.socket]


def reverse(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
    wire.send(P.WORK_COMPLETE, handle, workload[::-1])


def fail(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
    wire.send(P.WORK_FAIL, handle)


def complain(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
    wire.send(P.WORK_EXCEPTION, handle, b"no such " + workload)


def count(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
    """Tell of each byte, warn of the end, and return how many there are."""
    for place, byte in enumerate(workload, 1):
        wire.send(P.WORK_DATA, handle, bytes([byte]))
        wire.send(P.WORK_STATUS, handle, b"%d" % place, b"%d" % len(workload))
    wire.send(P.WORK_WARNING, handle, b"the end")
    wire.send(P.WORK_COMPLETE, handle, b"%d" % len(workload))


@contextmanager
def worker(connect: Connect, function: str, handler: Handler) -> Iterator[None]:
    """Do all jobs of a function for the length of the block."""
    wire = Wire(connect())
    wire.socket.settimeout(30)
    wire.register(function.encode())
    thread = threading.Thread(target=_work, args=(wire, handler), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            # TLS's own would have the thread read on without decrypting.
            socket.socket.shutdown(wire.socket, socket.SHUT_RDWR)
        thread.join(10)
        wire.close()


def _work(wire: Wire, handler: Handler) -> None:
    with suppress(OSError):
        while True:
            wire.send(P.GRAB_JOB_UNIQ)
            found = wire.read()
            if found.type == P.NO_JOB:
                wire.send(P.PRE_SLEEP)
                assert wire.read().type == P.NOOP
            elif found.type == P.JOB_ASSIGN_UNIQ:
                handle, _, unique, workload = found.split(4)
                handler(wire, handle, unique, workload)
