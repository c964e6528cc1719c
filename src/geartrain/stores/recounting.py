"""How many jobs each owner has, counted anew while jobs are written to a store.

A store keeps that number, so that a restart knows it without a look at any job. Where
jobs come from elsewhere, or some of them are lost, the number that came with them would
be wrong: an owner would be refused for jobs that nobody has.
"""

from __future__ import annotations

from collections.abc import Iterable

from geartrain.engine.kept_entries import OWNER
from geartrain.engine.model.limits import Load
from geartrain.engine.records import Entry, JobRecord
from geartrain.engine.state.quotas import load_text, read_load

__all__ = ["OwnerCounts"]


class OwnerCounts:
    """The jobs of each owner."""

    def __init__(self, kept: Iterable[Entry] = ()) -> None:
        """Begin with what the entries of a store say that is there already."""
        self._loads: dict[bytes, Load] = {}
        self._changed: set[bytes] = set()
        for entry in kept:
            load = read_load(entry.value) if entry.kind == OWNER else None
            if load is not None:
                self._loads[entry.key] = load

    def add(self, record: JobRecord) -> None:
        """Count a job that has not ended; a dead letter does not count."""
        if record.owner:
            size = len(record.workload) + sum(map(len, record.more))
            self._loads.setdefault(record.owner, Load()).add(size)
            self._changed.add(record.owner)

    def take(self) -> dict[tuple[bytes, bytes], bytes]:
        """Return the entries that have to be written since this was last called."""
        changed, self._changed = self._changed, set()
        return {(OWNER, owner): load_text(self._loads[owner]) for owner in changed}
