"""Connect to a job server in a thread, because looking up its name may block."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from geartrain.transport import forks
from geartrain.transport.connect import Connector

__all__ = ["Connecting"]


class Connecting:
    """Connects to one job server each time it is started.

    Attributes:
        found: the connection or the error; None before and after.
    """

    def __init__(self, connector: Connector, done: Callable[[], None]) -> None:
        """``done`` is called in the thread when ``found`` is set."""
        self.found: socket.socket | Exception | None = None
        self._connector = connector
        self._done = done
        self._is_closed = False
        self._lock = threading.Lock()

    def start(self, timeout: float) -> None:
        """Start the thread; raises RuntimeError if the system has no thread."""
        name = f"connect {self._connector}"
        threading.Thread(
            target=self._connect, args=(timeout,), name=name, daemon=True
        ).start()

    def _connect(self, timeout: float) -> None:
        found: socket.socket | Exception
        try:
            found = self._connector.connect(timeout)
            if isinstance(found, socket.socket):
                forks.own(found)
        except Exception as error:
            found = error
        with self._lock:
            self.found = found
            if self._is_closed:
                self.abandon()
                return
        self._done()

    def take(self) -> socket.socket | Exception | None:
        """Return the connection or error, once."""
        found, self.found = self.found, None
        return found

    def close(self) -> None:
        """Close a connection that was not taken, or will be made."""
        with self._lock:
            self.abandon()

    def abandon(self) -> None:
        """Close without the lock, after an interruption at any step."""
        self._is_closed = True
        found = self.take()
        if isinstance(found, socket.socket):
            found.close()
