"""Jobs that are due later."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from geartrain.protocol.constants import PacketType as P
from tests.support.client_faces import Face
from tests.support.wire import Wire


def test_a_delayed_job_waits(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        now = datetime.now(UTC)
        await client.do_background(function, b"1", at=now + timedelta(seconds=60))
        await client.do_background(function, b"2", at=time.time() + 60.5)
        await client.do_background(function, b"3", delay=60)
        await client.submit(function, b"4", background=True, at=time.time() - 60)
        with Wire(face.place.connect()) as wire:
            wire.register(function.encode())
            assert wire.grab()[1] == b"4"
            wire.send(P.GRAB_JOB)
            wire.expect(P.NO_JOB)

    face.run(scenario)


@pytest.mark.parametrize("shown", [0.0, 4e9])
def test_a_delay_does_not_depend_on_the_clients_clock(
    plain_face: Face, function: str, shown: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: Any) -> None:
        now = time.time()
        with monkeypatch.context() as patch:
            patch.setattr("geartrain.client.delays.time.time", lambda: shown)
            handle = await client.do_background(function, b"", delay=600.25)
            soon = await client.do_background(function, b"soon", delay=0.01)
        with Wire(plain_face.place.connect()) as wire:
            job = json.loads(wire.listing(b"job " + handle.encode())[0])
            assert job["state"] == "scheduled"
            assert 600 < job["due"] - now < 660
            wire.register(function.encode())
            wire.send(P.PRE_SLEEP)
            wire.expect(P.NOOP)
            assert wire.grab() == (soon.encode(), b"soon")

    plain_face.run(scenario)
