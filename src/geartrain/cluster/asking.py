"""Asking: text commands that this job server has others answer.

Each question has a connection to itself while it is under way. Connections that have
become free are kept for a moment, since lists are often asked for every second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, cast

from geartrain.engine.model.inquiries import PATIENCE, Inquiry, Said
from geartrain.engine.model.links import CONNECTED, LinkReport
from geartrain.errors import GeartrainError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.transport.aio import open_connection
from geartrain.transport.connect import SocketConnector, reason

if TYPE_CHECKING:
    from geartrain.server.driver import Driver

__all__ = ["Asking"]

# Seconds that a connection is kept which nobody uses, and how many of one job server.
_IDLE: Final = 10.0
_MOST_IDLE: Final = 4
# Bytes of an answer, which is held as a whole.
_MOST: Final = 64 * 1024 * 1024
# Bytes of the end of a list, with the one before.
_END: Final = 3
# Seconds that one has which lately did not answer in time, and for how many more that
# is so: a page of ten questions is not to be ten times late.
_SHORT: Final = 0.25
_LATELY: Final = 5.0
# Seconds after which it is looked whether those are there that are waited for.
_LOOK: Final = 1.0
# Questions under way at once; others wait.
_MOST_AT_ONCE: Final = 32


class _Line(asyncio.Protocol):
    """A connection to a job server, for one question at a time."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._is_list = False
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # Its log of operators tells who asked.
        who = b"node:" + self._name
        self._transport.write(request(PacketType.SET_CLIENT_ID, who))

    async def ask(self, line: bytes, *, is_list: bool) -> bytes:
        """Send a command, and return its whole answer.

        Raises:
            OSError: the connection is lost, or the answer too large.
        """
        if self.is_lost or self._transport is None:
            raise ConnectionResetError("it closed the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._is_list, self._pieces, self._size = is_list, [], 0
        self._transport.write(line)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._answer is None or self._answer.done():
            self.close()
        elif self._size > _MOST:
            text = f"its answer has more than {_MOST >> 20} MiB: ask it there"
            self._fail(OSError(text))
        elif self._has_ended():
            self._answer.set_result(b"".join(self._pieces))

    def _has_ended(self) -> bool:
        """Tell whether the answer is whole."""
        last = self._pieces[-1]
        if not last.endswith(b"\n"):
            return False
        if len(last) < _END and len(self._pieces) > 1:
            # The end came in several pieces.
            self._pieces = [b"".join(self._pieces)]
            last = self._pieces[0]
        if not self._is_list:
            return True
        if last == b".\n" or last.endswith(b"\n.\n"):
            return True
        return last.endswith(b"\r\n") and self._pieces[0].startswith(b"ERR ")

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        text = reason(error) if error else "it closed the connection"
        self._fail(ConnectionResetError(text))

    def _fail(self, error: OSError) -> None:
        self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def close(self) -> None:
        """End the connection."""
        self.is_lost = True
        if self._transport is not None:
            self._transport.abort()


class Asking:
    """Asks other job servers, and has the engine know what they said."""

    def __init__(
        self,
        driver: Driver,
        way_to: Callable[[LinkReport], SocketConnector | None],
        name: bytes,
    ) -> None:
        """Ask for a driver's engine.

        Args:
            driver: the engine's.
            way_to: returns the way to the job server of a link.
            name: what this job server is called.
        """
        self._driver = driver
        self._way_to = way_to
        self._name = name
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: dict[str, list[_Line]] = {}
        # Until when those count as slow that did not answer in time.
        self._slow: dict[bytes, float] = {}

    def begin(self) -> None:
        """Take what the engine wants to be asked."""
        self._driver.inquirer.ask = self._take

    def stop(self) -> None:
        """Ask nothing more; answers that are awaited may come."""
        inquirer = self._driver.inquirer
        inquirer.ask = inquirer.ask_nobody
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()

    def close(self) -> None:
        """Give up everything."""
        self.stop()
        for task in self._tasks:
            task.cancel()

    def _take(self, inquiries: list[Inquiry]) -> None:
        loop = asyncio.get_running_loop()
        for each in inquiries:
            task = loop.create_task(self._carry_out(each))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, inquiry: Inquiry) -> None:
        """Ask all that are named, and tell once enough have answered."""
        asked = {
            asyncio.ensure_future(self._ask(each, inquiry)): each
            for each in inquiry.said
            if each.link is not None
        }
        waiting = set(asked)
        began = self._driver.monotonic()
        try:
            while waiting and not (inquiry.is_over() or inquiry.peer.is_closing):
                now = self._driver.monotonic()
                names = [asked[task].identity for task in waiting]
                left = began + self._patience(inquiry, names) - now
                if left <= 0:
                    break
                _, waiting = await asyncio.wait(
                    waiting,
                    timeout=min(left, _LOOK),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                waiting = self._without_lost(waiting, asked)
        finally:
            for task in asked:
                task.cancel()
        if not inquiry.is_over():
            self._note_silence(inquiry)
        self._driver.inquirer.informed(inquiry)

    def _patience(self, inquiry: Inquiry, identities: list[bytes]) -> float:
        """Return for how many seconds those are waited for that have not answered."""
        now = self._driver.monotonic()
        is_slow = all(self._slow.get(each, 0.0) > now for each in identities)
        is_short = is_slow and inquiry.seconds <= PATIENCE
        return _SHORT if is_short else inquiry.seconds

    def _note_silence(self, inquiry: Inquiry) -> None:
        """Note who has not answered in time."""
        until = self._driver.monotonic() + _LATELY
        for said in inquiry.said:
            if not (said.data or said.error):
                said.error = f"it was silent for {inquiry.seconds:g} s"
                if self._slow.get(said.identity, 0.0) < until - _LATELY:
                    self._slow[said.identity] = until

    def _without_lost(
        self, waiting: set[asyncio.Task[None]], asked: dict[asyncio.Task[None], Said]
    ) -> set[asyncio.Task[None]]:
        """Return those that are still worth waiting for: their links have not ended."""
        found = set()
        for task in waiting:
            said = asked[task]
            if said.link is not None and said.link.state == CONNECTED:
                found.add(task)
            else:
                said.error = "it has gone away meanwhile"
        return found

    async def _ask(self, said: Said, inquiry: Inquiry) -> None:
        """Have one job server answer, and note that, or why it did not."""
        assert said.link is not None
        connector = self._way_to(said.link)
        if connector is None:
            said.error = "there is no link to it any more"
            return
        try:
            # Who waits for the end of a job keeps nobody else waiting.
            is_quick = inquiry.seconds <= PATIENCE
            async with self._places if is_quick else nullcontext():
                answer = await self._answer(connector, said.line, inquiry.is_list)
            said.data = answer
            self._slow.pop(said.identity, None)
        except (OSError, GeartrainError) as error:
            said.error = reason(error)

    async def _answer(
        self, connector: SocketConnector, line: bytes, is_list: bool
    ) -> bytes:
        key = str(connector)
        idle = self._idle.setdefault(key, [])
        connection = None
        while idle and (connection is None or connection.is_lost):
            connection = idle.pop()
        if connection is None or connection.is_lost:
            _, connection = await open_connection(
                connector, lambda: _Line(self._name), None
            )
        try:
            answer = await connection.ask(line, is_list=is_list)
        except BaseException:
            connection.close()
            raise
        self._keep(key, connection)
        return answer

    def _keep(self, key: str, connection: _Line) -> None:
        """Keep a connection that is free, for a moment."""
        idle = self._idle.setdefault(key, [])
        if connection.is_lost or len(idle) >= _MOST_IDLE:
            connection.close()
            return
        idle.append(connection)
        loop = asyncio.get_running_loop()
        loop.call_later(_IDLE, self._let_go, key, connection)

    def _let_go(self, key: str, connection: _Line) -> None:
        """End a connection, unless it is in use again."""
        idle = self._idle.get(key, [])
        if connection in idle:
            idle.remove(connection)
            connection.close()
