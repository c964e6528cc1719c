"""Notes between a process of workers and its parent, over a pair of sockets.

A note is one line of JSON; a descriptor may go with it. What is said for every job is
on the board instead.
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

__all__ = ["Note", "Notes", "notes_pair"]

_CHUNK = 65536
_MOST_DESCRIPTORS = 64


@dataclass(frozen=True)
class Note:
    """Something that one side tells the other.

    Attributes:
        kind: what it is about.
        values: the rest of it.
        descriptor: that came with it, the receiver's to close; None for none.
    """

    kind: str
    values: dict[str, Any]
    descriptor: int | None = None


class Notes:
    """One end: any thread may send, one receives.

    Attributes:
        is_closed: nothing more comes from the other side.
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
        """Return what to wait on before ``receive``."""
        return self._end.fileno()

    @property
    def is_intact(self) -> bool:
        """Tell whether the descriptor is still the one of this end."""
        return self._owned.is_ours()

    def send(self, kind: str, descriptor: int | None = None, **values: Any) -> None:
        """Tell the other side; nothing happens if it is gone, or this end is."""
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
        """Return the next of what has come; sets ``is_closed`` at the end of all.

        Raises:
            BlockingIOError: nothing has come, at an end that does not block.
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
            # The other side's program writes to descriptors that are not its own.
            self.is_closed = True
            return []

    def _received(self) -> tuple[bytes, list[int]]:
        if not self.is_intact:
            return b"", []
        data, descriptors, _, _ = socket.recv_fds(self._end, _CHUNK, _MOST_DESCRIPTORS)
        return data, descriptors

    def set_blocking(self, blocks: bool) -> None:
        """Have this end wait for what comes, or not; at first it waits."""
        self._end.setblocking(blocks)

    def close(self) -> None:
        """Close this end, and descriptors that came and were not handed out."""
        if self.is_intact:
            self._end.close()
        else:
            self._end.detach()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def abandon(self) -> None:
        """Close this end in a forked process, whatever another thread did at that."""
        self._lock = threading.Lock()
        self.close()

    def _note(self, values: dict[str, Any]) -> Note:
        kind = values.pop("kind")
        # They come in the order of the notes they belong to; one that this process has
        # no room for does not come.
        expects = values.pop("fd") and bool(self._descriptors)
        descriptor = self._descriptors.pop(0) if expects else None
        return Note(kind, values, descriptor)


def notes_pair() -> tuple[Notes, Notes]:
    """Return two ends that are connected."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return Notes(here), Notes(there)
