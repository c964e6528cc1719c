"""What a peer is told that the workers of a group can do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request

__all__ = ["Offer"]

# Seconds from a refusal until all is offered again: rights may have been given.
_AGAIN: Final = 60.0


class Offer:
    """The functions that one connection has registered at a peer."""

    def __init__(self) -> None:
        self._names: dict[bytes, None] = {}
        self._refused_at = 0.0

    def __iter__(self) -> Iterator[bytes]:
        """Go over the names of the functions, the oldest first."""
        return iter(self._names)

    def __contains__(self, name: bytes) -> bool:
        """Tell whether a function is offered."""
        return name in self._names

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self._names)

    def add(self, names: Sequence[bytes]) -> list[bytes]:
        """Offer what is new among these; return the packets that say so."""
        added = [name for name in names if name not in self._names]
        self._names |= dict.fromkeys(added)
        return [request(PacketType.CAN_DO, name) for name in added]

    def take_back(
        self, names: Collection[bytes], kept: Collection[bytes]
    ) -> list[bytes]:
        """Offer what is not among these names no more, unless it is ``kept``.

        Returns the packets that say so.
        """
        gone = [each for each in self._names if not (each in names or each in kept)]
        for name in gone:
            del self._names[name]
        return [request(PacketType.CANT_DO, name) for name in gone]

    def refuse(self, now: float) -> None:
        """Note that the peer does not want something of it."""
        self._refused_at = now

    def again(self, now: float) -> list[bytes]:
        """Return the packets that offer all again, some time after a refusal."""
        if not self._refused_at or now - self._refused_at < _AGAIN:
            return []
        self._refused_at = 0.0
        return [request(PacketType.CAN_DO, name) for name in self._names]
