"""What an engine does unless it is told otherwise."""

from __future__ import annotations

import dataclasses

import pytest

from geartrain.engine.options import EngineOptions


def test_the_defaults_are_gearmands_20() -> None:
    options = EngineOptions()
    assert options.handle_prefix == b"H:localhost"
    assert options.max_packet == 2**30
    assert options.job_retries == -1
    assert options.exceptions is False
    assert options.choice == "priority"
    assert options.log_level == b"NOTICE"


def test_options_do_not_change() -> None:
    options = EngineOptions()
    with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
        options.job_retries = 3  # type: ignore[misc]
