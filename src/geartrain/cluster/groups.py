"""Groups: equal workers of this job server, as links to other job servers see them.

To its peers a job server is one worker for each group, which has as many jobs at once
as workers of the group sleep. A peer gives it no job that these could not run at once,
whatever other groups have to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.cluster.line import PeerLine
    from geartrain.engine.jobs.helping import Helping
    from geartrain.engine.model.crews import Crew

__all__ = ["Group"]


class Group:
    """Equal workers, and who wants to give them jobs.

    Attributes:
        crews: the crews of the engine that they are; empty if none is left.
        abilities: the functions that they can do.
        turns: those of them whose limits are the peers' to use for now.
        names: those of these of which one more job may start soon.
        claims: how many of those that sleep are about to be given a job: one was asked
            for, or is on its way to the engine.
        has_room: claims were given up while a line waits: ``serve`` it.
    """

    def __init__(self) -> None:
        self.crews: list[Crew] = []
        self.abilities: tuple[bytes, ...] = ()
        self.turns: frozenset[bytes] = frozenset()
        self.names: tuple[bytes, ...] = ()
        self.claims = 0
        self.has_room = False
        self._waiting: dict[PeerLine, None] = {}

    def change(self, crews: Sequence[Crew], helping: Helping, now: float) -> None:
        """Learn which crews they are now, and what these can do and may begin."""
        self.crews = list(crews)
        abilities = helping.abilities(crews[0]) if crews else []
        self.abilities = tuple(abilities)
        self.turns = frozenset(filter(helping.has_turn, abilities))
        self.names = tuple(
            each
            for each in abilities
            if each in self.turns and helping.has_room(each, now)
        )
        self._tell_wanted()

    def free(self) -> int:
        """Return how many jobs those that sleep can take that nobody has claimed."""
        places = sum(len(crew.sleepers) + crew.spare for crew in self.crews)
        return places - self.claims

    def claim(self) -> None:
        """Count one that sleeps as about to be given a job."""
        self.claims += 1

    def unclaim(self, count: int = 1) -> None:
        """Give up claims: the workers have the jobs, or there are none."""
        self.claims -= count
        if self._waiting:
            self.has_room = True

    def wait(self, line: PeerLine) -> None:
        """Let a line know when a worker is free; those that waited longer come first.

        Of several peers each has its turn by that.
        """
        self._waiting.setdefault(line)
        self._tell_wanted()

    def leave(self, line: PeerLine) -> None:
        """Let a line wait no more."""
        self._waiting.pop(line, None)
        self._tell_wanted()

    def serve(self, now: float) -> list[PeerLine]:
        """Let lines ask for jobs while workers are free; return those that may have."""
        self.has_room = False
        served = []
        for line in list(self._waiting):
            if self.free() <= 0:
                break
            self.leave(line)
            line.look(now)
            served.append(line)
        return served

    def _tell_wanted(self) -> None:
        for crew in self.crews:
            crew.is_wanted = len(self._waiting) > 0
