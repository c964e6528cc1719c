"""What ``gearman`` and ``gearadmin`` load: scripts run them once for every job."""

from __future__ import annotations

from tests.support.loading import SLOW, loaded_by


def test_gearman_submits_without_what_is_slow_to_load() -> None:
    loaded = loaded_by("from geartrain.cli import gearman, gearman_client")
    assert not loaded & (SLOW - {"signal"})


def test_gearadmin_asks_without_what_is_slow_to_load() -> None:
    loaded = loaded_by("from geartrain.cli import gearadmin")
    assert not loaded & (SLOW | {"re", "threading", "typing"})
