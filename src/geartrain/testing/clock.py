"""A clock for tests: it runs as the system's does, and can be moved ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from geartrain.errors import OptionError
from geartrain.server.clock import Clock

__all__ = ["MovedClock", "advance"]

# The least that a clock is moved at a time, in seconds.
_STEP: Final = 0.001


class MovedClock(Clock):
    """The system's clocks, ahead by as much as they were moved.

    Attributes:
        moved: by how many seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moved = 0.0
        self._steady, self._calendar = self.monotonic, self.time
        self._all = self.sleepless
        self.monotonic = self._monotonic
        self.time = self._time
        self.sleepless = self._sleepless

    def _monotonic(self) -> float:
        return self._steady() + self.moved

    def _time(self) -> float:
        return self._calendar() + self.moved

    def _sleepless(self) -> float:
        return self._all() + self.moved


def advance(
    clock: MovedClock, seconds: float, deadline: Callable[[], float | None]
) -> Iterator[None]:
    """Move a clock ahead from one deadline to the next, and stop at each of them.

    Raises:
        OptionError: ``seconds`` is no number from 0 on.
    """
    if not 0 <= seconds < float("inf"):
        raise OptionError(f"a clock cannot be moved by {seconds} s: it only goes on")
    target = clock.moved + seconds
    while clock.moved < target:
        step = target - clock.moved
        due = deadline()
        if due is not None:
            step = min(step, max(due - clock.monotonic(), _STEP))
        clock.moved = min(clock.moved + step, target)
        yield
