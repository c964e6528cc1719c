"""How the workers of a crew choose their next job.

A crew knows which of its functions have ready jobs, so that a grab looks at no other
function, however many there are. A paused one drops out when it is met, like one
without jobs, and is noticed again when it is resumed.
"""

from __future__ import annotations

import heapq
from collections import deque

from geartrain.engine.model.crews import Crew
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job

__all__ = ["InOrderCrew", "NodeCrew", "PriorityCrew", "TurnsCrew"]


class _Ring:
    """Functions that take turns; those without ready jobs drop out when met."""

    def __init__(self) -> None:
        self._order: deque[Function] = deque()
        self._inside: set[Function] = set()

    def add(self, function: Function) -> None:
        """Let a function take part, once."""
        if function not in self._inside:
            self._inside.add(function)
            self._order.append(function)

    def discard(self, function: Function) -> None:
        """Let a function take part no more."""
        if function in self._inside:
            self._inside.discard(function)
            self._order.remove(function)

    def size(self) -> int:
        """Return how many functions take part."""
        return len(self._order)

    def unpromised(self) -> Function | None:
        """Return the first function with a ready job that nobody is coming for.

        If there is none, those without ready jobs drop out, so that they are not
        looked at again and again.
        """
        if not self._order:
            return None
        for function in self._order:
            if function.unpromised():
                return function
        ready = [function for function in self._order if function.grabbable_count()]
        if len(ready) < len(self._order):
            self._order = deque(ready)
            self._inside = set(ready)
        return None

    def next_job(self, best: int, worst: int) -> Job | None:
        """Return a job of the function whose turn it is, the best priority first.

        ``best`` and ``worst`` say which priorities count.
        """
        order = self._order
        while order:
            function = order[0]
            for priority in range(best, worst + 1):
                job = function.first(priority)
                if job is not None:
                    if len(order) > 1:
                        order.rotate(-1)
                    return job
            order.popleft()
            self._inside.discard(function)
        return None


class PriorityCrew(Crew):
    """gearmand 2.0: priority counts across functions, equals take turns."""

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

    def next_job(self) -> Job | None:
        """Return a high job of any function before a normal one before a low one."""
        job = self._high.next_job(0, 0)
        if job is None:
            job = self._normal.next_job(1, 1)
        if job is None:
            job = self._low.next_job(2, 2)
        return job

    def unpromised(self) -> Function | None:
        """Return a function with a ready job that no woken worker is coming for."""
        function = self._high.unpromised()
        if function is None:
            function = self._normal.unpromised()
        if function is None:
            function = self._low.unpromised()
        return function

    def candidate_count(self) -> int:
        """Return how many functions the three rings hold."""
        return self._high.size() + self._normal.size() + self._low.size()

    def _forget(self, function: Function) -> None:
        self._high.discard(function)
        self._normal.discard(function)
        self._low.discard(function)


class TurnsCrew(Crew):
    """gearmand 1.1 with ``--round-robin``: functions take turns, then priority."""

    def __init__(self, functions: list[Function]) -> None:
        super().__init__(functions)
        self._ring = _Ring()

    def notice(self, function: Function, priority: int) -> None:
        """Let the function take turns."""
        self._ring.add(function)

    def next_job(self) -> Job | None:
        """Return the best job of the function whose turn it is."""
        return self._ring.next_job(0, 2)

    def unpromised(self) -> Function | None:
        """Return a function with a ready job that no woken worker is coming for."""
        return self._ring.unpromised()

    def candidate_count(self) -> int:
        """Return how many functions the ring holds."""
        return self._ring.size()

    def _forget(self, function: Function) -> None:
        self._ring.discard(function)


class InOrderCrew(Crew):
    """gearmand 1.1: the newest registered function is drained first."""

    def __init__(self, functions: list[Function]) -> None:
        super().__init__(functions)
        # The newer a function, the lower its position.
        self._newest = 0
        self._positions: dict[Function, int] = {}
        self._by_position: dict[int, Function] = {}
        for function in self.functions:
            self._place(function)
        self._ready: list[int] = []
        self._waiting: set[int] = set()

    def _place(self, function: Function) -> None:
        self._newest -= 1
        self._positions[function] = self._newest
        self._by_position[self._newest] = function

    def add(self, function: Function) -> None:
        """Let the workers do one function more, which is their newest."""
        self._place(function)
        super().add(function)

    def notice(self, function: Function, priority: int) -> None:
        """Remember the function by its place in the order."""
        position = self._positions[function]
        if position not in self._waiting:
            self._waiting.add(position)
            heapq.heappush(self._ready, position)

    def next_job(self) -> Job | None:
        """Return the best job of the first function that has one."""
        while self._ready:
            position = self._ready[0]
            function = self._by_position[position]
            for priority in range(3):
                job = function.first(priority)
                if job is not None:
                    return job
            heapq.heappop(self._ready)
            self._waiting.discard(position)
        return None

    def unpromised(self) -> Function | None:
        """Return a function with a ready job that no woken worker is coming for."""
        for position in self._ready:
            function = self._by_position[position]
            if function.unpromised():
                return function
        functions = self._by_position
        self._keep([each for each in self._ready if functions[each].grabbable_count()])
        return None

    def candidate_count(self) -> int:
        """Return how many functions were noticed."""
        return len(self._ready)

    def _keep(self, ready: list[int]) -> None:
        """Forget that other positions than these were noticed."""
        if len(ready) < len(self._ready):
            heapq.heapify(ready)
            self._ready = ready
            self._waiting = set(ready)

    def _forget(self, function: Function) -> None:
        position = self._positions.pop(function)
        del self._by_position[position]
        if position in self._waiting:
            self._keep([each for each in self._ready if each != position])


class NodeCrew(Crew):
    """Other job servers: priority counts across functions, equals take turns.

    They are given no job that another job server has given to this one.
    """

    def __init__(self, functions: list[Function]) -> None:
        super().__init__(functions)
        self.is_of_nodes = True
        self._noticed: dict[Function, None] = {}

    def notice(self, function: Function, priority: int) -> None:
        """Let the function take turns."""
        self._noticed[function] = None

    def next_job(self) -> Job | None:
        """Return a high job of any function before a normal one before a low one."""
        for priority in range(3):
            for function in self._noticed:
                job = function.first_for_nodes(priority)
                if job is not None:
                    # Its next turn comes after all others'.
                    del self._noticed[function]
                    self._noticed[function] = None
                    return job
        return None

    def unpromised(self) -> Function | None:
        """Return a function with a ready job that no woken worker is coming for."""
        for function in self._noticed:
            if function.unpromised() and function.is_for_nodes():
                return function
        for function in list(self._noticed):
            if not function.grabbable_count():
                del self._noticed[function]
        return None

    def candidate_count(self) -> int:
        """Return how many functions were noticed."""
        return len(self._noticed)

    def _forget(self, function: Function) -> None:
        self._noticed.pop(function, None)
