"""Charts: lines over time, drawn by the browser, told in a sentence by the server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

__all__ = ["Chart", "ChartMark", "Series", "chart_data"]

_UNITS: Final = frozenset({"", "/s", "s", "bytes"})


@dataclass(frozen=True, kw_only=True)
class Series:
    """A line of a chart.

    Attributes:
        label: what it shows, in a word or two.
        kind: the state that colours it: ``succeeded``, ``running``, ``waiting``,
            ``failed`` or ``plain``.
        values: a number for each time of the chart; None where there is none.
        has_area: whether what is below the line is filled.
    """

    label: str
    kind: str
    values: Sequence[float | None]
    has_area: bool = False


@dataclass(frozen=True, kw_only=True)
class ChartMark:
    """A moment that a chart marks, such as the job server's start.

    Attributes:
        time: when, in seconds since 1970.
        label: what happened, in a few words.
    """

    time: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Lines over time.

    Attributes:
        name: its name on the page.
        title: what stands above it.
        sentence: what it shows, for those who do not see it.
        times: the times of the values, in seconds since 1970, the earliest first.
        series: its lines.
        unit: of the values: none, ``/s``, ``s`` or ``bytes``.
        marks: moments that it marks.
    """

    name: str
    title: str
    sentence: str
    times: Sequence[float]
    series: Sequence[Series]
    unit: str = ""
    marks: Sequence[ChartMark] = ()

    def __post_init__(self) -> None:
        assert self.unit in _UNITS
        assert all(len(each.values) == len(self.times) for each in self.series)


def chart_data(chart: Chart) -> str:
    """Return a chart as the script that draws it reads it."""
    return json.dumps(
        {
            "unit": chart.unit,
            "offset": _offset(chart.times[-1] if chart.times else 0.0),
            "times": list(chart.times),
            "series": [
                {
                    "label": each.label,
                    "kind": each.kind,
                    "area": each.has_area,
                    "values": [_rounded(value) for value in each.values],
                }
                for each in chart.series
            ],
            "marks": [{"time": each.time, "label": each.label} for each in chart.marks],
        },
        separators=(",", ":"),
    )


def _offset(when: float) -> float:
    """Return by how many seconds the clocks here are ahead of UTC.

    A chart has one offset, that of its last time: where it reaches back to before the
    clocks were changed, it goes on in the time that holds now.
    """
    offset = datetime.fromtimestamp(when, UTC).astimezone().utcoffset()
    assert offset is not None
    return offset.total_seconds()


def _rounded(value: float | None) -> float | None:
    """Return a value with the digits that can be seen."""
    return None if value is None else float(f"{value:.4g}")
