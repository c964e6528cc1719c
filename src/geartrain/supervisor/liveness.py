"""Tell whoever watches this process that it is well: by a file, or by HTTP."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import stat
import time
from pathlib import Path

from geartrain.errors import ListenError, StartError
from geartrain.transport.address import Address
from geartrain.transport.listeners import bind

__all__ = ["LivenessFile", "LivenessPort"]

_ANSWERS = {
    True: b"HTTP/1.1 200 OK\r\n%sok\n",
    False: b"HTTP/1.1 503 Service Unavailable\r\n%sill\n",
}
_HEADERS = (
    b"Content-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
)
# A request for this path asks whether there is work done, any other for life.
_READY = re.compile(rb"[A-Z]+ /ready[ ?]")
_MOST_CONNECTIONS = 32
_PATIENCE = 5.0


class LivenessFile:
    """A file whose time is set while all is well, and which is gone afterwards."""

    def __init__(self, path: str) -> None:
        """Take a path, and remove what a run before has left there.

        Raises:
            StartError: no file can be made there, or something else is there.
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
        """Set the file's time if all is well; else leave it as it is."""
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
            # What is wrong with the path is told by the attempt to make the file.
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
    """

    def __init__(self, port: int, host: str = "") -> None:
        """Listen on the port, of IPv4 and IPv6; 0 takes any free one.

        Without a host, on every interface.

        Raises:
            ListenError: it is taken, or not allowed.
        """
        try:
            self._listeners = bind(Address(host, port), _MOST_CONNECTIONS)
        except ListenError as error:
            raise ListenError(
                f"the liveness port {port} cannot be listened on: {error}"
            ) from None
        self._connections: dict[socket.socket, float] = {}
        self._healthy = False
        self._ready = False

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        number: int = self._listeners[0].getsockname()[1]
        return number

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have the selector tell of new connections; its data is this object."""
        for listener in self._listeners:
            selector.register(listener, selectors.EVENT_READ, self)

    def ready(self, ready: object, selector: selectors.BaseSelector) -> None:
        """Accept a connection, or answer what came on one."""
        if not isinstance(ready, socket.socket):
            return
        if ready in self._listeners:
            self._accept(ready, selector)
        else:
            self._answer(ready, selector)

    def tell(
        self, healthy: bool, selector: selectors.BaseSelector, *, ready: bool = False
    ) -> None:
        """Remember what to answer; hang up on who asks nothing."""
        self._healthy = healthy
        self._ready = ready
        now = time.monotonic()
        for connection, since in list(self._connections.items()):
            if now - since > _PATIENCE:
                self._drop(connection, selector)

    def close(self) -> None:
        """Stop listening, and close what is open; also after a fork."""
        for listener in self._listeners:
            listener.close()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _accept(
        self, listener: socket.socket, selector: selectors.BaseSelector
    ) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            if len(self._connections) >= _MOST_CONNECTIONS:
                connection.close()
                return
            connection.setblocking(False)
            self._connections[connection] = time.monotonic()
            selector.register(connection, selectors.EVENT_READ, self)

    def _answer(
        self, connection: socket.socket, selector: selectors.BaseSelector
    ) -> None:
        """Answer whatever was asked: the first bytes of it are enough."""
        with contextlib.suppress(OSError):
            if asked := connection.recv(65536):
                is_well = self._ready if _READY.match(asked) else self._healthy
                line = _ANSWERS[is_well]
                length = 3 if is_well else 4
                connection.send(line % (_HEADERS % length))
                connection.shutdown(socket.SHUT_WR)
        self._drop(connection, selector)

    def _drop(
        self, connection: socket.socket, selector: selectors.BaseSelector
    ) -> None:
        selector.unregister(connection)
        del self._connections[connection]
        connection.close()
