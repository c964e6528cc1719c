"""The pulse of the job server's process: once a second its vitals are taken.

The event loop's lag is how late this comes. Whoever else waited then waited as long: a
turn of 100 ms is met by one pulse in ten, and one of a second by every one.
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections import deque
from typing import Final

from geartrain._build import core_build
from geartrain.engine.model.vitals import Vitals
from geartrain.server.machine import open_descriptors, resident

__all__ = ["Pulse"]

# Seconds from one pulse to the next, and how many are remembered.
_INTERVAL: Final = 1.0
_REMEMBERED: Final = 60


class Pulse:
    """Keeps a ``Vitals`` up to date, on the running event loop.

    Attributes:
        vitals: what it sees.
    """

    def __init__(self) -> None:
        self.vitals = Vitals()
        self.vitals.build = core_build()
        self.vitals.started = time.time()
        self._lags: deque[float] = deque(maxlen=_REMEMBERED)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take the vitals from now on."""
        self._look()
        self._wait()

    def stop(self) -> None:
        """Take them no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        due = self._loop.time() + _INTERVAL
        self._timer = self._loop.call_at(due, self._beat, due)

    def _beat(self, due: float) -> None:
        self._lags.append(max(0.0, self._loop.time() - due))
        self._look()
        self._wait()

    def _look(self) -> None:
        vitals = self.vitals
        vitals.lag = max(self._lags, default=0.0)
        times = os.times()
        vitals.cpu = times.user + times.system
        vitals.resident = resident() or None
        vitals.descriptors = open_descriptors()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        vitals.most_descriptors = None if most == resource.RLIM_INFINITY else most
