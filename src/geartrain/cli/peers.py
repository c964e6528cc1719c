"""The job servers that a process helps: which there are, and the ways to them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from geartrain.server.kinds import NO_ADDRESS
from geartrain.server.options import Options
from geartrain.server.server import Server
from geartrain.stores.locations import cluster_of

if TYPE_CHECKING:
    from geartrain.transport.connect import SocketConnector

__all__ = ["finds_peers", "help_peers", "ways_to_peers"]


def finds_peers(options: Options) -> bool:
    """Tell whether job servers that share the store are to help each other."""
    return bool(cluster_of(options.store)) and options.node_address != NO_ADDRESS


def ways_to_peers(options: Options) -> list[SocketConnector]:
    """Return the ways to the job servers that the options name.

    Raises:
        OptionError: a file that they are reached with is wrong.
    """
    if not (options.peer or finds_peers(options)):
        return []
    # Most job servers have no peers, and need not load what links them.
    from geartrain.cluster.links import peer_connectors

    return peer_connectors(options)


def help_peers(options: Options, server: Server, ways: list[SocketConnector]) -> None:
    """Have a server's workers help other job servers until it stops.

    These are the ones of ``ways``, and those that share its store and are to be found.
    """
    is_finding = finds_peers(options)
    if not (ways or is_finding):
        return
    from geartrain.cluster.links import PeerLinks, peer_connector

    known = server.driver.engine.state.options
    links = PeerLinks(
        server.driver,
        ways,
        known.node_identity,
        known.node_name,
        partial(peer_connector, options) if is_finding else None,
    )
    server.when_stopping.append(links.stop)
    links.start()
