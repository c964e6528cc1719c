"""Peers within the process: HTTP's clients, and links to other job servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import UNIX, Identity
from geartrain.errors import ConnectError
from geartrain.server import pipes

if TYPE_CHECKING:
    from geartrain.server.driver import Driver

__all__ = ["call_off", "connect_insider", "connect_link"]


def connect_insider(
    driver: Driver, client: asyncio.Protocol, identity: Identity
) -> Peer:
    """Connect a client within this process; ``identity`` is whom it acts for.

    It is not trusted to stop the job server.

    Raises:
        ConnectError: the job server is about to stop.
    """
    if driver.is_stopping:
        raise ConnectError("the job server is about to stop")
    connection = driver.accept(False)()
    pipes.connect(connection, client, identity)
    return connection.peer


def connect_link(driver: Driver, client: asyncio.Protocol, link: LinkReport) -> Peer:
    """Connect a link, for jobs that another job server gives to this one.

    Raises:
        ConnectError: the job server is about to stop.
    """
    identity = Identity(UNIX)
    identity.is_over_all = True
    peer = connect_insider(driver, client, identity)
    peer.link = link
    return peer


def call_off(driver: Driver, peer: Peer, handle: bytes) -> None:
    """End a job that a link submitted."""
    driver.engine.helping.call_off(peer, handle, driver.monotonic())
    driver.send_on()
