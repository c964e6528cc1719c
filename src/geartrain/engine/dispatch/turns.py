"""Turns: how much is done for one peer before others have their turn.

Whatever a peer sends, the others are answered within milliseconds. So work is counted,
in units of about a microsecond of the compiled core: no clock is read for it. Each
message, each row of a listing and each client that a packet is sent on to costs some.
A peer that has used up its share leaves the rest of its input for the next turn of the
event loop, where those with something left take turns; meanwhile nothing more is read
from it. What is nobody's, such as the jobs of a peer that left, is a chore, done a
piece a turn.

A step that cannot be divided has to be short: what grows with the number of functions,
jobs or peers is a generator, or is counted so that few such steps fit into a turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from geartrain.engine.model.peers import Peer

__all__ = [
    "LIGHT",
    "LISTING",
    "MESSAGE",
    "PEER_SHARE",
    "READ",
    "TURN_SHARE",
    "WAIT",
    "Turns",
]

# What a read came to: so little that the turn may end at once; more; or so much, for
# this peer or for the store, that it is not to be read from for now.
LIGHT: Final = 0
READ: Final = 1
WAIT: Final = 2

# Units for one peer at a time, about 4 ms: a read of 64 KiB full of submissions fits,
# so that a client that submits many jobs at once does not notice.
PEER_SHARE: Final = 4_000

# Units for all peers together in what is read in a turn, and again in what was left
# from earlier turns: so a turn takes about 15 ms at most.
TURN_SHARE: Final = 6_000

# Units for a peer that is read when those are used up: dozens of messages, more than
# most peers ever send at once, so that these need not wait behind those that have.
_LEAST_SHARE: Final = 100

# Units up to which the turn of one read may end before others are read.
_LIGHT: Final = 500

# Units of a message, whatever it is.
MESSAGE: Final = 2

# An answer of many rows begins only where this many units are left, so that one of
# moderate size goes out at once: libgearman's tools take the first read for the whole.
LISTING: Final = PEER_SHARE // 2


class Turns:
    """Who has something left for the next turn, and how much was done in this one."""

    def __init__(self) -> None:
        self.work = 0
        """The units counted since the start."""
        self._end = TURN_SHARE
        self.queue: dict[Peer, None] = {}
        """The peers to go on with, in their order, each once."""
        self.chores: deque[Iterator[None]] = deque()
        """What is nobody's, in its order; each step of one is short."""
        self.freed: list[Peer] = []
        """Peers that have nothing left and can be read from again."""

    def limit(self) -> int:
        """Return up to which number of units a peer that was read may work now."""
        return self.work + (PEER_SHARE if self.work < self._end else _LEAST_SHARE)

    def is_light(self) -> bool:
        """Tell whether so little was done in this turn that it may end at once."""
        return self.work < self._end - TURN_SHARE + _LIGHT

    def end(self) -> None:
        """End the turn: from here on the next one counts."""
        self._end = self.work + TURN_SHARE

    def add(self, peer: Peer) -> None:
        """Go on with a peer in the next turn, if it can go on and is not queued."""
        if peer.is_busy and not peer.is_blocked():
            self.queue[peer] = None

    def start(self, chore: Iterator[None]) -> None:
        """Do a chore now as far as a peer's share goes, and the rest in later turns."""
        limit = self.work + PEER_SHARE
        while not self.chores and self.work < limit:
            if _is_done(chore):
                return
        self.chores.append(chore)

    def work_off(self, end: int) -> None:
        """Do chores up to a number of units."""
        while self.chores and self.work < end:
            if _is_done(self.chores[0]):
                self.chores.popleft()


def _is_done(chore: Iterator[None]) -> bool:
    """Do one step of a chore; tell whether that was the last."""
    for _ in chore:
        return False
    return True
