"""The program ``gearadmin``: what it loads. What it does is in ``tests/interop``."""

from __future__ import annotations

from tests.support.loading import SLOW, loaded_by


def test_a_job_server_is_asked_without_what_is_slow_to_load() -> None:
    loaded = loaded_by("from geartrain.cli import gearadmin")
    assert not loaded & (SLOW | {"re", "threading", "typing"})
