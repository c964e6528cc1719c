"""What an engine does unless it is told otherwise."""

from __future__ import annotations

import dataclasses

import pytest

from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.policies import Policy


def test_the_defaults_are_gearmands_20() -> None:
    options = EngineOptions()
    assert options.handle_prefix == b"H:localhost"
    assert options.max_packet == 2**30
    assert options.policy.settings() == Policy().settings()
    assert options.window == 10_000
    assert options.most_dead == 0
    assert options.exceptions is False
    assert options.choice == "priority"
    assert options.log_level == b"NOTICE"


def test_options_do_not_change() -> None:
    options = EngineOptions()
    with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
        options.window = 3  # type: ignore[misc]
