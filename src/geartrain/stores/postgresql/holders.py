"""Who has the lanes, and what a node waits for that starts beside them.

Where the database's clock says of all leases that they are over, or that they last for
longer than leases do, it tells nothing: it was set, or the database was away, or all
have died. Who lives renews its lease then, and whoever starts has to see that first.
"""

from __future__ import annotations

from time import monotonic, sleep
from typing import Final

from geartrain.stores.postgresql.leases import LEASES, Leases
from geartrain.stores.postgresql.session import DatabaseSession, Row
from geartrain.stores.processes import has_died

__all__ = ["HOLDERS", "LOCKED_HOLDERS", "await_renewal", "is_free", "watch"]

HOLDERS: Final = (
    "SELECT lane.id, lane.node, node.name, node.host, node.process,"
    " extract(epoch FROM node.lease_until - clock_timestamp())::float8"
    " FROM @lane AS lane LEFT JOIN @node AS node ON node.id = lane.node"
    " ORDER BY lane.id"
)
"""All lanes, with their nodes and for how many seconds the leases of these last."""

LOCKED_HOLDERS: Final = (
    HOLDERS.replace(" ORDER BY", " WHERE lane.id = ANY(%s::smallint[]) ORDER BY")
    + " FOR UPDATE OF lane SKIP LOCKED"
)
"""The same of some, which nobody else takes until the transaction ends."""

# Seconds from one look to the next.
_PAUSE: Final = 0.2
# The part of a lease within which a node that lives renews it: each third, or when it
# finds that it has ended, which it looks for once a second.
_RENEWED_WITHIN: Final = 0.5


def is_free(row: Row, leases: Leases, lease: float) -> bool:
    """Tell whether a lane has no node, or one that is known to be dead."""
    _, node, *_, process, left = row
    return left is None or has_died(process) or leases.end_of(node, lease) > 0


def await_renewal(session: DatabaseSession, leases: Leases, lease: float) -> None:
    """Wait for a lease that runs, if there are some and none does.

    Who lives keeps its time by the database's clock with its lease: so that clock tells
    then how far server time has gone on. If nobody lives it has to be believed.

    Args:
        session: the connection.
        leases: what is known of the leases.
        lease: how many seconds a lease lasts.
    """
    end = monotonic() + lease * _RENEWED_WITHIN
    while True:
        leases.look(session.ask(LEASES), monotonic())
        held = _held(session, leases, lease)
        if not held or any(_runs(row, lease) for row in held) or monotonic() >= end:
            return
        sleep(_PAUSE)


def watch(
    session: DatabaseSession, leases: Leases, lease: float, *, needs_all: bool
) -> bool:
    """Wait until it is known who lives, for as long as a lease lasts at most.

    A lease that runs by the database's clock is not waited for, and neither is what
    would change nothing.

    Args:
        session: the connection.
        leases: what is known of the leases.
        lease: how many seconds one lasts.
        needs_all: all lanes have to be free, and not just one.

    Returns:
        Whether there may be as many free lanes as are needed.
    """
    held = _held(session, leases, lease)
    in_doubt = {row[1] for row in held if not _runs(row, lease)}
    if not in_doubt or (needs_all and any(_runs(row, lease) for row in held)):
        return False
    while not all(leases.is_settled(node, lease) for node in in_doubt):
        sleep(_PAUSE)
        leases.look(session.ask(LEASES), monotonic())
    return True


def _held(session: DatabaseSession, leases: Leases, lease: float) -> list[Row]:
    """Return the lanes whose nodes may live."""
    return [row for row in session.ask(HOLDERS) if not is_free(row, leases, lease)]


def _runs(row: Row, lease: float) -> bool:
    """Tell whether the lease of a lane's node runs by the database's clock.

    One that is longer than leases are was renewed before the clock was set back.
    """
    left: float = row[-1]
    return 0 < left <= lease
