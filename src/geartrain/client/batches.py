"""Many jobs at once: slices that are sent together, and what is in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from geartrain.client import requests
from geartrain.client.requests import Name
from geartrain.client.waiting import Waiter
from geartrain.codecs import Codec
from geartrain.errors import OptionError

__all__ = ["Batches", "UniqueOf", "forget_all", "lost"]

UniqueOf = Callable[[Any], Name]

_MAX_COUNT: Final = 128
_MAX_BYTES: Final = 262144


class Batches:
    """Jobs made of workloads, slice by slice, as long as there is room for them."""

    def __init__(
        self,
        function: Name,
        workloads: Iterable[Any],
        codec: Codec,
        unique: UniqueOf | None,
        priority: str,
        background: bool,
        window: int,
    ) -> None:
        """Raises OptionError if the window has no room."""
        if window < 1:
            raise OptionError(f"window={window!r}: at least one job is in flight")
        self._workloads = iter(workloads)
        self._function = function
        self._codec = codec
        self._unique = unique
        self._priority = priority
        self._background = background
        self._window = window
        self._count = max(1, min(_MAX_COUNT, window // 8))
        self.is_over = False

    def next(self, in_flight: int) -> list[Waiter]:
        """Return jobs to be sent; none if the window is too full, or all were sent."""
        if self.is_over or in_flight + self._count > self._window:
            return []
        batch: list[Waiter] = []
        size = 0
        for workload in self._workloads:
            unique = self._unique(workload) if self._unique is not None else b""
            waiter = requests.job(
                self._function,
                workload,
                self._codec,
                unique,
                self._priority,
                self._background,
            )
            batch.append(waiter)
            size += len(waiter.call.packet)
            if len(batch) >= self._count or size >= _MAX_BYTES:
                return batch
        self.is_over = True
        return batch


def forget_all(waiters: Iterable[Waiter], forget: Callable[[Waiter], None]) -> None:
    """Have nobody wait for calls that are not done."""
    for waiter in waiters:
        if not waiter.call.is_done and waiter.error is None:
            forget(waiter)


def lost(waiters: Iterable[Waiter]) -> list[Waiter]:
    """Return those whose calls lost their connection and have to be sent again."""
    return [w for w in waiters if w.link is None and w.error is None]
