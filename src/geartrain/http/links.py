"""Connections to the job server, each read by one coroutine at a time."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final, cast

from geartrain.http.problems import ProblemError, problem_of
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request

__all__ = ["Link", "TextLink"]

_WHO: Final = request(PacketType.SET_CLIENT_ID, b"http")

# Bytes that have arrived and nobody has taken from which on no more is read.
_MOST_WAITING: Final = 256 * 1024

_UNANSWERED: Final = b'{"unanswered": '
_STOPPED: Final = "the job server stops: ask again when it is back"


class Link(asyncio.Protocol):
    """A connection to the job server that one coroutine at a time reads from."""

    def __init__(self) -> None:
        self.is_lost = False
        self._transport: asyncio.Transport | None = None
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Wake whoever waits."""
        self.is_lost = True
        self._tell()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Make the sender wait."""
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let the sender go on."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    async def send(self, data: bytes) -> None:
        """Send bytes; return when there is room for more."""
        assert self._transport is not None
        self._transport.write(data)
        if self._room is not None:
            await self._room

    def close(self) -> None:
        """End the connection at once; what it was for is given up."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()

    async def wait(self) -> None:
        """Return when something has happened.

        Raises:
            ProblemError: the job server has ended the connection.
        """
        if self.is_lost:
            raise ProblemError("unavailable", _STOPPED)
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def pace(self, waiting: int) -> None:
        """Read on, or not where much waits to be taken."""
        transport = self._transport
        if transport is None or self.is_lost:
            return
        if waiting > _MOST_WAITING:
            transport.pause_reading()
        elif not transport.is_reading():
            transport.resume_reading()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class TextLink(Link):
    """A connection for text commands, one at a time.

    Attributes:
        unanswered: why rows of other job servers are missing, by their names.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unanswered: dict[str, str] = {}
        self._lines: deque[bytes] = deque()
        self._size = 0
        # The beginning of a line whose end has not come.
        self._rest: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, and tell the log of operators whose it is."""
        super().connection_made(transport)
        assert self._transport is not None
        self._transport.write(_WHO)

    def data_received(self, data: bytes) -> None:
        """Part what arrives into lines."""
        self._size += len(data)
        lines = data.split(b"\n")
        if len(lines) > 1:
            self._rest.append(lines[0])
            self._lines.append(b"".join(self._rest))
            self._lines.extend(lines[1:-1])
            self._rest = []
        if lines[-1]:
            self._rest.append(lines[-1])
        if self._lines:
            # A line that has not ended has to be read on.
            self.pace(self._size)
        self._tell()

    def ask(self, command: str) -> None:
        """Send a command."""
        assert self._transport is not None
        self._transport.write(command.encode("utf-8", "surrogateescape") + b"\n")

    async def line(self) -> str:
        """Return the one line of an answer.

        Raises:
            ProblemError: the job server refuses.
        """
        while not self._lines:
            await self.wait()
        line = self._lines.popleft()
        self._size -= len(line) + 1
        self.pace(self._size)
        text = line.rstrip(b"\r").decode("utf-8", "surrogateescape")
        if text.startswith("ERR "):
            code, _, words = text.removeprefix("ERR ").partition(" ")
            raise problem_of(code, words.replace("+", " "))
        return text

    async def rows(self) -> AsyncGenerator[list[bytes], None]:
        """Yield the rows of an answer, as many at a time as have arrived.

        Raises:
            ProblemError: the job server refuses, which only the first line tells.
        """
        first = await self.line()
        if first == ".":
            return
        rows = [first.encode("utf-8", "surrogateescape"), *self._taken()]
        self._note_unanswered(rows)
        while not rows or rows[-1] != b".":
            if rows:
                yield rows
            rows = await self.some()
        if len(rows) > 1:
            yield rows[:-1]

    def _note_unanswered(self, rows: list[bytes]) -> None:
        """Take out the first rows, where they tell of rows that are missing."""
        while rows and rows[0].startswith(_UNANSWERED):
            values = json.loads(rows.pop(0))
            self.unanswered[values["unanswered"]] = values["reason"]

    async def some(self) -> list[bytes]:
        """Return the rows that have arrived, once there are any.

        Raises:
            ProblemError: the job server has ended the connection.
        """
        while not self._lines:
            await self.wait()
        return self._taken()

    def _taken(self) -> list[bytes]:
        lines = list(self._lines)
        self._lines.clear()
        self._size = sum(map(len, self._rest))
        self.pace(self._size)
        return lines
