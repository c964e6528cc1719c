"""Jobs that belong together: chains, groups and chords, as plans.

A plan is a generator that yields jobs to submit, one after the other, and is sent the
handle of each. So each is written once, for clients that block and those that do not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from typing import Any, Final, Generic, TypeAlias, TypeVar, Unpack

from geartrain.client import requests
from geartrain.client.options import JobOptions
from geartrain.client.requests import ABSENT, Headers, Job, Name, Priority
from geartrain.codecs import Codec
from geartrain.errors import OptionError
from geartrain.seconds import Seconds

__all__ = ["Plan", "PlannedJob", "Planning"]

Plan: TypeAlias = "Generator[Job, str, list[str]]"

# What submitting a plan returns: handles, or a coroutine that gives them.
PlanT = TypeVar("PlanT")

# For how long the result of a job is kept that others are handed, in seconds: it may
# end before these are submitted.
_KEPT: Final = 3600.0
# The most jobs that one job can wait for.
_MOST_AWAITED: Final = 100


class PlannedJob:
    """A background job that ``chain``, ``group`` or ``chord`` is to submit.

    >>> PlannedJob("resize", b"holiday.jpg", unique="holiday", ttl="1h")
    PlannedJob('resize')
    """

    def __init__(
        self,
        function: Name,
        workload: Any = ABSENT,
        *,
        unique: Name = "",
        priority: Priority = "normal",
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        **options: Unpack[JobOptions],
    ) -> None:
        """Take what ``Client.submit`` takes; it is checked when it is submitted."""
        self._function = function
        self._workload = workload
        self._unique = unique
        self._priority = priority
        self._codec = codec
        self._headers = headers
        self._options = options

    def __repr__(self) -> str:
        return f"PlannedJob({self._function!r})"

    def job(self, **options: Unpack[JobOptions]) -> Job:
        """Return it with more options; its own win."""
        special = requests.special(self._headers, None, {**options, **self._options})
        return (
            self._function,
            self._workload,
            self._unique,
            self._codec,
            self._priority,
            True,
            special,
        )


def _chain(jobs: Iterable[PlannedJob]) -> Plan:
    """Submit each to run after the one before."""
    handles: list[str] = []
    for each in jobs:
        options: JobOptions = {"result_ttl": _KEPT}
        if handles:
            options["after"] = handles[-1]
        handles.append((yield each.job(**options)))
    return handles


def _group(jobs: Iterable[PlannedJob], batch: Name) -> Plan:
    """Submit all in one batch."""
    handles: list[str] = []
    for each in jobs:
        handles.append((yield each.job(batch=batch)))
    return handles


def _chord(jobs: Iterable[PlannedJob], last: PlannedJob) -> Plan:
    """Submit all, and a last one that runs after them."""
    first = list(jobs)
    if not 1 <= len(first) <= _MOST_AWAITED:
        raise OptionError(
            f"a chord of {len(first)} jobs: a job waits for 1 to {_MOST_AWAITED}"
            " others; submit more as a group, and what waits for it with"
            " after='batch:NAME'"
        )
    handles: list[str] = []
    for each in first:
        handles.append((yield each.job(result_ttl=_KEPT)))
    handles.append((yield last.job(after=handles, result_ttl=_KEPT)))
    return handles


class Planning(ABC, Generic[PlanT]):
    """The methods of both clients that submit jobs which belong together."""

    def chain(self, *jobs: PlannedJob, timeout: Seconds | None = None) -> PlanT:
        """Queue jobs of which each runs when the one before has succeeded.

        Return their handles, in order. One without a workload is handed the result of
        the one before; results are kept for an hour unless ``result_ttl`` says
        otherwise. When one fails for good, those behind it are cancelled. ``timeout``
        is for each submission.

        >>> client.chain(PlannedJob("fetch", b"a.jpg"), PlannedJob("resize"))
        """
        return self._planned(_chain(jobs), timeout)

    def group(
        self, *jobs: PlannedJob, batch: Name, timeout: Seconds | None = None
    ) -> PlanT:
        """Queue jobs in one batch, to be followed, cancelled and retried together.

        Return their handles, in order. A job submitted behind them with
        ``after="batch:NAME"`` runs when all have succeeded.
        """
        return self._planned(_group(jobs, batch), timeout)

    def chord(
        self,
        jobs: Iterable[PlannedJob],
        last: PlannedJob,
        *,
        timeout: Seconds | None = None,
    ) -> PlanT:
        """Queue up to 100 jobs, and a last one that runs when all have succeeded.

        Return their handles, that of ``last`` at the end. If it has no workload, it is
        handed the result of a single job, or JSON: a list with ``handle``,
        ``function``, ``unique``, ``outcome`` and ``result`` of each, in the order in
        which they ended. ``when="done"`` of ``last`` lets it run whatever they came to.

        Raises:
            OptionError: there are no jobs, or more than 100: submit a ``group``.
        """
        return self._planned(_chord(jobs, last), timeout)

    @abstractmethod
    def _planned(self, plan: Plan, timeout: Seconds | None) -> PlanT:
        """Submit the jobs of a plan; return their handles."""
