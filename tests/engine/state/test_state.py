"""Handles, and what the job server knows."""

from __future__ import annotations

from geartrain.engine.model.options import EngineOptions
from geartrain.engine.state.state import State


def test_handles_are_the_prefix_and_a_counter() -> None:
    state = State(EngineOptions(handle_prefix=b"H:host"))
    assert [state.handle(state.new_number()) for _ in range(3)] == [
        b"H:host:1",
        b"H:host:2",
        b"H:host:3",
    ]
