"""When the job of a SUBMIT_JOB_EPOCH is due."""

from __future__ import annotations

import pytest

from geartrain.engine.commands.epoch import AT_ONCE, read_due
from tests.support.dialogue import STEADY_START, World


@pytest.mark.parametrize(
    ("text", "due"),
    [
        *((b"", AT_ONCE), (b"-5", (0.0, False)), (b"0", (0.0, False))),
        *((b"1750000000.5", (1750000000.5, False)), (b"9+0", AT_ONCE)),
        (b"9+30.5", (STEADY_START + 30.5, True)),
        *((b"x", None), (b"253402300800", None), (b"0+253402300800", None)),
        # Years from now, it would be due in the year 10000.
        (b"0+253402300799", None),
    ],
)
def test_a_time_or_a_delay(text: bytes, due: tuple[float, bool] | None) -> None:
    world = World()
    state = world.engine.state
    shift = state.server_time() - STEADY_START
    if due is not None and due[1]:
        due = (due[0] + shift, True)
    assert read_due(state, text) == due
