"""What the engine is told of a connection that has just been made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import UNIX
from geartrain.server.connection import Connection
from geartrain.server.descriptors import Descriptors
from geartrain.server.identities import identity_of
from geartrain.transport.keepalive import set_keepalive

__all__ = ["Introductions"]

# The number of a connection within the process, where others show their socket's.
_NO_DESCRIPTOR: Final = 0


class Introductions:
    """Makes the peers of connections, as the engine knows them."""

    def __init__(
        self,
        engine: Engine,
        connections: dict[Peer, Connection],
        monotonic: Callable[[], float],
        probes: tuple[int | None, int | None, int | None] | None,
    ) -> None:
        """Introduce connections to an engine.

        Args:
            engine: who they are introduced to.
            connections: where each is noted under its peer.
            monotonic: a steady clock.
            probes: how TCP probes silent peers, as ``Options.probes`` tells.
        """
        self._engine = engine
        self._connections = connections
        self._monotonic = monotonic
        self._keepalive = probes
        self._descriptors = Descriptors(monotonic)

    def introduce(self, connection: Connection, is_trusted: bool) -> Peer:
        """Make a new connection's peer."""
        accepted = connection.transport.get_extra_info("socket")
        descriptor = _NO_DESCRIPTOR if accepted is None else accepted.fileno()
        identity = identity_of(connection.transport)
        address = identity.address
        if accepted is not None:
            self._descriptors.note(descriptor)
            if self._keepalive is not None and address != UNIX:
                set_keepalive(accepted, *self._keepalive)
        peer = self._engine.connect(
            descriptor, address.encode(), is_trusted, identity, self._monotonic()
        )
        transport = connection.transport
        peer.has_tls = transport.get_extra_info("ssl_object") is not None
        self._connections[peer] = connection
        return peer
