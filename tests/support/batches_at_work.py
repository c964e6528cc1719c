"""Batches of a running job server."""

from __future__ import annotations

from urllib.parse import quote

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def submit_batch(server: RunningServer, name: str, failing: int = 0) -> list[str]:
    """Submit three jobs of function ``mail`` in a batch, and a report after them.

    As many as ``failing`` of the three fail for good; the others wait. Returns handles.
    """
    with Admin(server.address) as admin, Wire(server.connect()) as wire:
        admin.set_policy("*", {"options_in_names": True})
        options = quote(name)
        names = [f"mail?batch={options}"] * 3 + [f"report?after=batch:{options}"]
        handles = [_submit(wire, each.encode()) for each in names]
        wire.register(b"mail")
        for _ in range(failing):
            wire.send(PacketType.WORK_FAIL, wire.grab()[0])
        assert wire.echoes()
    return handles


def _submit(wire: Wire, name: bytes) -> str:
    wire.send(PacketType.SUBMIT_JOB_BG, name, b"", b"")
    return wire.expect(PacketType.JOB_CREATED)[0].decode()
