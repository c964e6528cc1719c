"""Server time, as job servers that share a store have it in common.

What is put off is put off until a server time, and may be gone on with by another node
than the one that took it. So a node that starts goes by the server time of the others,
whatever its machine's clock says: that of who kept it last, and what has passed since
by the database's clock. Where none has kept any, it is the database's clock. That this
clock was not set in between is seen from a lease that runs (``Ownership.await_time``).
"""

from __future__ import annotations

import time
from typing import Final

from geartrain.engine.inventory import Inventory
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = ["SharedClock"]

_NOW: Final = "extract(epoch FROM clock_timestamp())::float8"
_KEEP: Final = (
    f"UPDATE @lane SET steady = %s, calendar = {_NOW} WHERE id = %s::smallint"
)
# Of a living node first: a database's clock that is set is put right with those alone.
_READ: Final = (
    f"SELECT lane.steady, lane.calendar, {_NOW} FROM @lane AS lane"
    " LEFT JOIN @node AS node ON node.id = lane.node AND lane.id <> %s::smallint"
    " AND node.lease_until > clock_timestamp()"
    " ORDER BY lane.calendar > 0 DESC, node.id IS NULL, lane.calendar DESC LIMIT 1"
)


class SharedClock:
    """The server time of a node, kept for those that start later."""

    def __init__(self) -> None:
        # What to add to the steady clock for the server time.
        self._offset = 0.0
        self._is_told = False

    def read(self, session: DatabaseSession, lane: int, inventory: Inventory) -> None:
        """Say in an inventory which server time it is; the lane is our own."""
        ((steady, kept, now),) = session.ask(_READ, lane)
        passed = now - kept if kept else 0.0
        inventory.steady = steady if kept else now
        # By this machine's calendar, by which the engine looks how much has passed.
        inventory.calendar = time.time() - passed
        self._offset = inventory.steady + max(0.0, passed) - time.monotonic()
        self._is_told = False

    def set(self, steady: float) -> None:
        """Take the server time that it is, or was: a batch may have waited long.

        So a later one only ever puts it on: a store that was away would put it back.
        """
        offset = steady - time.monotonic()
        self._offset = max(self._offset, offset) if self._is_told else offset
        self._is_told = True

    def keep(self, session: DatabaseSession, lane: int) -> None:
        """Send what keeps the server time of now."""
        session.send(_KEEP, self._offset + time.monotonic(), lane)
