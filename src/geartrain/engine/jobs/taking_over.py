"""Taking over what an earlier life of the job server left in its store."""

from __future__ import annotations

from geartrain.engine.jobs import recurring, results
from geartrain.engine.records import Inventory
from geartrain.engine.state import (
    clocks,
    functions,
    marks,
    overrides,
    statistics,
    windows,
)
from geartrain.engine.state.state import State

__all__ = ["take_over"]


def take_over(
    state: State, inventory: Inventory, *, keeps_jobs: bool, holds: bool
) -> None:
    """Go on with a store, as ``Engine.resume`` says."""
    state.resume(inventory.reserved, keeps_jobs, holds)
    clocks.resume_clock(state, inventory)
    overrides.restore(state, inventory.entries)
    statistics.restore(state, inventory.entries)
    marks.begin(state, inventory)
    for kept in inventory.queues:
        functions.find(state, kept.function).dead += kept.dead
        windows.take_over(state, kept)
    state.history.resume(inventory.last_ending)
    results.resume_expiry(state, inventory.next_expiry)
    for record in inventory.schedules:
        recurring.restore_schedule(state, record)
