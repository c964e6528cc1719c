"""How the job server ends connections: once peers have what is due, or at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import Peer
from geartrain.server.connection import Connection, Writer, discard

__all__ = ["Closing"]

# How long a peer that is disconnected may read nothing of what is due, in seconds.
_LAST_READ: Final = 5.0


class Closing:
    """Closes the connections of an engine's peers.

    What the engine has answered is sent before, by a turn of the driver.
    """

    def __init__(
        self,
        engine: Engine,
        connections: Mapping[Peer, Connection],
        writers: dict[Peer, Writer],
        call_later: Callable[..., asyncio.TimerHandle],
    ) -> None:
        """Close connections when told.

        Args:
            engine: whose peers they are of.
            connections: those that are open.
            writers: what sends to each peer; one that is closed is sent nothing more.
            call_later: the event loop's.
        """
        self._engine = engine
        self._connections = connections
        self._writers = writers
        self._call_later = call_later

    def close_expelled(self) -> None:
        """Close the connections of peers that the engine will hear no more."""
        for peer in self._engine.take_closing():
            connection = self._connections.get(peer)
            if connection is not None:
                self._close(peer, connection)

    def close_disengaged(self) -> None:
        """Close the connections that no running job concerns, once they are answered.

        They are read no more: a client that always submits the next job before the
        last is acknowledged would never be without an answer that is due.
        """
        engaged = self._engine.engaged()
        for peer, connection in list(self._connections.items()):
            if peer in engaged or connection.transport.is_closing():
                continue
            if peer.is_due_an_answer():
                connection.read_no_more()
            else:
                self._close(peer, connection)

    def close_all(self) -> None:
        """Close every connection once what was written has been sent."""
        for connection in self._connections.values():
            connection.transport.close()

    def abort_all(self) -> None:
        """Drop every connection at once."""
        for connection in list(self._connections.values()):
            connection.transport.abort()

    def _close(self, peer: Peer, connection: Connection) -> None:
        """Close a connection once what was written has been sent."""
        connection.transport.close()
        self._writers[peer] = discard
        # A close waits until the peer has read its outbox, which may be never.
        unread = connection.transport.get_write_buffer_size()
        self._call_later(_LAST_READ, self._drop, peer, unread)

    def _drop(self, peer: Peer, unread: int) -> None:
        """Drop a connection, unless it is gone, or has read some of what is due."""
        connection = self._connections.get(peer)
        if connection is None:
            return
        left = connection.transport.get_write_buffer_size()
        if 0 < left < unread:
            self._call_later(_LAST_READ, self._drop, peer, left)
        else:
            connection.transport.abort()
