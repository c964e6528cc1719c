"""One peer that keeps asking for an ECHO, to measure how long it waits.

It is a process of its own, so that nothing but the job server keeps it waiting:
``python -m proof.soak.prober PORT`` prints a line an answer, the time of the
monotonic clock and the seconds it took, and ``lost`` where the connection ended.
"""

from __future__ import annotations

import socket
import sys
import time

from geartrain.protocol.constants import PacketType
from tests.support.wire import Wire

_PAUSE = 0.02
_PATIENCE = 60.0


def probe(port: int) -> None:
    """Probe until the process is ended."""
    while True:
        try:
            with Wire(socket.create_connection(("127.0.0.1", port), 1)) as wire:
                wire.socket.settimeout(_PATIENCE)
                _probe(wire)
        except OSError:
            print(f"{time.monotonic():.3f} lost", flush=True)  # noqa: T201
            time.sleep(0.1)


def _probe(wire: Wire) -> None:
    while True:
        began = time.monotonic()
        wire.send(PacketType.ECHO_REQ, b"soak")
        wire.expect(PacketType.ECHO_RES)
        took = time.monotonic() - began
        print(f"{time.monotonic():.3f} {took:.5f}", flush=True)  # noqa: T201
        time.sleep(_PAUSE)


if __name__ == "__main__":
    probe(int(sys.argv[1]))
