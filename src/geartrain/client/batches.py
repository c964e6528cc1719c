"""Many jobs at once: slices that are sent together, and what is in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from geartrain.client import requests
from geartrain.client.requests import Name
from geartrain.client.waiting import Waiter, is_answered
from geartrain.codecs import Codec
from geartrain.errors import (
    AmbiguousError,
    ClientError,
    ConnectError,
    CutOffError,
    JobFailedError,
    OptionError,
    ServerError,
)
from geartrain.submissions import Submissions

__all__ = ["Batches", "UniqueOf", "handle_of", "is_settled", "lost"]

UniqueOf = Callable[[Any], Name | None]

_MAX_COUNT: Final = 128
_MAX_BYTES: Final = 262144


class Batches:
    """Jobs made of workloads, slice by slice, and those of them that are in flight.

    Attributes:
        name: of their function.
        source: where the workloads come from.
        waiting: the jobs in flight, in order.
        given: how many were, and have been taken from there.
    """

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
        """Raises OptionError if something is wrong that all jobs have in common."""
        if type(window) is not int or window < 1:
            raise OptionError(f"window={window!r}: give a number of jobs, 1 or more")
        if unique is not None and not callable(unique):
            raise OptionError(
                "unique= is called with each workload, to make a unique of it: give a"
                " function, such as str"
            )
        try:
            self._workloads = iter(workloads)
        except TypeError:
            raise OptionError(
                f"workloads are given as an iterable, not as {type(workloads).__name__}"
            ) from None
        # A function that none can be is refused before any workload is taken.
        requests.job(function, requests.ABSENT, codec, "", priority, background)
        self.name = requests.shown(function)
        self.source = workloads
        self.waiting: deque[Waiter] = deque()
        self.given = 0
        self._function = function
        self._codec = codec
        self._unique = unique
        self._priority = priority
        self._background = background
        self._window = window
        self._count = max(1, min(_MAX_COUNT, window // 8))
        self._is_over = False
        self._taken = 0
        self._failure: BaseException | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is in flight, and nothing more to be sent.

        Raises:
            BaseException: what the iterable, or making a job of one of its workloads,
                has raised; all jobs before that one have been given.
        """
        if not self._is_over or self.waiting:
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def next(self) -> list[Waiter]:
        """Return jobs to be sent, which are in flight from now on.

        None if the window is too full, or all were sent.
        """
        if self._is_over or len(self.waiting) + self._count > self._window:
            return []
        if self.waiting and self.waiting[-1].link is None and self._is_cut_off():
            return []
        batch: list[Waiter] = []
        try:
            self._fill(batch)
        except Exception as failure:
            # What was taken before goes first.
            self._failure = failure
            self._is_over = True
        self.waiting.extend(batch)
        return batch

    def _fill(self, batch: list[Waiter]) -> None:
        size = 0
        for workload in self._workloads:
            self._taken += 1
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
                return
        self._is_over = True

    def lost(self) -> list[Waiter]:
        """Return the jobs that have to be sent again, if the first has."""
        first = self.waiting[0]
        if first.link is not None or first.error is not None:
            return []
        return lost(self.waiting)

    def take(self) -> Waiter:
        """Take the first job in flight, to give what has become of it."""
        self.given += 1
        return self.waiting.popleft()

    @staticmethod
    def has_more_to_learn(error: ClientError) -> bool:
        """Tell whether the answers to other jobs may yet come after an error of one."""
        return isinstance(error, ServerError | JobFailedError)

    def told(self, error: ClientError) -> ClientError:
        """Return an error that ends all early, with what has become of the jobs."""
        found = self._submissions()
        if isinstance(error, AmbiguousError | ConnectError) and self._is_cut_off():
            error = CutOffError(f"{error}. In all, {found}")
        error.submissions = found
        return error

    def _is_cut_off(self) -> bool:
        """Tell whether nobody knows of some of the jobs whether they are queued."""
        return any(isinstance(waiter.error, AmbiguousError) for waiter in self.waiting)

    def _submissions(self) -> Submissions:
        acknowledged: dict[int, str] = {}
        unknown: list[int] = []
        not_queued: list[int] = []
        for number, waiter in enumerate(self.waiting, self.given):
            if isinstance(waiter.error, ServerError):
                not_queued.append(number)
            elif waiter.handle:
                acknowledged[number] = waiter.handle
            elif waiter.is_sent:
                unknown.append(number)
            else:
                not_queued.append(number)
        # One of which no job could be made was taken, too.
        not_queued += range(self.given + len(self.waiting), self._taken)
        return Submissions(self.given, acknowledged, unknown, not_queued, self._taken)


def lost(waiters: Iterable[Waiter]) -> list[Waiter]:
    """Return those whose calls lost their connection and have to be sent again."""
    return [w for w in waiters if w.link is None and w.error is None]


def is_settled(waiter: Waiter) -> bool:
    """Tell whether it is known if a job is queued, or will not be."""
    return waiter.link is None or is_answered(waiter)


def handle_of(waiter: Waiter) -> str:
    """Return the handle of a job that is acknowledged, or raise what it got instead."""
    if waiter.error is not None:
        raise waiter.error
    return waiter.handle
