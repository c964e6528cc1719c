"""Submit jobs byte by byte."""

from __future__ import annotations

import time

from geartrain.protocol.constants import PacketType
from tests.support.wire import Wire

__all__ = ["background", "delayed"]


def background(
    wire: Wire, function: bytes, workload: bytes = b"", unique: bytes = b""
) -> str:
    """Submit a background job and return its handle."""
    wire.send(PacketType.SUBMIT_JOB_BG, function, unique, workload)
    return wire.expect(PacketType.JOB_CREATED)[0].decode()


def delayed(wire: Wire, function: bytes, seconds: float) -> str:
    """Submit a job that is due in so many seconds; return its handle."""
    epoch = b"%.3f" % (time.time() + seconds)
    wire.send(PacketType.SUBMIT_JOB_EPOCH, function, b"", epoch, b"later")
    return wire.expect(PacketType.JOB_CREATED)[0].decode()
