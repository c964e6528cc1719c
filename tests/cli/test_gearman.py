"""The program ``gearman``: what it loads. What it does is in ``tests/interop``."""

from __future__ import annotations

from tests.support.loading import SLOW, loaded_by


def test_a_job_is_submitted_without_what_is_slow_to_load() -> None:
    loaded = loaded_by("from geartrain.cli import gearman, gearman_client")
    assert not loaded & (SLOW - {"signal"})
