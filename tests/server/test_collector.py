"""The collector's passes: what has survived one is not looked at in the next."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from time import monotonic

import pytest

from geartrain.server import collector
from geartrain.server.collector import spare_survivors


@pytest.fixture(autouse=True)
def callbacks() -> Iterator[None]:
    before = list(gc.callbacks)
    yield
    gc.callbacks[:] = before
    gc.unfreeze()


def test_what_survived_is_spared_and_what_is_new_is_collected() -> None:
    spare_survivors()
    gc.collect()
    assert gc.get_freeze_count() > 1_000
    made: list[object] = []
    made.append(made)
    del made
    assert gc.collect() > 0


def test_after_an_hour_all_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    spare_survivors()
    made: list[object] = []
    made.append(made)
    gc.collect()
    del made
    gc.collect()
    late = monotonic() + 4_000
    monkeypatch.setattr(collector, "monotonic", lambda: late)
    assert gc.collect() > 0
