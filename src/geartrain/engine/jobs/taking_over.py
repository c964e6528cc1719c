"""Taking over what an earlier life of the job server left in its store."""

from __future__ import annotations

from geartrain.engine.inventory import Inventory
from geartrain.engine.jobs import kept_schedules, results
from geartrain.engine.model.jobs import kept_job
from geartrain.engine.model.marks import Mark
from geartrain.engine.records import JobRecord, kept_text
from geartrain.engine.state import (
    clocks,
    functions,
    marks,
    overrides,
    quotas,
    statistics,
    windows,
)
from geartrain.engine.state.graph import note_job, restore_graph
from geartrain.engine.state.state import State

__all__ = ["adopt", "take_over"]


def take_over(
    state: State, inventory: Inventory, *, keeps_jobs: bool, holds: bool
) -> None:
    """Go on with a store, as ``Engine.resume`` says."""
    state.resume(inventory.reserved, keeps_jobs, holds, inventory.stride)
    state.has_common = inventory.has_common
    state.journal.longest_name = inventory.longest_name
    clocks.resume_clock(state, inventory)
    state.began = state.server_time()
    overrides.restore(state, inventory.entries)
    quotas.restore(state, inventory)
    statistics.restore(state, inventory.entries)
    restore_graph(state, inventory.entries)
    marks.begin(state, inventory)
    for kept in inventory.queues:
        functions.find(state, kept.function).dead += kept.dead
        windows.take_over(state, kept)
    state.history.resume(inventory.last_ending)
    results.resume_expiry(state, inventory.next_expiry)
    for record in inventory.schedules:
        kept_schedules.restore_record(state, record)
    kept_schedules.restore(state, inventory.entries)


def adopt(state: State, inventory: Inventory) -> list[Mark]:
    """Go on with the jobs of another job server, as ``Sharing.adopt`` says."""
    quotas.adopt(state, inventory.entries)
    statistics.adopt(state, inventory.entries)
    overrides.adopt(state, inventory.entries)
    left = marks.adopt(state, inventory.entries)
    restore_graph(state, inventory.entries)
    for kept in inventory.queues:
        functions.find(state, kept.function).dead += kept.dead
        windows.adopt(state, kept)
    for record in inventory.again:
        _count_again(state, record)
    kept_schedules.adopt(state, inventory)
    state.history.take_in(inventory.last_ending)
    results.resume_expiry(state, inventory.next_expiry)
    return left


def _count_again(state: State, record: JobRecord) -> None:
    """Count a job that has ended and runs once more, as its end was counted."""
    job = kept_job(functions.find(state, record.function), record)
    # It is durable: as if by a batch before the first.
    job.batch = -1
    if job.owner:
        quotas.begin(state, job)
    batch = kept_text(job.options, b"batch")
    if batch:
        note_job(state, job, batch)
