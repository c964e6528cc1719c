"""How things went: minutes and hours of ``statistics`` as lines and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from geartrain.admin.connection import word
from geartrain.dashboard.calls import PageCall
from geartrain.dashboard.charts import Chart, Series
from geartrain.dashboard.shown import count, duration, rate
from geartrain.dashboard.snapshots import Row

__all__ = ["SPANS", "Trend", "trend_charts", "trend_lines", "trend_of"]


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

_ENDS: Final = ("failed", "dead")


@dataclass(frozen=True)
class Trend:
    """What happened, slot by slot, the oldest first.

    Attributes:
        span: how far it goes back.
        times: when each slot began, in seconds since 1970.
        seconds: how long each was.
        rows: what happened in each; None for nothing.
    """

    span: Span
    times: Sequence[float]
    seconds: Sequence[float]
    rows: Sequence[Row | None]

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

    def total(self) -> dict[str, float]:
        """Return the sums of all counts."""
        names = ("submitted", "started", "succeeded", *_ENDS, "retried")
        return {name: sum(self.numbers(name)) for name in names}


async def trend_of(call: PageCall, span: str, function: str | None = None) -> Trend:
    """Return what happened to a function's jobs, or to all, in the span of a name.

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
    return Trend(chosen, times, seconds, [by_time.get(time) for time in times])


def trend_lines(trend: Trend) -> dict[str, list[float | None]]:
    """Return the rates that stand as small lines beside numbers."""
    return {
        "succeeded": trend.rates("succeeded"),
        "failed": trend.rates(*_ENDS),
        "started": trend.rates("started"),
        "submitted": trend.rates("submitted"),
    }


def trend_charts(trend: Trend) -> list[Chart]:
    """Return the charts of what ended, and of how long jobs waited and ran."""
    succeeded, failed = trend.rates("succeeded"), trend.rates(*_ENDS)
    waited, ran = trend.quantiles("waited", "p95"), trend.quantiles("ran", "p95")
    return [
        Chart(
            name="ended",
            title="Finished a second",
            sentence=_told_rates(trend, succeeded),
            times=trend.times,
            unit="/s",
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
            name="times",
            title="95 % within",
            sentence=_told_times(trend, waited, ran),
            times=trend.times,
            unit="s",
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
