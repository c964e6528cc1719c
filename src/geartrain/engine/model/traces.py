"""Traces: the packets of a connection as they pass, for whoever looks for a fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from geartrain.engine.timers import Timed
from geartrain.protocol.constants import (
    HEADER_SIZE,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    PacketType,
)

if TYPE_CHECKING:
    from geartrain.engine.model.peers import Peer

__all__ = ["IN", "OUT", "Framing", "Sighting", "Trace", "Traced"]

IN: Final = "in"
"""What the connection sent to the job server."""
OUT: Final = "out"
"""What the job server sent to it."""

_NAMES: Final[dict[int, str]] = {each.value: each.name for each in PacketType}


class Sighting:
    """One packet, or line of text, that passed."""

    def __init__(self, name: str, size: int, first: bytes) -> None:
        self.name = name
        """Its packet type, ``text`` for a line, or ``garbage``."""
        self.size = size
        """The bytes of its arguments, or of the line."""
        self.first = first
        """The first of these."""


class Framing:
    """Finds packets and lines in one direction, and keeps no more than is shown."""

    def __init__(self, first: int) -> None:
        """Show the ``first`` bytes of each."""
        self._most = first
        self._begun = b""
        self._name = ""
        self._size = 0
        self._missing = 0
        self._first = b""

    def feed(self, data: bytes) -> Iterator[Sighting]:
        """Give what ends in these bytes."""
        while data:
            if self._name == "text":
                data, seen = self._line(data)
            elif self._name:
                data, seen = self._arguments(data)
            else:
                data, seen = self._begin(data)
            if seen is not None:
                self._name, self._first = "", b""
                yield seen

    def _begin(self, data: bytes) -> tuple[bytes, Sighting | None]:
        """Read the header of a packet, or find that it is text."""
        missing = HEADER_SIZE - len(self._begun)
        begun = self._begun + data[:missing]
        if begun[:1] != b"\0":
            self._name, self._size = "text", 0
            self._begun = b""
            return data, None
        self._begun = begun
        if len(begun) < HEADER_SIZE:
            return b"", None
        self._begun = b""
        if begun[:4] not in (REQUEST_MAGIC, RESPONSE_MAGIC):
            # Where the next packet begins nobody knows: the connection will be closed.
            return b"", Sighting("garbage", len(data), (begun + data)[: self._most])
        number = int.from_bytes(begun[4:8], "big")
        self._name = _NAMES.get(number, f"type {number}")
        self._size = self._missing = int.from_bytes(begun[8:12], "big")
        rest = data[missing:]
        return (rest, None) if self._missing else (rest, self._seen())

    def _arguments(self, data: bytes) -> tuple[bytes, Sighting | None]:
        room = self._most - len(self._first)
        self._first += data[: min(room, self._missing)]
        taken = min(self._missing, len(data))
        self._missing -= taken
        return data[taken:], None if self._missing else self._seen()

    def _line(self, data: bytes) -> tuple[bytes, Sighting | None]:
        end = data.find(b"\n") + 1
        line = data[:end] if end else data
        self._first += line[: self._most - len(self._first)]
        self._size += len(line)
        return (data[end:], self._seen()) if end else (b"", None)

    def _seen(self) -> Sighting:
        return Sighting(self._name, self._size, self._first)


class Traced:
    """One connection that is traced, in both directions."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        """Who wants to know."""
        self.received = Framing(trace.first)
        """What it sends."""
        self.sent = Framing(trace.first)
        """What it is sent."""


class Trace(Timed):
    """What one peer wants to see; its timer rings when it has seen enough."""

    def __init__(
        self, watcher: Peer, number: int, address: bytes, most: int, first: int
    ) -> None:
        super().__init__()
        self.watcher = watcher
        """The peer that is told."""
        self.number = number
        """The number of the connection; 0 for all of an address."""
        self.address = address
        """The address; empty for one connection."""
        self.left = most
        """How many more packets are told."""
        self.first = first
        """How many bytes of each are told."""
        self.missed = 0
        """How many passed untold, since the peer has not read what it was told."""

    def takes(self, peer: Peer) -> bool:
        """Tell whether a connection is traced."""
        if self.number:
            return peer.number == self.number
        return peer.address == self.address
