"""The clock of a job server for tests: the system's, which can be moved ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from geartrain.errors import OptionError
from geartrain.server.clock import Clock

__all__ = ["MovableClock", "MovedClock", "advance"]

# Minimum step of a clock that is moved, in seconds.
_STEP: Final = 0.001


class MovedClock(Clock):
    """The system's clocks, moved ahead.

    Attributes:
        moved: the number of seconds.
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


class MovableClock:
    """The movable clock of a job server for tests."""

    def __init__(self, clock: MovedClock, move: Callable[[float], None]) -> None:
        """Move the job server's ``clock`` by calling ``move`` with seconds."""
        self._clock = clock
        self._move = move

    def time(self) -> float:
        """Return the job server's time, in seconds since 1970."""
        return self._clock.time()

    def move(self, seconds: float) -> None:
        """Let ``seconds`` pass at once.

        Delayed jobs become ready, running ones time out, waiting ones outlive their
        time to live, recurring ones are submitted, each at its own time.
        ``InlineServer`` runs all jobs that become ready before this returns. Workers of
        a ``LocalServer`` run them meanwhile: see ``LocalServer.wait_idle``.

        Raises:
            OptionError: ``seconds`` is not a number from 0 on.
            StartError: the job server is not running.
        """
        self._move(seconds)


def advance(
    clock: MovedClock, seconds: float, deadline: Callable[[], float | None]
) -> Iterator[None]:
    """Move a clock ahead, and stop at each deadline on the way.

    Raises:
        OptionError: ``seconds`` is not a number from 0 on.
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
