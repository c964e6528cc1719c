"""Which job server writes which jobs: nodes, their leases, and the lanes they have.

A *node* is one life of a job server, with a lease of ten seconds on the database's
clock, which it renews every third of that. A *lane* is a set of jobs, and belongs to
one node. New jobs are of the node's first lane, and their numbers name it. The *fence*
is in front of all that a transaction does: it fails unless the node's lease is running,
and keeps anybody from ending it before the transaction has ended. So a node that was
declared dead cannot write, however late it wakes up.

Who takes over from a node that did not renew its lease (``leases``) deletes the node
and writes its own number into the lanes, which costs the same however many jobs they
have. A lane whose node is NULL is empty, and is the next newcomer's; where there are
many, they are made empty (``emptying``). Who starts takes all lanes of one node that
is known to have ended, or has a lane of its own: entries about the jobs of all lanes of
a node are in one of them. What only seems to have ended it inherits later, as all do.
Lane 0 has no jobs: its node leads.
"""

from __future__ import annotations

import os
import socket
from time import monotonic
from typing import Final

from geartrain.engine.inventory import LANES
from geartrain.engine.model.health import StoreNode
from geartrain.engine.model.shares import WHOLE, Share
from geartrain.errors import StoreError
from geartrain.stores.postgresql.arrays import smallints
from geartrain.stores.postgresql.clock import SharedClock
from geartrain.stores.postgresql.common import COMMON_LANE
from geartrain.stores.postgresql.emptying import MANY, emptiest, empty
from geartrain.stores.postgresql.holders import (
    HOLDERS,
    LOCKED_HOLDERS,
    await_renewal,
    is_free,
    watch,
)
from geartrain.stores.postgresql.leases import LEASES, Leases
from geartrain.stores.postgresql.session import DatabaseSession, Row
from geartrain.stores.processes import has_died, this_process
from geartrain.texts import visible

__all__ = ["LEASE", "FencedError", "InUseError", "LeaseLostError", "Ownership"]

LEASE: Final = 10.0
"""Seconds for which a node may write without a word."""

_FIRST_LANE: Final = 1
_NEW_NODE: Final = (
    "INSERT INTO @node(name, identity, host, process, lease_until) VALUES"
    " (%s::text, %s, %s::text, %s::text, clock_timestamp() + %s * interval '1 s')"
    " RETURNING id"
)
# Numbers begin anew with tables that were dropped and made again beneath a node.
_SELF: Final = "id = %s AND identity = %s"
_RENEW: Final = (
    "UPDATE @node SET lease_until = clock_timestamp() + %s * interval '1 s'"
    f" WHERE {_SELF}"
)
# The lane is NULL, which the column refuses, if this is not the node's any more.
_FENCE: Final = (
    "INSERT INTO @tally(lane, serial, priority, ready, delayed, dead, function,"
    f" queue_key) VALUES ((SELECT %s::smallint FROM @node WHERE {_SELF}"
    " AND lease_until > clock_timestamp() FOR SHARE), %s, 0, 0, 0, 0, '', '')"
)
_BURY: Final = (
    "DELETE FROM @node WHERE id = %s"
    " AND ((extract(epoch FROM lease_until) * 1000000)::int8 = %s"
    " OR process = %s::text) RETURNING id"
)
_NODES: Final = (
    "SELECT node.id, name, identity, address, host,"
    " extract(epoch FROM started)::float8,"
    " extract(epoch FROM lease_until - clock_timestamp())::float8,"
    " array_agg(lane.id ORDER BY lane.id)"
    " FROM @node AS node JOIN @lane AS lane ON lane.node = node.id"
    " GROUP BY node.id ORDER BY node.id"
)
_NUMBER: Final = (
    "SELECT greatest(reserved / %s, (extract(epoch FROM clock_timestamp()"
    " - timestamptz '2026-01-01 00:00 UTC') * 1000000)::int8) + 1"
    " FROM @lane WHERE id = %s::smallint"
)
_EMPTY: Final = " AND ".join(
    f"NOT EXISTS (SELECT 1 FROM @{table} WHERE lane = each.id{state})"
    for table, state in (
        ("job", " AND due = 0 AND NOT is_dead"),
        ("job", " AND due > 0 AND NOT is_dead"),
        ("job", " AND is_dead"),
        ("result", ""),
        ("ending", ""),
    )
)
_FREE: Final = (
    "UPDATE @lane AS each SET node = NULL WHERE id = ANY(%s::smallint[])"
    f" AND node = %s AND {_EMPTY} RETURNING id"
)


class FencedError(StoreError):
    """The lease has ended: somebody may have taken over."""


class InUseError(StoreError):
    """Others have the store, or all lanes that there can be."""


class LeaseLostError(StoreError):
    """Another job server has taken over."""


class Ownership:
    """The node that this job server is.

    Attributes:
        is_shared: other job servers may have lanes of their own.
        lane: the lane that new jobs are of.
        lanes: all lanes whose jobs are ours.
        until: until when they surely are, as ``time.monotonic`` counts.
        is_leading: lane 0 is this node's.
        clock: the server time that all nodes have.
        share: which part of all limits is this node's.
        held: how many lanes have a node, as far as was seen.
    """

    def __init__(self, *, is_shared: bool) -> None:
        """Share the store with other job servers, or refuse to."""
        self.lane = _FIRST_LANE
        self.lanes = [_FIRST_LANE]
        self.until = 0.0
        self.is_leading = False
        self.is_shared = is_shared
        self.share = WHOLE
        self.held = 0
        self._node = 0
        self._identity = b""
        self.clock = SharedClock()
        self._leases = Leases()
        # Nodes that were declared dead, in the transaction that is under way.
        self._buried: set[int] = set()
        # Where others were told that this job server is reached.
        self._address = ""

    def claim(self, session: DatabaseSession, name: str, identity: bytes) -> None:
        """Become a node with a lane; within a transaction that others wait for.

        Raises:
            InUseError: another job server has the store, and it is not to be shared, or
                there are as many nodes as there can be.
        """
        self._buried = set()
        self._leases.look(session.ask(LEASES), monotonic())
        self._make(session, COMMON_LANE)
        leading, *holders = session.ask(HOLDERS)
        self.lanes = self._choose(session, holders)
        self.lane = self.lanes[0]
        if not self.is_shared:
            self.lanes = sorted({self.lane, *(row[0] for row in holders)})
        self.is_leading = self._is_free(leading) and self._bury(session, leading)
        self.until = monotonic() + LEASE
        machine = socket.gethostname()
        host = f"{machine}, process {os.getpid()}"
        values = name or machine, identity, host, this_process(), LEASE
        ((self._node,),) = session.ask(_NEW_NODE, *values)
        self._identity = identity
        self.share = WHOLE
        self._make(session, self.lane)
        self._take(session, self.lanes, is_leading=self.is_leading)
        # Whatever they have renewed by now, they did not know of this node.
        self._leases.doubt()

    def await_time(self, session: DatabaseSession) -> None:
        """Wait until the database's clock tells how far server time has gone on."""
        # One that does not share begins only where nobody else lives.
        if self.is_shared:
            await_renewal(session, self._leases, LEASE)

    def watch(self, session: DatabaseSession) -> bool:
        """Wait, after a claim was refused; tell whether another may have success."""
        return watch(session, self._leases, LEASE, needs_all=not self.is_shared)

    @staticmethod
    def _make(session: DatabaseSession, lane: int) -> None:
        text = "INSERT INTO @lane(id) VALUES (%s::smallint) ON CONFLICT DO NOTHING"
        session.send(text, lane)

    def _choose(self, session: DatabaseSession, holders: list[Row]) -> list[int]:
        """Return lanes that have no living node from now on, or a new one.

        They are all of one node: what waits for others, and how far batches are, is
        kept in one of them for the jobs of all.
        """
        taken: list[int] = []
        former = None
        for row in holders:
            lane, node, name, host, _, left = row
            if taken and node is not None and node == former:
                taken.append(lane)
            elif self._is_free(row) and not taken and self._bury(session, row):
                taken, former = [lane], node
            elif not (
                self.is_shared or (self._is_free(row) and self._bury(session, row))
            ):
                raise InUseError(
                    f"the store {session.location.shown} is in use by another job"
                    f" server: {visible(name)} at {visible(host)}, whose lease"
                    f" ends in {left or 0:.0f} s unless it is renewed"
                )
        if taken:
            return taken
        lane = max((row[0] for row in holders), default=0) + 1
        if lane >= LANES:
            raise InUseError(
                f"the store {session.location.shown} has {LANES - 1} lanes, which all"
                " belong to job servers that live, and can have no more: start again"
                " in a minute, when these have given up what they took over"
            )
        return [lane]

    def _is_free(self, row: Row) -> bool:
        """Tell whether a lane has no node, or one that is known to be dead."""
        return is_free(row, self._leases, LEASE)

    def _bury(self, session: DatabaseSession, row: Row) -> bool:
        """End the node of a lane; tell if it has none any more.

        It may have renewed its lease at the last moment.
        """
        _, node, _, _, process, left = row
        if left is None or node in self._buried:
            return True
        died = process if has_died(process) else ""
        if not session.ask(_BURY, node, self._end_of(node), died):
            return False
        self._buried.add(node)
        return True

    def _end_of(self, node: int) -> int:
        """Return when the lease of a node ended that is given up; 0 for another."""
        return self._leases.end_of(node, LEASE)

    def _take(
        self, session: DatabaseSession, lanes: list[int], *, is_leading: bool
    ) -> None:
        text = "UPDATE @lane SET node = %s WHERE id = ANY(%s::smallint[])"
        taken = [COMMON_LANE, *lanes] if is_leading else lanes
        session.send(text, self._node, smallints(taken))
        # None of these jobs has run in this life, so none need run once more.
        text = (
            "UPDATE @job SET is_joined = false WHERE is_joined"
            " AND lane = ANY(%s::smallint[])"
        )
        session.send(text, smallints(lanes))

    def lanes_in_order(self) -> list[int]:
        """Return the lane that new jobs are of, and then the others."""
        return [self.lane, *[lane for lane in self.lanes if lane != self.lane]]

    def first_number(self, session: DatabaseSession) -> int:
        """Return a number of the lane after all that were given, by the time."""
        ((ticks,),) = session.ask(_NUMBER, LANES, self.lane)
        return int(ticks) * LANES + self.lane

    def is_due(self) -> bool:
        """Tell whether the lease is to be renewed."""
        return monotonic() >= self.until - LEASE * 2 / 3

    def renew(self, session: DatabaseSession) -> float:
        """Send what renews the lease; return until when, once that is committed."""
        if monotonic() >= self.until:
            # The others have used this node's part of all limits since.
            self._leases.doubt()
        until = monotonic() + LEASE
        session.send(_RENEW, LEASE, self._node, self._identity)
        self.clock.keep(session, self.lane)
        return until

    def fence(self, session: DatabaseSession, serial: int) -> None:
        """Send what fails unless the lease is running, and marks the transaction."""
        session.send(_FENCE, self.lane, self._node, self._identity, serial)

    def confirm(self, session: DatabaseSession) -> None:
        """Keep others from taking over while this transaction runs.

        What this node has sent on a connection that was lost has ended then.

        Raises:
            LeaseLostError: another job server has taken over.
        """
        text = f"SELECT 1 FROM @node WHERE {_SELF} FOR UPDATE"
        if not session.ask(text, self._node, self._identity):
            raise LeaseLostError(
                f"the store {session.location.shown} was taken over by another job"
                " server after the lease of this one had ended"
            )

    def has_heirs(self, session: DatabaseSession) -> bool:
        """Tell whether lanes have no living node; see how many nodes live."""
        if not self.is_shared:
            return False
        self._look_at_nodes(session)
        holders = session.ask(HOLDERS)
        self.held = sum(row[1] is not None for row in holders[1:])
        return any(self._is_orphan(row) for row in holders)

    def _look_at_nodes(self, session: DatabaseSession) -> None:
        """See which part of all limits is this node's.

        A node that has just come may use its part once the others use no more than
        theirs: they renew their leases as soon as they have seen it.
        """
        leases = session.ask(LEASES)
        self._leases.look(leases, monotonic())
        nodes = [node for node, *_ in leases] or [self._node]
        if len(nodes) > self.share.servers:
            session.send(_RENEW, LEASE, self._node, self._identity)
        rank = sum(node < self._node for node in nodes)
        is_known = self._leases.are_aware(self._node)
        self.share = Share(len(nodes), rank, is_known)

    def inherit(self, session: DatabaseSession) -> tuple[list[int], bool]:
        """Take the lanes that have no living node; within a transaction.

        They are added to ``lanes`` by the caller, once it is committed, and so is that
        this node leads, which is told beside them. One node inherits at a time, so that
        all that another has left comes to the same.
        """
        session.send("SET LOCAL lock_timeout = '2s'")
        self.confirm(session)
        self._buried = {self._node}
        # Only these: nodes that live renew their leases with their lanes meanwhile.
        wanted = [row[0] for row in session.ask(HOLDERS) if self._is_orphan(row)]
        rows = session.ask(LOCKED_HOLDERS, smallints([COMMON_LANE, *wanted]))
        if not rows or rows[0][0] != COMMON_LANE:
            return [], False
        taken: list[int] = [
            row[0] for row in rows if self._is_orphan(row) and self._bury(session, row)
        ]
        is_leading = COMMON_LANE in taken
        lanes = [lane for lane in taken if lane != COMMON_LANE]
        self._take(session, lanes, is_leading=is_leading)
        return lanes, is_leading

    def announce(self, session: DatabaseSession, address: str) -> None:
        """Tell the others where this job server is reached, if that has changed.

        ``*`` in front of the port stands for the host by which this machine reaches the
        database: what shares a database shares a network.
        """
        if not self.is_shared:
            return
        if address.startswith("*:"):
            host = session.local_host()
            shown = f"[{host}]" if ":" in host else host
            address = f"{shown}{address.removeprefix('*')}"
        if address != self._address:
            text = f"UPDATE @node SET address = %s::text WHERE {_SELF}"
            session.send(text, address, self._node, self._identity)
            self._address = address

    def nodes(self, session: DatabaseSession) -> tuple[StoreNode, ...]:
        """Return the nodes that share the store, the first to open it first."""
        if not self.is_shared:
            return ()
        rows, now = session.ask(_NODES), monotonic()
        return tuple(
            StoreNode(
                name,
                bytes(identity),
                address,
                host,
                started,
                now + left,
                tuple(lane for lane in lanes if lane != COMMON_LANE),
                COMMON_LANE in lanes,
                node == self._node,
            )
            for node, name, identity, address, host, started, left, lanes in rows
        )

    def release(self, session: DatabaseSession) -> None:
        """Let others have the lanes at once."""
        text = f"DELETE FROM @node WHERE {_SELF}"
        session.send(text, self._node, self._identity)

    def _is_orphan(self, row: Row) -> bool:
        """Tell whether a lane has lost its node; one that is free has lost nothing."""
        lane, node, *_ = row
        if node is None:
            return bool(lane == COMMON_LANE)
        if node == self._node:
            # It was taken, and the answer to that was lost.
            is_known = self.is_leading if lane == COMMON_LANE else lane in self.lanes
            return not is_known
        return self._is_free(row)

    def give_up(self, session: DatabaseSession, serial: int) -> None:
        """Give up lanes that have become empty; where there are many, empty some.

        ``serial`` is the number of the transaction that moves what is left in these.
        """
        others = [lane for lane in self.lanes if lane != self.lane]
        if self.held > MANY and len(others) > 1:
            attic, others = min(others), emptiest(session, others)
            with session.transaction():
                self.confirm(session)
                empty(session, others, self.lane, attic, serial)
        with session.transaction():
            self.confirm(session)
            rows = session.ask(_FREE, smallints(others), self._node)
            # Now: if the answer to the COMMIT is lost, another may have them next. One
            # that was not given up is an orphan, and is taken again: it is empty.
            free = {lane for (lane,) in rows}
            self.lanes = [lane for lane in self.lanes if lane not in free]
