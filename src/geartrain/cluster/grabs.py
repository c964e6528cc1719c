"""Grabs: the jobs that a line has asked its peer for, one by one."""

from __future__ import annotations

from typing import Final

from geartrain.cluster.groups import Group
from geartrain.errors import ProtocolError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request

__all__ = ["Grabs"]

# Jobs that are asked for at first. It grows with each that is given, so that many are
# taken in few round trips, and few are refused where there is one.
_FIRST: Final = 8

_GRAB: Final = request(PacketType.GRAB_JOB_ALL)


class Grabs:
    """Asks for as many jobs as workers of a group are free, a claim for each.

    Attributes:
        is_asleep: the peer has no job, and says when it has.
        is_extra: the next job that comes was asked for though no worker is free.
    """

    def __init__(self, group: Group) -> None:
        self.is_asleep = False
        self.is_extra = False
        self._group = group
        self._open = 0
        self._window = _FIRST

    def __bool__(self) -> bool:
        """Tell whether an answer is still to come."""
        return self._open > 0

    def ask(self) -> list[bytes]:
        """Return what asks for a job for each worker that is free."""
        asked = []
        while self._open < self._window and self._group.free() > 0:
            asked.append(self.ask_once())
        return asked

    def ask_once(self, is_extra: bool = False) -> bytes:
        """Return what asks for one job, whether a worker is free or not."""
        self._group.claim()
        self._open += 1
        self.is_extra = is_extra
        return _GRAB

    def take(self) -> bool:
        """Count a job that came, whose claim goes on; tell whether it was extra.

        Raises:
            ProtocolError: nothing was asked for.
        """
        self._answered()
        self._window += 1
        is_extra, self.is_extra = self.is_extra, False
        return is_extra

    def refuse(self) -> bool:
        """Count the word that there is no job; tell whether to sleep for that.

        Raises:
            ProtocolError: nothing was asked for.
        """
        self._answered()
        self._group.unclaim()
        self.is_extra = False
        self._window = _FIRST
        self.is_asleep = self._open == 0
        return self.is_asleep

    def end(self) -> None:
        """Expect no more answers."""
        self._group.unclaim(self._open)
        self._open = 0

    def _answered(self) -> None:
        if self._open == 0:
            raise ProtocolError(
                b"UNEXPECTED_PACKET", b"the job server answered a grab it was not sent"
            )
        self._open -= 1
