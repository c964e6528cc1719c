"""A client's socket to a job server in the same thread."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["InlineSocket"]


class InlineSocket(socket.socket):
    """A socket whose data the job server processes before ``send`` returns.

    What it receives waits in the system's buffer, so that it can be polled. The rest
    follows as the buffer is read.
    """

    def __init__(self) -> None:
        """Make one without a job server: set ``on_data`` and ``on_close``."""
        ours, self._theirs = socket.socketpair()
        super().__init__(ours.family, ours.type, ours.proto, fileno=ours.detach())
        self._theirs.setblocking(False)
        self._due: deque[bytes] = deque()
        self._is_ending = False
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_close: Callable[[], None] = lambda: None

    def deliver(self, pieces: Iterable[bytes]) -> None:
        """Let these bytes be received."""
        self._due.extend(pieces)
        self._flush()

    def end(self) -> None:
        """Close the connection after everything was sent."""
        self._is_ending = True
        self._flush()

    def _flush(self) -> None:
        """Fill the system's buffer."""
        due = self._due
        try:
            while due:
                sent = self._theirs.send(due[0])
                piece = due.popleft()
                if sent < len(piece):
                    due.appendleft(piece[sent:])
        except BlockingIOError:
            return
        except OSError:
            # The client has closed its end.
            due.clear()
        if self._is_ending:
            self._theirs.close()

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send all of it, and process it."""
        with memoryview(data) as view:
            size = view.nbytes
            self.on_data(view.tobytes())
        return size

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all of it, and process it."""
        self.send(data)

    def sendmsg(self, buffers: Iterable[Any], *others: Any) -> int:
        """Send all of them, and process them."""
        return self.send(b"".join(buffers))

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive as any socket does."""
        data = super().recv(size, flags)
        self._flush()
        return data

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0, /) -> int:
        """Receive as any socket does."""
        count = super().recv_into(buffer, size, flags)
        self._flush()
        return count

    def close(self) -> None:
        """Disconnect from the job server."""
        on_close, self.on_close = self.on_close, lambda: None
        on_close()
        self._theirs.close()
        super().close()
