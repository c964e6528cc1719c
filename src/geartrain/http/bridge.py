"""The way of HTTP requests to the job server.

Each request has a connection of its own to it, on which it asks a text command or
submits a job. It is a peer of its own for the engine, which knows who the visitor is
and decides what that one may do: what a request asks for counts as its own share of a
turn, and its end is the end of a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from geartrain.engine.model.principals import Identity
from geartrain.errors import ConnectError
from geartrain.http.kept import Kept
from geartrain.http.links import Link, TextLink
from geartrain.http.problems import ProblemError
from geartrain.http.shown import Rest
from geartrain.http.visitors import Visitor
from geartrain.stores.base import Recovery

__all__ = ["Bridge", "Endless"]


class Endless(Protocol):
    """What would not end by itself."""

    def close(self) -> None:
        """End it."""


class Bridge:
    """The way from HTTP to the job server.

    Attributes:
        max_packet: the largest workload in bytes.
        recovery: returns how far the opening of the store has come.
        kept: connections of lists that may be gone on with.
        rest: the functions that ``/metrics`` does not show.
        endless: answers that have no end of their own.
    """

    def __init__(
        self,
        connect: Callable[[asyncio.Protocol, Identity], None],
        max_packet: int,
        recovery: Callable[[], Recovery | None] = lambda: None,
    ) -> None:
        """Make the way to a job server.

        Args:
            connect: connects a protocol for somebody.
            max_packet: the largest workload in bytes.
            recovery: tells how far the opening of the store has come; None if it is
                open.
        """
        self._connect = connect
        self.recovery = recovery
        self.max_packet = max_packet
        self.kept = Kept()
        self.rest = Rest()
        self.endless: set[Endless] = set()

    def stop(self) -> None:
        """End what would not end by itself."""
        self.kept.close()
        for each in list(self.endless):
            each.close()

    def open(self, link: Link, visitor: Visitor) -> None:
        """Connect a link for a visitor; it ends with the login, if there is one.

        Raises:
            ProblemError: the job server is about to stop, or has not started.
        """
        try:
            self._connect(link, visitor.identity)
        except ConnectError as error:
            raise ProblemError("unavailable", str(error)) from None
        visitor.keep(link)

    async def line(self, command: str, visitor: Visitor) -> str:
        """Ask a command that is answered by one line; return that.

        Raises:
            ProblemError: the job server refuses.
        """
        link = TextLink()
        self.open(link, visitor)
        try:
            link.ask(command)
            return await link.line()
        finally:
            link.close()

    async def rows(
        self,
        command: str,
        visitor: Visitor,
        unanswered: dict[str, str] | None = None,
    ) -> list[bytes]:
        """Ask a command that lists; return all of its rows, which must not be many.

        ``unanswered`` takes why rows of other job servers are missing, by their names.

        Raises:
            ProblemError: the job server refuses.
        """
        link = TextLink()
        self.open(link, visitor)
        try:
            link.ask(command)
            rows = [row async for some in link.rows() for row in some]
            if unanswered is not None:
                unanswered.update(link.unanswered)
            return rows
        finally:
            link.close()
