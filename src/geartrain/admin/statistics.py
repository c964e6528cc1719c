"""Rows of ``statistics``: what happened to jobs, and how long they waited and ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Measures",
    "MinuteCounts",
    "SlotRow",
    "StatisticsRow",
    "Times",
    "function_statistics_row",
    "slot_row",
    "statistics_row",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long jobs waited for an attempt, or attempts ran; all in seconds.

    Attributes:
        count: the number of times.
        seconds: their sum.
        p50: the median; None if there are no times. It is right to a fifth.
        p95: what 95 % of the times are below.
        p99: what 99 % of the times are below.
        buckets: the number of times by bucket, if they were asked for: bucket n has
            those below ``ceil(2 ** (n / 2)) / 10_000`` seconds that no bucket before
            has.
    """

    count: int
    seconds: float
    p50: float | None
    p95: float | None
    p99: float | None
    buckets: tuple[int, ...] | None = None

    @property
    def mean(self) -> float | None:
        """The mean; None if there are no times."""
        return self.seconds / self.count if self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What happened in a span of time.

    Attributes:
        counts: numbers by what they count, such as ``submitted`` and ``succeeded``.
        submitted_by: jobs submitted, by priority (``high``, ``normal``, ``low``) and
            kind (``foreground``, ``background``); empty if the job server is older.
        failures: attempts that failed, by reason: ``fail``, ``exception``, ``retry``,
            ``timeout`` or ``crash``.
        waited: how long jobs had waited when an attempt began.
        ran: how long attempts had run when they ended.
    """

    counts: Mapping[str, int]
    submitted_by: Mapping[str, Mapping[str, int]]
    failures: Mapping[str, int]
    waited: Times
    ran: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteCounts:
    """What happened in each of the last minutes; the last one has not ended.

    Attributes:
        time: when the first began, in seconds since 1970.
        submitted: number of jobs submitted, minute by minute.
        succeeded: number of jobs that succeeded.
        failures: number of attempts that failed.
    """

    time: float
    submitted: tuple[int, ...]
    succeeded: tuple[int, ...]
    failures: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsRow:
    """What there is of a function's jobs, and what happened to them.

    Attributes:
        function: the function's name; None in the row of all functions.
        functions: in that row, how many functions there are; else None.
        matched: in that row, how many of them were asked for.
        before: in that row, how many of those come before the first one listed.
        paused: no job of the function is given to a worker.
        draining: it takes no new jobs.
        time: when the row was made, in seconds since 1970.
        now: ``waiting``, ``delayed`` and ``running`` jobs, how many of the waiting ones
            are ``held`` by a rate or a place, ``dead`` letters, ``workers``,
            ``flow_keys``, and ``oldest``: for how many seconds the first job that is
            ready has waited; None if there is none.
        total: what happened since the job server started.
        recent: what happened in the last minutes.
        seconds: how long these are.
        minutes: the last minutes one by one, if they were asked for.
    """

    function: str | None
    functions: int | None
    time: float
    now: Mapping[str, float | None]
    total: Measures
    recent: Measures
    seconds: float
    matched: int | None = None
    before: int | None = None
    paused: bool = False
    draining: bool = False
    minutes: MinuteCounts | None = None

    def rate(self, name: str) -> float:
        """Return how often something in ``recent.counts`` happened a second."""
        return self.recent.counts[name] / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """What happened in a minute or an hour.

    Attributes:
        time: when it began, in seconds since 1970.
        seconds: how long it is; the last may not have ended.
        measures: what happened.
    """

    time: float
    seconds: float
    measures: Measures


def statistics_row(values: Mapping[str, Any]) -> StatisticsRow:
    """Read a job server's row of a function, or of all.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    return StatisticsRow(
        function=values["function"],
        functions=values.get("functions"),
        time=float(values["time"]),
        now=dict(values["now"]),
        total=_measures(values["total"]),
        recent=_measures(values["recent"]),
        seconds=float(values["recent"]["seconds"]),
        matched=values.get("matched"),
        before=values.get("before"),
        paused=bool(values.get("paused")),
        draining=bool(values.get("draining")),
        minutes=_minutes(values["minutes"]) if "minutes" in values else None,
    )


def _minutes(values: Mapping[str, Any]) -> MinuteCounts:
    return MinuteCounts(
        time=float(values["time"]),
        submitted=tuple(map(int, values["submitted"])),
        succeeded=tuple(map(int, values["succeeded"])),
        failures=tuple(map(int, values["failures"])),
    )


def function_statistics_row(values: Mapping[str, Any]) -> StatisticsRow | None:
    """Read the row of a function; None for that of all."""
    return None if values["function"] is None else statistics_row(values)


def slot_row(values: Mapping[str, Any]) -> SlotRow:
    """Read a job server's row of a minute or hour.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    return SlotRow(
        time=float(values["time"]),
        seconds=float(values["seconds"]),
        measures=_measures(values),
    )


_NO_COUNTS = frozenset({"submitted_by", "failures", "waited", "ran", "time", "seconds"})


def _measures(values: Mapping[str, Any]) -> Measures:
    counts = {name: int(values[name]) for name in values if name not in _NO_COUNTS}
    return Measures(
        counts=counts,
        submitted_by=values.get("submitted_by", {}),
        failures={name: int(number) for name, number in values["failures"].items()},
        waited=_times(values["waited"]),
        ran=_times(values["ran"]),
    )


def _times(values: Mapping[str, Any]) -> Times:
    buckets = values.get("buckets")
    return Times(
        count=int(values["count"]),
        seconds=float(values["seconds"]),
        p50=values["p50"],
        p95=values["p95"],
        p99=values["p99"],
        buckets=None if buckets is None else tuple(map(int, buckets)),
    )
