"""What a peer is told that the workers of a group can do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from geartrain.protocol.constants import PacketType
from geartrain.protocol.nodes import LATER
from geartrain.protocol.packets import request

__all__ = ["Offer"]

# Seconds from a refusal until all is offered again: rights may have been given.
_AGAIN: Final = 60.0


class Offer:
    """The functions that one connection has registered at a peer."""

    def __init__(self) -> None:
        self._names: dict[bytes, None] = {}
        # Those of which the peer gives nothing for now, although it knows of them.
        self._later: set[bytes] = set()
        self._knows_later = True
        self._refused_at = 0.0

    def __iter__(self) -> Iterator[bytes]:
        """Go over the names of the functions, the oldest first."""
        return iter(self._names)

    def __bool__(self) -> bool:
        """Tell whether jobs of any are wanted now."""
        return len(self._names) > len(self._later)

    def is_wanted(self, name: bytes) -> bool:
        """Tell whether jobs of a function are wanted now."""
        return name in self._names and name not in self._later

    def is_put_off(self, name: bytes) -> bool:
        """Tell whether a function is offered, but for later."""
        return name in self._later

    def add(self, names: Sequence[bytes]) -> list[bytes]:
        """Want jobs of these, too; return the packets that say so."""
        added = [name for name in names if not self.is_wanted(name)]
        self._names |= dict.fromkeys(added)
        self._later.difference_update(added)
        return [request(PacketType.CAN_DO, name) for name in added]

    def put_off(self, names: Iterable[bytes]) -> list[bytes]:
        """Want no jobs of these for now; return the packets that say so.

        The peer learns of all of them that there are workers.
        """
        chosen = dict.fromkeys(names)
        if not self._knows_later:
            return self.take_back(self._names.keys() - chosen.keys())
        packets = []
        for name in chosen:
            if name not in self._names:
                packets += self.add([name])
            if name not in self._later:
                self._later.add(name)
                packets.append(request(PacketType.OPTION_REQ, LATER + name))
        return packets

    def refuse_later(self) -> list[bytes]:
        """Offer no more what was put off: the peer has no word for that.

        Returns the packets that say so.
        """
        self._knows_later = False
        return self.put_off(self._later)

    def take_back(self, kept: Collection[bytes]) -> list[bytes]:
        """Offer only these any more; return the packets that say so."""
        gone = [each for each in self._names if each not in kept]
        for name in gone:
            del self._names[name]
        self._later.difference_update(gone)
        return [request(PacketType.CANT_DO, name) for name in gone]

    def refuse(self, now: float) -> None:
        """Note that the peer does not want something of it."""
        self._refused_at = now

    def again(self, now: float) -> list[bytes]:
        """Return the packets that offer all again, some time after a refusal."""
        if not self._refused_at or now - self._refused_at < _AGAIN:
            return []
        self._refused_at = 0.0
        wanted = filter(self.is_wanted, self._names)
        return [request(PacketType.CAN_DO, name) for name in wanted]
