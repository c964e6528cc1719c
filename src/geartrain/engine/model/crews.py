"""Crews: workers of equal abilities, who choose their next job in one way.

All workers that registered the same functions in the same order form one crew. How it
chooses is in ``dispatch.crews``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geartrain.engine.model.functions import Function
    from geartrain.engine.model.jobs import Job
    from geartrain.engine.model.peers import Peer

__all__ = ["Crew"]


class Crew(ABC):
    """Workers of equal abilities."""

    def __init__(self, functions: list[Function]) -> None:
        """Take functions, the newest registration first."""
        self.functions: dict[Function, None] = dict.fromkeys(reversed(functions))
        """What they can do, the oldest registration first."""
        self.key: tuple[bytes, ...] | None = None
        """Their names, by which other workers find this crew; None if it is private."""
        self.is_of_nodes = False
        """The workers are other job servers."""
        self.is_wanted = False
        """``Wakeups.stirred`` is told when one of them falls asleep."""
        self.members: dict[Peer, None] = {}
        """The workers."""
        self.sleepers: dict[Peer, None] = {}
        """The members that sleep; the last to fall asleep is woken first."""
        self.spare = 0
        """How many more jobs than one each those that sleep can take."""

    @abstractmethod
    def notice(self, function: Function, priority: int) -> None:
        """Learn that a function of theirs has a ready job of this priority."""

    @abstractmethod
    def next_job(self) -> Job | None:
        """Return these workers' next job, which the caller takes from its queue."""

    @abstractmethod
    def unpromised(self) -> Function | None:
        """Return a function with a ready job that no woken worker is coming for."""

    @abstractmethod
    def candidate_count(self) -> int:
        """Return how many functions ``unpromised`` looks at."""

    @abstractmethod
    def _forget(self, function: Function) -> None:
        """Take no more of a function's jobs."""

    def lull(self, peer: Peer) -> None:
        """Count a member among the sleepers."""
        self.sleepers[peer] = None
        if peer.slots > 1:
            peer.spare = max(0, peer.slots - len(peer.running) - 1)
            self.spare += peer.spare

    def stir(self, peer: Peer) -> None:
        """Count a member among the sleepers no more, if it is still."""
        self.sleepers.pop(peer, None)
        if peer.spare:
            self.spare -= peer.spare
            peer.spare = 0

    def add(self, function: Function) -> None:
        """Let the workers do one function more, which is their newest."""
        self.functions[function] = None
        self.learn_of(function)

    def discard(self, function: Function) -> None:
        """Let the workers do a function no more."""
        del self.functions[function]
        self._forget(function)

    def learn(self) -> None:
        """Notice every ready job there is; called once, when the crew forms."""
        for function in reversed(self.functions):
            self.learn_of(function)

    def learn_of(self, function: Function) -> None:
        """Notice the ready jobs of a function."""
        for priority in range(3):
            if function.ready[priority].size():
                self.notice(function, priority)
