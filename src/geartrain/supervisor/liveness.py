"""Liveness probes: a file that is touched, and a port that answers HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import stat
from pathlib import Path

from geartrain.errors import ListenError, StartError
from geartrain.transport.address import Address
from geartrain.transport.listeners import bind

__all__ = ["LivenessFile", "LivenessPort"]

_HEADERS = "Content-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n"
_WELL = f"HTTP/1.1 200 OK\r\n{_HEADERS.format(3)}ok\n".encode()
_ILL = f"HTTP/1.1 503 Service Unavailable\r\n{_HEADERS.format(4)}ill\n".encode()
# A request for this path asks whether jobs are taken, any other whether all is well.
_READY = re.compile(rb"[A-Z]+ /ready[ ?]")
# Probes come one at a time. More than these connections are closed unanswered.
_MAX_CONNECTIONS = 32
_MAX_REQUEST = 65536
# Seconds for a client to send its request.
_PATIENCE = 5.0


class LivenessFile:
    """A file that is touched while all is well, and removed at the end."""

    def __init__(self, path: str) -> None:
        """Take a path, and remove the file that an earlier run has left there.

        Raises:
            StartError: the file cannot be made, or something else is there.
        """
        self._path = Path(path)
        if not self._is_free():
            raise StartError(
                f"{path} is no liveness file, which is an empty file: remove it, or"
                " name another path"
            )
        try:
            self._touch()
            self._path.unlink()
        except OSError as error:
            raise StartError(
                f"the liveness file {path} cannot be written: {error.strerror}"
            ) from None

    def tell(self, healthy: bool) -> None:
        """Touch the file if all is well."""
        if healthy:
            with contextlib.suppress(OSError):
                self._touch()

    def close(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _is_free(self) -> bool:
        try:
            found = self._path.lstat()
        except OSError:
            # The attempt to make the file tells what is wrong with the path.
            return True
        return stat.S_ISREG(found.st_mode) and found.st_size == 0

    def _touch(self) -> None:
        """Set the file's time, never through a symbolic link."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, 0o644)
        try:
            os.utime(descriptor)
        finally:
            os.close(descriptor)


class LivenessPort:
    """Answers every HTTP request with 200 or 503.

    ``/ready`` is answered by whether jobs are taken, every other path by whether the
    processes are well.

    Attributes:
        is_healthy: whether the processes are well.
        is_ready: whether jobs are taken.
    """

    def __init__(self, port: int, host: str = "") -> None:
        """Listen on the port, of IPv4 and IPv6; 0 takes any free one.

        Without a host, on every interface.

        Raises:
            ListenError: it is taken, or not allowed.
        """
        try:
            self._listeners = bind(Address(host, port), _MAX_CONNECTIONS)
        except ListenError as error:
            raise ListenError(
                f"the liveness port {port} cannot be listened on: {error}"
            ) from None
        self.is_healthy = False
        self.is_ready = False
        self._servers: list[asyncio.Server] = []
        self._connections = 0

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        number: int = self._listeners[0].getsockname()[1]
        return number

    async def start(self) -> None:
        """Answer requests in the running event loop from now on."""
        for listener in self._listeners:
            self._servers.append(await asyncio.start_server(self._serve, sock=listener))

    def stop(self) -> None:
        """Answer no more requests."""
        for server in self._servers:
            server.close()
        self.close()

    def close(self) -> None:
        """Close the port: in a forked process, which shares the parent's epoll set.

        asyncio would take the port out of that set, and so away from the parent.
        """
        for listener in self._listeners:
            listener.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request, by the first bytes of it."""
        self._connections += 1
        try:
            if self._connections <= _MAX_CONNECTIONS:
                async with asyncio.timeout(_PATIENCE):
                    await self._answer(reader, writer)
        except (OSError, TimeoutError):
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request := await reader.read(_MAX_REQUEST):
            is_well = self.is_ready if _READY.match(request) else self.is_healthy
            writer.write(_WELL if is_well else _ILL)
            # A process that was forked meanwhile keeps the connection open: only this
            # ends it for the client.
            writer.write_eof()
            await writer.drain()
