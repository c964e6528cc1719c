"""A store that several job servers share: what its driver tells the engine of others.

Each has jobs of its own there. What one leaves another goes on with; what operators set
at one holds at all; limits are divided.
"""

from __future__ import annotations

from collections.abc import Mapping

from geartrain.engine.inventory import Inventory
from geartrain.engine.jobs import common_settings
from geartrain.engine.jobs.fencing import fence, lift_fence
from geartrain.engine.jobs.taking_over import adopt
from geartrain.engine.model.marks import Mark
from geartrain.engine.model.shares import Share
from geartrain.engine.state import flows
from geartrain.engine.state.state import State

__all__ = ["Sharing"]


class Sharing:
    """The engine's door for what other job servers with its store do."""

    def __init__(self, state: State) -> None:
        self._state = state

    def adopt(self, inventory: Inventory, now: float) -> list[Mark]:
        """Go on with the jobs that another job server has left in a shared store.

        What is in memory already is not taken twice.

        Args:
            inventory: what there is of these jobs, and of nothing else.
            now: the time.

        Returns:
            how those ended that have just left them, as far as their marks tell.
        """
        self._state.now = now
        return adopt(self._state, inventory)

    def fence(self, now: float, *, is_fenced: bool) -> None:
        """Hand out nothing that the store keeps, or do so again.

        That is for a job server which may have lost its jobs to another one. What no
        store keeps goes on as ever.
        """
        self._state.now = now
        if is_fenced:
            fence(self._state)
        else:
            lift_fence(self._state)

    def follow(
        self, entries: Mapping[tuple[bytes, bytes], bytes | None], now: float
    ) -> None:
        """Do as operators have told other job servers that share the store.

        Args:
            entries: what these have put, or removed (None), of ``COMMON_KINDS``, by
                kind and key.
            now: the time.
        """
        self._state.now = now
        common_settings.follow(self._state, entries)

    def divide(self, share: Share, now: float) -> None:
        """Keep to a part of the limits of policies: other job servers have the rest."""
        self._state.now = now
        flows.divide(self._state, share)

    def lead(self, *, is_leading: bool) -> None:
        """Submit the jobs of schedules that all have, or leave that to another one."""
        self._state.leads = is_leading
