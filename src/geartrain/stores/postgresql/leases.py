"""The leases of other nodes, as they are seen from here.

A lease is written on the database's clock, which may be set, or be another machine's
after a failover. So a node is given up only if it has not renewed its lease for as long
as a lease lasts by our own steady clock: a clock that jumps takes no jobs from a node
that lives, and leaves none with one that is dead. Time in which nobody looked, because
the database did not answer or we slept, does not count: the others may have been as
unable to renew theirs.

That holds for a node that starts, too. At its first look a lease that is over is no
sign of death: the database may have been away for so long that nobody could renew one.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final, NamedTuple

__all__ = ["LEASES", "Leases"]

LEASES: Final = (
    "SELECT id, (extract(epoch FROM lease_until) * 1000000)::int8"
    " FROM @node ORDER BY id"
)
"""What ``Leases.look`` takes: nodes, and when their leases end."""

# What counts of the time from one look to the next, in seconds. A look is due each
# second.
_MOST_BETWEEN: Final = 3.0


class _Seen(NamedTuple):
    """What is known of a node.

    Attributes:
        end: until when its lease lasts, in microseconds.
        since: since when it says so, by our steady clock without what does not count.
        is_aware: it has come after us, or has renewed its lease since we came.
    """

    end: int
    since: float
    is_aware: bool


class Leases:
    """How long each node's lease has not been renewed."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._looked = inf

    def look(self, rows: Iterable[tuple[int, int]], now: float) -> None:
        """Take what the database says at a time of the steady clock."""
        is_first = self._looked == inf
        unseen = max(0.0, now - self._looked - _MOST_BETWEEN)
        self._looked = now
        seen: dict[int, _Seen] = {}
        for node, end in rows:
            before = self._seen.get(node)
            if before is None:
                before = _Seen(end, now, not is_first)
            elif before.end != end:
                before = _Seen(end, now, True)
            else:
                before = before._replace(since=before.since + unseen)
            seen[node] = before
        self._seen = seen

    def end_of(self, node: int, seconds: float) -> int:
        """Return when a lease ended that was not renewed for so long; 0 if it was.

        That is so by the last look: nobody knows what has been renewed since.
        """
        seen = self._seen.get(node)
        if seen is None or self._looked - seen.since < seconds:
            return 0
        return seen.end

    def is_settled(self, node: int, seconds: float) -> bool:
        """Tell whether a node has renewed its lease, has not for so long, or is gone.

        Before this node has a lease itself.
        """
        seen = self._seen.get(node)
        return seen is None or seen.is_aware or self.end_of(node, seconds) > 0

    def are_aware(self, ours: int) -> bool:
        """Tell whether all other nodes have looked around since we came."""
        return all(each.is_aware for node, each in self._seen.items() if node != ours)

    def doubt(self) -> None:
        """Take nobody to know of us: they may have gone on without us."""
        self._seen = {
            node: each._replace(is_aware=False) for node, each in self._seen.items()
        }
