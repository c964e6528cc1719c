"""Crews: workers of equal abilities, and how they choose their next job.

All workers that registered the same functions in the same order form one crew.
It knows which of its functions have ready jobs, so that a grab looks at no other
function, however many there are.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from geartrain.engine.functions import Function
from geartrain.engine.jobs import Job

if TYPE_CHECKING:
    from geartrain.engine.peers import Peer

__all__ = ["Crew", "InOrderCrew", "PriorityCrew", "TurnsCrew"]


class Crew(ABC):
    """Workers of equal abilities.

    Attributes:
        functions: what they can do, the newest registration first.
        members: the workers.
        sleepers: the members that sleep; the last to fall asleep is woken first.
    """

    __slots__ = ("functions", "members", "sleepers")

    def __init__(self, functions: list[Function]) -> None:
        self.functions = functions
        self.members: dict[Peer, None] = {}
        self.sleepers: dict[Peer, None] = {}

    @abstractmethod
    def notice(self, function: Function, priority: int) -> None:
        """Learn that a function of theirs has a ready job of this priority."""

    @abstractmethod
    def take(self) -> Job | None:
        """Take the job that is next for these workers from its queue."""

    @abstractmethod
    def candidates(self) -> list[Function]:
        """Return the functions that may have ready jobs."""

    def learn(self) -> None:
        """Notice every ready job there is; called once, when the crew forms."""
        for function in self.functions:
            for priority in range(3):
                if function.ready[priority].size():
                    self.notice(function, priority)

    def unpromised(self) -> Function | None:
        """Return a function with a ready job that no woken worker is coming for."""
        for function in self.candidates():
            if function.unpromised():
                return function
        return None


class _Ring:
    """Functions that take turns; those without ready jobs drop out when met."""

    __slots__ = ("_inside", "_order")

    def __init__(self) -> None:
        self._order: deque[Function] = deque()
        self._inside: set[Function] = set()

    def add(self, function: Function) -> None:
        """Let a function take part, once."""
        if function not in self._inside:
            self._inside.add(function)
            self._order.append(function)

    def functions(self) -> list[Function]:
        return list(self._order)

    def take(self, priorities: list[int]) -> Job | None:
        """Take a job of the function whose turn it is, the best priority first."""
        while self._order:
            function = self._order.popleft()
            for priority in priorities:
                job = function.ready[priority].pop()
                if job is not None:
                    self._order.append(function)
                    return job
            self._inside.discard(function)
        return None


class PriorityCrew(Crew):
    """gearmand 2.0: priority counts across functions, equals take turns."""

    __slots__ = ("_high", "_low", "_normal")

    def __init__(self, functions: list[Function]) -> None:
        super().__init__(functions)
        self._high = _Ring()
        self._normal = _Ring()
        self._low = _Ring()

    def notice(self, function: Function, priority: int) -> None:
        """Let the function take turns among those with jobs of this priority."""
        if priority == 1:
            self._normal.add(function)
        elif priority == 0:
            self._high.add(function)
        else:
            self._low.add(function)

    def take(self) -> Job | None:
        """Take a high job of any function before a normal one before a low one."""
        job = self._high.take([0])
        if job is None:
            job = self._normal.take([1])
        if job is None:
            job = self._low.take([2])
        return job

    def candidates(self) -> list[Function]:
        """Return the functions in any of the three rings."""
        return self._high.functions() + self._normal.functions() + self._low.functions()


class TurnsCrew(Crew):
    """gearmand 1.1 with ``--round-robin``: functions take turns, then priority."""

    __slots__ = ("_ring",)

    def __init__(self, functions: list[Function]) -> None:
        super().__init__(functions)
        self._ring = _Ring()

    def notice(self, function: Function, priority: int) -> None:
        """Let the function take turns."""
        self._ring.add(function)

    def take(self) -> Job | None:
        """Take the best job of the function whose turn it is."""
        return self._ring.take([0, 1, 2])

    def candidates(self) -> list[Function]:
        """Return the functions in the ring."""
        return self._ring.functions()


class InOrderCrew(Crew):
    """gearmand 1.1: the newest registered function is drained first."""

    __slots__ = ("_positions", "_ready", "_waiting")

    def __init__(self, functions: list[Function]) -> None:
        super().__init__(functions)
        self._positions = {
            function: position for position, function in enumerate(functions)
        }
        self._ready: list[int] = []
        self._waiting: set[int] = set()

    def notice(self, function: Function, priority: int) -> None:
        """Remember the function by its place in the order."""
        position = self._positions[function]
        if position not in self._waiting:
            self._waiting.add(position)
            heapq.heappush(self._ready, position)

    def take(self) -> Job | None:
        """Take the best job of the first function that has one."""
        while self._ready:
            position = self._ready[0]
            for queue in self.functions[position].ready:
                job = queue.pop()
                if job is not None:
                    return job
            heapq.heappop(self._ready)
            self._waiting.discard(position)
        return None

    def candidates(self) -> list[Function]:
        """Return the functions noticed, in no particular order."""
        return [self.functions[position] for position in self._ready]
