"""What a PostgreSQL store keeps for a time: results and endings, dropped in slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from geartrain.stores.postgresql.arrays import smallints
from geartrain.stores.postgresql.session import DatabaseSession, Unanswered

__all__ = ["ExpiryTable"]

# A commit drops at most _MOST rows of a table and about _MOST_BYTES, but at least one.
_MOST: Final = 1000
_MOST_BYTES: Final = 32 * 1024 * 1024

_DROP: Final = (
    "WITH old AS (SELECT ctid, expires, {size} AS size FROM @{table} AS kept"
    " WHERE lane = ANY(%s::smallint[]) AND expires >= %s AND expires <= %s"
    " ORDER BY expires LIMIT {most}),"
    " first AS (SELECT ctid, size, sum(size) OVER (ORDER BY expires, ctid"
    " ROWS UNBOUNDED PRECEDING) - size AS before FROM old),"
    " gone AS (DELETE FROM @{table} AS kept USING first WHERE kept.ctid = first.ctid"
    " AND before < {bytes} RETURNING expires, size)"
    " SELECT max(expires), coalesce(sum(size), 0)::int8, count(*) FROM gone"
)
_NEXT: Final = (
    "SELECT min(expires) FROM unnest(%s::smallint[]) AS mine(lane) CROSS JOIN LATERAL"
    " (SELECT expires FROM @{table} AS kept WHERE kept.lane = mine.lane"
    " AND expires >= %s ORDER BY expires LIMIT 1) AS first"
)


class ExpiryTable:
    """When the rows of one table expire.

    The rows that were dropped last are not looked at again: as long as somebody holds a
    transaction open they lie in front of all others.
    """

    def __init__(self, table: str, size: str) -> None:
        self._drop = _DROP.format(table=table, size=size, most=_MOST, bytes=_MOST_BYTES)
        self._next = _NEXT.format(table=table)
        self._dropped = 0.0

    def note(self, expiries: Sequence[float]) -> None:
        """Note when rows that are to be kept expire."""
        self._dropped = min(self._dropped, *expiries)

    def forget(self) -> None:
        """Look at all rows the next time: what was dropped may be there again."""
        self._dropped = 0.0

    def drop(
        self, session: DatabaseSession, lanes: Sequence[int], until: float
    ) -> Unanswered:
        """Send what drops some of the rows that have expired by ``until``."""
        return session.send(self._drop, smallints(lanes), self._dropped, until)

    def settle(self, dropped: Unanswered) -> int:
        """Note what was dropped; return how many bytes that were."""
        ((last, size, _),) = dropped.rows()
        if last is not None:
            self._dropped = max(self._dropped, last)
        return int(size)

    def next(self, session: DatabaseSession, lanes: Sequence[int]) -> float:
        """Return when the first expires; 0 if none is kept."""
        ((found,),) = session.ask(self._next, smallints(lanes), self._dropped)
        return found or 0.0
