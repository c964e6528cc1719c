"""The channel between a process of workers and its parent, over a pair of sockets.

A note on it is one line of JSON, perhaps with a descriptor. What concerns every single
job is on the scoreboard instead.

Descriptors are passed by ``socket.send_fds``, and not by multiprocessing: that runs a
thread and a listening socket for it, and only between processes that it has started.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from dataclasses import dataclass
from typing import Any

from geartrain.transport.descriptors import Owned

__all__ = ["Channel", "Note", "channel_pair"]

_CHUNK = 65536
_MOST_DESCRIPTORS = 64


@dataclass(frozen=True)
class Note:
    """What one side tells the other.

    Attributes:
        kind: the kind of note, such as ``loaded``.
        values: its other contents.
        descriptor: a descriptor that came with it, for the receiver to close; or None.
    """

    kind: str
    values: dict[str, Any]
    descriptor: int | None = None


class Channel:
    """One end of a channel: any thread may send, one receives.

    Attributes:
        is_closed: whether nothing more comes from the other side.
    """

    def __init__(self, end: socket.socket) -> None:
        """Take an end of a pair."""
        self._end = end
        self._owned = Owned(end.fileno())
        self._lock = threading.Lock()
        self._bytes = b""
        self._descriptors: list[int] = []
        self.is_closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait on before ``receive``."""
        return self._end.fileno()

    @property
    def is_intact(self) -> bool:
        """Return whether the descriptor is still this end's, and no other file's."""
        return self._owned.is_ours()

    def send(self, kind: str, descriptor: int | None = None, **values: Any) -> None:
        """Send a note; do nothing if the other side or this end is gone."""
        line = json.dumps({"kind": kind, "fd": descriptor is not None, **values})
        data = line.encode() + b"\n"
        with self._lock, contextlib.suppress(OSError):
            if not self.is_intact:
                return
            sent = 0
            if descriptor is not None:
                sent = socket.send_fds(self._end, [data], [descriptor])
            self._end.sendall(data[sent:])

    def receive(self) -> list[Note]:
        """Return the next notes; set ``is_closed`` when there will be no more.

        Raises:
            BlockingIOError: there are none yet, and this end does not block.
        """
        try:
            data, descriptors = self._received()
        except BlockingIOError:
            raise
        except OSError:
            data, descriptors = b"", []
        self.is_closed = not data
        self._descriptors += descriptors
        *lines, self._bytes = (self._bytes + data).split(b"\n")
        try:
            return [self._note(json.loads(line)) for line in lines]
        except (ValueError, LookupError, TypeError, AttributeError):
            # The worker's code has written to a descriptor that is not its own.
            self.is_closed = True
            return []

    def _received(self) -> tuple[bytes, list[int]]:
        if not self.is_intact:
            return b"", []
        data, descriptors, _, _ = socket.recv_fds(self._end, _CHUNK, _MOST_DESCRIPTORS)
        return data, descriptors

    def set_blocking(self, blocks: bool) -> None:
        """Set whether ``receive`` waits; at first it does."""
        self._end.setblocking(blocks)

    def close(self) -> None:
        """Close this end, and descriptors that no note has handed out."""
        if self.is_intact:
            self._end.close()
        else:
            self._end.detach()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def abandon(self) -> None:
        """Close this end in a forked process, even if a thread was just sending."""
        self._lock = threading.Lock()
        self.close()

    def _note(self, values: dict[str, Any]) -> Note:
        kind = values.pop("kind")
        # Descriptors come in the order of their notes. One that this process has no
        # room for does not come.
        expects = values.pop("fd") and bool(self._descriptors)
        descriptor = self._descriptors.pop(0) if expects else None
        return Note(kind, values, descriptor)


def channel_pair() -> tuple[Channel, Channel]:
    """Return the two ends of a channel."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return Channel(here), Channel(there)
