"""How things went: minutes and hours of ``statistics`` as lines and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.charts import Chart, ChartMark, Series
from geartrain.dashboard.shown import count, duration, rate
from geartrain.dashboard.snapshots import Row

__all__ = ["MARKS", "SPANS", "Trend", "trend_charts", "trend_lines", "trend_of"]


@dataclass(frozen=True)
class Span:
    """How far charts go back.

    Attributes:
        label: what its link says.
        words: the same in a sentence.
        by: ``minute`` or ``hour``.
        slots: how many of these.
    """

    label: str
    words: str
    by: str
    slots: int

    @property
    def seconds(self) -> int:
        """Return the length of a slot."""
        return 60 if self.by == "minute" else 3600


SPANS: Final[Mapping[str, Span]] = {
    "hour": Span("1 h", "the last hour", "minute", 60),
    "day": Span("1 d", "the last day", "hour", 24),
    "days": Span("3 d", "the last three days", "hour", 72),
}
"""By the value of the parameter ``span``: what the job server keeps."""

# Seconds of a slot that has only begun from which on its rate is more than noise.
_ENOUGH: Final = 10.0

_FAILED: Final = ("failed", "dead")
# What makes jobs, and what ends them: dead letters are no jobs.
_COMING: Final = ("submitted", "revived")
_GOING: Final = (
    "succeeded",
    *_FAILED,
    "cancelled",
    "expired",
    "abandoned",
    "displaced",
)

# What is marked, of the latest moments.
_MARKS: Final = {"started": "started", "crashed": "crashed"}
MARKS: Final = "marks limit=50"
"""The text command that tells of the latest moments."""


@dataclass(frozen=True)
class Trend:
    """What happened, slot by slot, the oldest first.

    Attributes:
        span: how far it goes back.
        times: when each slot began, in seconds since 1970.
        seconds: how long each was.
        rows: what happened in each; None for nothing.
        now: what there is now, as ``statistics`` has it.
        marks: moments that explain bends.
    """

    span: Span
    times: Sequence[float]
    seconds: Sequence[float]
    rows: Sequence[Row | None]
    now: Mapping[str, float]
    marks: Sequence[ChartMark] = ()

    def numbers(self, *names: str) -> list[float]:
        """Return how often something happened in each slot."""
        return [
            sum(row[name] for name in names) if row is not None else 0
            for row in self.rows
        ]

    def rates(self, *names: str) -> list[float | None]:
        """Return how often a second; None where a slot has only begun."""
        pairs = zip(self.numbers(*names), self.seconds, strict=True)
        return [n / seconds if seconds >= _ENOUGH else None for n, seconds in pairs]

    def quantiles(self, times: str, quantile: str) -> list[float | None]:
        """Return a quantile of ``waited`` or ``ran`` in each slot."""
        return [row[times][quantile] if row is not None else None for row in self.rows]

    def running(self) -> list[float]:
        """Return how many jobs ran at the end of each slot.

        Only now is known; before each slot there were as many fewer as began in it, and
        as many more as ended.
        """
        ended = [row["ran"]["count"] if row is not None else 0 for row in self.rows]
        began = self.numbers("started")
        return _before(self.now["running"], began, ended)

    def waiting(self) -> list[float]:
        """Return how many jobs waited or were delayed at the end of each slot."""
        whole = self.now["waiting"] + self.now["delayed"] + self.now["running"]
        jobs = _before(whole, self.numbers(*_COMING), self.numbers(*_GOING))
        pairs = zip(jobs, self.running(), strict=True)
        return [max(each - running, 0) for each, running in pairs]

    def points(self) -> list[float]:
        """Return the times at which a chart has the numbers of the slots.

        The last slot is as of now: what has happened a moment ago is within the chart.
        """
        return [*self.times[:-1], self.times[-1] + self.seconds[-1]]

    def rate_now(self, name: str) -> float:
        """Return how often something happens a second, in the last slots."""
        return sum(self.numbers(name)[-2:]) / sum(self.seconds[-2:])

    def total(self) -> dict[str, float]:
        """Return the sums of all counts."""
        names = ("submitted", "started", "succeeded", *_FAILED, "retried")
        return {name: sum(self.numbers(name)) for name in names}


async def trend_of(
    call: PageCall, span: str, now: Mapping[str, float], function: str | None = None
) -> Trend:
    """Return what happened to a function's jobs, or to all, in the span of a name.

    ``now`` is what there is now, as ``statistics`` has it.

    Raises:
        ProblemError: there is no such function.
    """
    chosen = SPANS[span]
    which = "" if function is None else f" function={word(function) or '%00'}"
    rows = await call.ask(f"statistics by={chosen.by}{which}")
    by_time = {int(row["time"]): row for row in rows}
    length = chosen.seconds
    last = int(call.now) // length * length
    times = [last - length * back for back in range(chosen.slots - 1, -1, -1)]
    seconds = [float(length)] * (chosen.slots - 1) + [call.now - last]
    return Trend(
        chosen,
        times,
        seconds,
        [by_time.get(time) for time in times],
        now,
        await _marks(call, times[0]),
    )


async def _marks(call: PageCall, first: float) -> list[ChartMark]:
    """Return when the job server started, if that was after a time."""
    return [
        ChartMark(time=row["time"], label=_label(row))
        for row in await call.ask(MARKS)
        if row.get("mark") in _MARKS and row["time"] >= first
    ]


def _label(row: Row) -> str:
    """Return what happened, and to which job server if there may be several."""
    what, node = _MARKS[row["mark"]], row.get("node")
    return f"{node} {what}" if node else what


def _before(now: float, more: Sequence[float], less: Sequence[float]) -> list[float]:
    """Return a number at the end of each slot, from what it is now and what changed."""
    found = []
    for rise, fall in zip(reversed(more), reversed(less), strict=True):
        found.append(max(now, 0))
        now += fall - rise
    return found[::-1]


def trend_lines(trend: Trend) -> dict[str, list[float | None]]:
    """Return the numbers that stand as small lines beside those of now."""
    return {
        "succeeded": trend.rates("succeeded"),
        "failed": trend.rates(*_FAILED),
        "running": [*trend.running()],
        "waiting": [*trend.waiting()],
    }


def trend_charts(trend: Trend) -> list[Chart]:
    """Return the charts of what ended, what there was, and how long it took."""
    succeeded, failed = trend.rates("succeeded"), trend.rates(*_FAILED)
    waited, ran = trend.quantiles("waited", "p95"), trend.quantiles("ran", "p95")
    return [
        Chart(
            name="ended",
            title="Finished a second",
            sentence=_told_rates(trend, succeeded),
            times=trend.points(),
            unit="/s",
            marks=trend.marks,
            series=[
                Series(
                    label="succeeded",
                    kind="succeeded",
                    values=succeeded,
                    has_area=True,
                ),
                Series(label="failed", kind="failed", values=failed, has_area=True),
            ],
        ),
        Chart(
            name="jobs",
            title="Jobs",
            sentence=_told_jobs(trend),
            times=trend.points(),
            marks=trend.marks,
            series=[
                Series(
                    label="waiting",
                    kind="waiting",
                    values=trend.waiting(),
                    has_area=True,
                ),
                Series(label="running", kind="running", values=trend.running()),
            ],
        ),
        Chart(
            name="times",
            title="95 % within",
            sentence=_told_times(trend, waited, ran),
            times=trend.points(),
            unit="s",
            marks=trend.marks,
            series=[
                Series(label="waited", kind="waiting", values=waited),
                Series(label="ran", kind="running", values=ran),
            ],
        ),
    ]


def _told_rates(trend: Trend, succeeded: Sequence[float | None]) -> str:
    total = trend.total()
    failed = total["failed"] + total["dead"]
    return (
        f"In {trend.span.words} {count(total['succeeded'])} jobs succeeded and"
        f" {count(failed)} failed; at most {rate(_most(succeeded))} succeeded a second."
    )


def _told_jobs(trend: Trend) -> str:
    return (
        f"In {trend.span.words} at most {count(max(trend.waiting()))} jobs waited,"
        f" delayed ones included, and {count(max(trend.running()))} ran."
    )


def _told_times(
    trend: Trend, waited: Sequence[float | None], ran: Sequence[float | None]
) -> str:
    if _most(waited) is None and _most(ran) is None:
        return f"In {trend.span.words} no job was run."
    return (
        f"In {trend.span.words} 95 % of the jobs waited at most"
        f" {duration(_most(waited))} and ran at most {duration(_most(ran))}, in the"
        f" worst {trend.span.by}."
    )


def _most(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
