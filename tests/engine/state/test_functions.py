"""Functions come to be when they are named."""

from __future__ import annotations

from geartrain.engine.model.options import EngineOptions
from geartrain.engine.state import functions
from geartrain.engine.state.state import State


def test_a_function_comes_to_be_when_it_is_named() -> None:
    state = State(EngineOptions())
    function = functions.find(state, b"f")
    assert functions.find(state, b"f") is function
    assert list(state.functions) == [b"f"]
