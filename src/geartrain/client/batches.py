"""Many jobs at once: slices that are sent together, and what is in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from geartrain.client import requests
from geartrain.client.requests import ABSENT, PLAIN, Name, Special
from geartrain.client.waiting import Waiter, is_answered, is_done, outcome
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

__all__ = ["Batches", "UniqueOf", "is_settled", "lost"]

UniqueOf = Callable[[Any], Name | None]

_MAX_COUNT: Final = 128
_MAX_BYTES: Final = 262144
# Bytes in flight from which the next slice waits: 2,000 images would be gigabytes.
_MOST_IN_FLIGHT: Final = 64 * 1024 * 1024


class Batches:
    """Turns workloads into jobs, a slice at a time; holds the jobs in flight.

    Attributes:
        name: of their function.
        source: where the workloads come from.
        waiting: the jobs in flight, in order.
        given: how many have been taken from there.
        is_enough: tells whether enough was told of a job to give what it became.
    """

    def __init__(  # noqa: PLR0913, PLR0915, PLR0917
        self,
        function: Name,
        workloads: Iterable[Any],
        codec: Codec,
        unique: UniqueOf | None,
        priority: str,
        background: bool,
        window: int,
        special: Special = PLAIN,
    ) -> None:
        """Raises OptionError if something is wrong with all the jobs."""
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
        # A bad function or priority is refused before any workload is taken.
        self._special = special
        any_job = function, ABSENT, "", None, priority, background, special
        first = requests.job(any_job, codec, 0)
        self._before = list(first.before or ())
        self.name = requests.shown(function)
        self.source = workloads
        self.waiting: deque[Waiter] = deque()
        self.given = 0
        self.is_enough: Callable[[Waiter], bool] = is_done
        self._give: Callable[[Waiter], Any] = outcome
        if background:
            self.is_enough, self._give = is_answered, _handle_of
        self._function = function
        self._codec = codec
        self._unique = unique
        self._priority = priority
        self._background = background
        self._window = window
        self._count = max(1, min(_MAX_COUNT, window // 8))
        # Of each slice in flight, after how many jobs it has ended, and its bytes.
        self._slices: deque[tuple[int, int]] = deque()
        self._in_flight = 0
        self._is_over = False
        self._taken = 0
        self._failure: BaseException | None = None

    def take_before(self) -> list[Waiter]:
        """Return the calls that have to be answered before any job is sent, once."""
        before, self._before = self._before, []
        return before

    @property
    def is_over(self) -> bool:
        """Return whether nothing is in flight and nothing is left to send.

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
        """Return jobs to send, which are in flight from now on.

        There are none if the window is too full or all were sent.
        """
        if self._is_over or len(self.waiting) + self._count > self._window:
            return []
        if self._in_flight >= _MOST_IN_FLIGHT:
            return []
        if self.waiting and self.waiting[-1].link is None and self._is_cut_off():
            return []
        batch: list[Waiter] = []
        try:
            self._fill(batch)
        except Exception as failure:
            # It is raised once the jobs before it have been given.
            self._failure = failure
            self._is_over = True
        self.waiting.extend(batch)
        if batch:
            size = sum([len(waiter.call.packet) for waiter in batch])
            self._slices.append((self.given + len(self.waiting), size))
            self._in_flight += size
        return batch

    def _fill(self, batch: list[Waiter]) -> None:
        size = 0
        make, unique, codec = self._unique, None, self._codec
        name, priority, background = self._function, self._priority, self._background
        special = self._special
        for workload in self._workloads:
            self._taken += 1
            if make is not None:
                unique = make(workload)
            job = (name, workload, unique, None, priority, background, special)
            waiter = requests.job(job, codec, 0)
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

    def has_arrived(self) -> bool:
        """Return whether the first job in flight has its handle, result or error."""
        return bool(self.waiting) and self.is_enough(self.waiting[0])

    def take(self) -> Any:
        """Take the first job in flight; return its handle or result.

        Raises:
            ClientError: it has none. The job stays in flight.
        """
        given = self._give(self.waiting[0])
        self.given += 1
        self.waiting.popleft()
        if self.given == self._slices[0][0]:
            self._in_flight -= self._slices.popleft()[1]
        return given

    @staticmethod
    def has_more_to_learn(error: ClientError) -> bool:
        """Return whether other jobs may still be answered after the error of one."""
        return isinstance(error, ServerError | JobFailedError)

    def told(self, error: ClientError) -> ClientError:
        """Return the error to raise, which says what became of each job."""
        found = self._submissions()
        if isinstance(error, AmbiguousError | ConnectError) and self._is_cut_off():
            error = CutOffError(f"{error}. In all, {found}")
        error.submissions = found
        return error

    def _is_cut_off(self) -> bool:
        """Return whether some jobs may be queued or not, which nobody can tell."""
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
        # A workload that no job could be made of was taken as well.
        not_queued += range(self.given + len(self.waiting), self._taken)
        return Submissions(self.given, acknowledged, unknown, not_queued, self._taken)


def lost(waiters: Iterable[Waiter]) -> list[Waiter]:
    """Return the calls that have to be sent, or sent again after a loss."""
    return [w for w in waiters if w.link is None and w.error is None]


def is_settled(waiter: Waiter) -> bool:
    """Return whether it is known if a job was queued, or cannot become known."""
    return waiter.link is None or is_answered(waiter)


def _handle_of(waiter: Waiter) -> str:
    """Return the handle of a job that is acknowledged, or raise what it got instead."""
    if waiter.error is not None:
        raise waiter.error
    return waiter.handle
