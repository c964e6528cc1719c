"""The clocks a job server goes by."""

from __future__ import annotations

import time

__all__ = ["Clock"]


class Clock:
    """The system's clocks; one that is moved by hand replaces both functions.

    Attributes:
        monotonic: the steady clock, in seconds; it never goes back.
        time: the calendar's, in seconds since 1970.
    """

    def __init__(self) -> None:
        self.monotonic = time.monotonic
        self.time = time.time
