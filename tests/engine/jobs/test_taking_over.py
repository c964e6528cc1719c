"""What an earlier life left in the store is gone on with."""

from __future__ import annotations

from geartrain.engine.engine import Engine
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.records import Inventory


def test_an_empty_store_is_a_beginning() -> None:
    engine = Engine(EngineOptions())
    engine.resume(Inventory(0), 1.0, keeps_jobs=True, holds=True)
    assert engine.state.history.first() == 1
    assert engine.state.journal.is_on


def test_endings_are_numbered_on() -> None:
    engine = Engine(EngineOptions())
    inventory = Inventory(0)
    inventory.last_ending = 41
    engine.resume(inventory, 1.0, keeps_jobs=True, holds=True)
    assert engine.state.history.following() == 42
