"""Tell job servers of the worker processes: text commands that they show to operators.

The supervisor has a connection of its own to each job server that one of its processes
is connected to, and tells it every few seconds what has changed. Nothing depends on it:
a job server that does not know the command, such as gearmand, is not asked again.

The parent never looks up a name: a fork at that moment could leave the lock of the
system's resolver held for ever in the child. It connects to where its processes are
connected to already.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import socket
import time
from collections.abc import Iterator
from typing import Any, Final

from geartrain import __version__
from geartrain.admin.connection import word
from geartrain.backoff import Backoff
from geartrain.errors import OptionError
from geartrain.supervisor.pool import ProcessPool
from geartrain.supervisor.process import HeldConnection, Process
from geartrain.supervisor.recycling import memory_of
from geartrain.supervisor.slot import ProcessSlot
from geartrain.transport.address import Address
from geartrain.transport.aio import open_connection
from geartrain.transport.connect import SocketConnector, server_address

__all__ = ["Announcer", "greeting", "process_line", "supervisor_line"]

_log = logging.getLogger("geartrain.supervisor")

# Seconds between two announcements, and for each step of one.
_INTERVAL: Final = 5.0
_PATIENCE: Final = 10.0
# Lines that are sent before their answers are read: a job server reads 64 KiB at once.
_PIPELINED: Final = 200
# Bytes of an answer.
_MAX_ANSWER: Final = 8192
# Characters of how a process ended.
_MAX_ENDED: Final = 200
# Job servers that are told, at most.
_MOST_SERVERS: Final = 16

# A job server as processes name it: its text, and the attributes of its ``Tls``.
_Server = tuple[str, tuple[tuple[str, Any], ...] | None]


class _RefusedError(Exception):
    """The job server does not want to know."""


def greeting() -> str:
    """Return the first line: short, because gearmand answers nothing to eight words."""
    return f"announce supervisor host={word(platform.node() or '-')}"


def supervisor_line(count: int, age: float) -> str:
    """Return the line that tells of this supervisor, with so many places."""
    return (
        f"{greeting()} pid={os.getpid()} processes={count} age={age:.3f}"
        f" version=geartrain-{__version__}"
    )


def process_line(place: int, slot: ProcessSlot) -> str:
    """Return the line that tells of a slot and its process, but for their age."""
    process = slot.process
    line = (
        f"announce process place={place} target={word(str(slot.target)) or '-'}"
        f" state={_state(process)} restarts={max(slot.starts - 1, 0)}"
    )
    if slot.last_end:
        line += f" ended={word(slot.last_end[:_MAX_ENDED])}"
    if process is None:
        return line
    board = process.scoreboard
    memory = memory_of(process.pid)
    if memory is not None:
        line += f" memory={memory}"
    return line + (
        f" pid={process.pid} running={len(board.jobs())} succeeded={board.done}"
        f" failed={board.failed}"
    )


def _state(process: Process | None) -> str:
    if process is None:
        return "waiting"
    if process.leaves or process.deadline is not None:
        return "stopping"
    return "working" if process.is_loaded else "starting"


class Announcer:
    """Tells the job servers of a pool's processes."""

    def __init__(self, pool: ProcessPool) -> None:
        """Tell nobody yet."""
        self._pool = pool
        self._started = time.monotonic()
        self._tasks: dict[_Server, asyncio.Task[None]] = {}
        self._refused: set[_Server] = set()

    def look(self) -> None:
        """Begin to tell the job servers that processes have connected to since."""
        for server in self._held():
            if server in self._tasks or server in self._refused:
                continue
            if len(self._tasks) < _MOST_SERVERS:
                self._tasks[server] = asyncio.create_task(self._announce(server))

    def stop(self) -> None:
        """Tell nobody any more."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _held(self) -> dict[_Server, HeldConnection]:
        """Return a connection of some process to each job server."""
        return {
            _server(held): held
            for slot in self._pool.slots
            if slot.process is not None
            for held in slot.process.connections.values()
            if held.descriptor is not None
        }

    async def _announce(self, server: _Server) -> None:
        """Tell a job server until it refuses, or no process is connected to it."""
        pauses = Backoff(1.0, 60.0)
        try:
            while (held := self._held().get(server)) is not None:
                with contextlib.suppress(OSError, EOFError):
                    await self._talk(server, _connector(held), pauses)
                await asyncio.sleep(pauses.next())
        except (_RefusedError, OptionError) as error:
            self._refused.add(server)
            _log.debug(
                "%s is not told of processes: %s",
                server[0],
                error,
                extra={"action": "announce_refused"},
            )
        finally:
            self._tasks.pop(server, None)

    async def _talk(
        self, server: _Server, connector: SocketConnector, pauses: Backoff
    ) -> None:
        """Tell it for as long as the connection lasts, and a process has one, too."""
        reader = asyncio.StreamReader(_MAX_ANSWER)
        transport, _ = await open_connection(
            connector, lambda: asyncio.StreamReaderProtocol(reader), _PATIENCE
        )
        told: dict[int, str] = {}
        try:
            await _tell(transport, reader, [greeting()])
            while server in self._held():
                now = time.monotonic()
                count = len(self._pool.slots)
                line = supervisor_line(count, now - self._started)
                await _tell(transport, reader, [line])
                pauses.reset()
                await _tell(transport, reader, list(self._changed(told, now)))
                await asyncio.sleep(_INTERVAL)
        finally:
            transport.abort()

    def _changed(self, told: dict[int, str], now: float) -> Iterator[str]:
        """Yield what is to be told of processes, and remember it as ``told``."""
        for place, slot in enumerate(self._pool.slots):
            line = process_line(place, slot)
            if told.get(place) != line:
                told[place] = line
                process = slot.process
                age = 0.0 if process is None else now - process.started
                yield f"{line} age={age:.3f}"


async def _tell(
    transport: asyncio.Transport, reader: asyncio.StreamReader, lines: list[str]
) -> None:
    """Send commands, and read their answers.

    Raises:
        _RefusedError: one of these is no OK.
        OSError: the connection is lost, or the job server silent.
        EOFError: the job server ended the connection.
    """
    for start in range(0, len(lines), _PIPELINED):
        some = lines[start : start + _PIPELINED]
        transport.write("".join(f"{line}\n" for line in some).encode())
        async with asyncio.timeout(_PATIENCE):
            for _ in some:
                try:
                    answer = await reader.readuntil(b"\n")
                except asyncio.LimitOverrunError:
                    raise _RefusedError("an answer without end") from None
                if not answer.startswith(b"OK"):
                    raise _RefusedError(answer.decode("latin-1").strip())


def _server(held: HeldConnection) -> _Server:
    tls = None if held.tls is None else tuple(sorted(held.tls.items()))
    return held.server, tls


def _connector(held: HeldConnection) -> SocketConnector:
    """Return what connects to where a process is connected to.

    Raises:
        OSError: that connection has ended.
        OptionError: a file of its TLS is wrong.
    """
    named, token = server_address(held.server), held.given_token()
    if named.path:
        return SocketConnector(named, token=token)
    assert held.descriptor is not None
    with socket.socket(fileno=os.dup(held.descriptor)) as connection:
        host, port = connection.getpeername()[:2]
    address = Address(host, port)
    if held.tls is None:
        return SocketConnector(address, token=token)
    from geartrain.transport.tls import Tls

    tls = Tls(**{**held.tls, "name": held.tls.get("name") or named.host})
    return SocketConnector(address, tls, token)
