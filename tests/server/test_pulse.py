"""The pulse: what the process is seen to take, and how late the loop is."""

from __future__ import annotations

import asyncio
import time

from geartrain.server.pulse import Pulse


def test_a_loop_that_is_held_up_is_seen_to_lag() -> None:
    async def lag() -> tuple[float, float]:
        pulse = Pulse()
        pulse.start()
        await asyncio.sleep(1.2)
        before = pulse.vitals.lag
        # Longer than from one pulse to the next.
        time.sleep(1.5)
        await asyncio.sleep(0.1)
        pulse.stop()
        return before, pulse.vitals.lag

    before, after = asyncio.run(lag())
    assert after > 0.4
    assert after > before


def test_the_process_is_measured_at_once() -> None:
    async def measure() -> Pulse:
        pulse = Pulse()
        pulse.start()
        pulse.stop()
        return pulse

    vitals = asyncio.run(measure()).vitals
    assert vitals.cpu > 0
    assert abs(vitals.started - time.time()) < 60
    assert vitals.resident is not None
    assert vitals.resident > 1_000_000
    assert vitals.build in ("compiled", "pure")
