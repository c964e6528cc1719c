r"""Prometheus' text format 0.0.4: families of metrics, and their lines.

https://prometheus.io/docs/instrumenting/exposition_formats/

prometheus_client is not used: its samples are objects and its text is made in one go,
for which the event loop, and so every peer, would wait: a hundred functions have 8,000
samples. What is needed of the format is below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from geartrain.engine.model.counts import bound

__all__ = [
    "MEDIA_TYPE",
    "Family",
    "Histogram",
    "Row",
    "Value",
    "at",
    "escaped",
    "lines",
    "size_bounds",
    "time_bounds",
]

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Row = Mapping[str, Any]
Value = float | None


def at(*path: str) -> Callable[[Row], Value]:
    """Return what reads the value of a row at a path of names."""

    def read(row: Row) -> Value:
        found: Any = row
        for name in path:
            found = found[name]
        return None if found is None else found + 0

    return read


@dataclass(frozen=True, kw_only=True)
class Family:
    """A metric with all of its labels.

    Attributes:
        name: its name; a counter's ends with ``_total``.
        kind: ``counter`` or ``gauge``.
        help: what it says, in a sentence.
        samples: what reads each of its values from a row, by its labels, written as
            Prometheus writes them; a value that is None is left out.
        labels: members of the row that are labels of all values.
    """

    name: str
    kind: str
    help: str
    samples: Mapping[str, Callable[[Row], Value]]
    labels: tuple[str, ...] = ()

    def series(self) -> list[tuple[str, str]]:
        """Return the full name and the labels of each value."""
        return [(self.name, labels) for labels in self.samples]

    def values(self, row: Row) -> list[Value]:
        """Return the values of a row, in the order of ``series``."""
        return [read(row) for read in self.samples.values()]

    def own_labels(self, row: Row) -> str:
        """Return the labels that are members of the row."""
        return ",".join(f'{name}="{escaped(row[name])}"' for name in self.labels)


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """A metric of how often something took how long, or was how large.

    Attributes:
        name: its name.
        help: what it says, in a sentence.
        path: the names of the row's member that has ``buckets``, a count and a sum.
        sum: the name of the sum.
        bounds: the upper bounds that are told, by the number of the bucket.
    """

    name: str
    help: str
    path: tuple[str, ...]
    bounds: Mapping[int, float]
    sum: str = "seconds"
    kind: str = "histogram"
    labels: tuple[str, ...] = ()

    def series(self) -> list[tuple[str, str]]:
        """Return the full name and the labels of each value."""
        bounds = [f'le="{each:.10g}"' for each in self.bounds.values()]
        buckets = [(f"{self.name}_bucket", each) for each in [*bounds, 'le="+Inf"']]
        return [*buckets, (f"{self.name}_sum", ""), (f"{self.name}_count", "")]

    def values(self, row: Row) -> list[Value]:
        """Return the values of a row, in the order of ``series``: buckets add up."""
        found: Any = row
        for name in self.path:
            found = found[name]
        sums = [0]
        for count in found["buckets"]:
            sums.append(sums[-1] + count)
        below: list[Value] = [sums[min(n + 1, len(sums) - 1)] for n in self.bounds]
        return [*below, sums[-1], found[self.sum], sums[-1]]

    def own_labels(self, row: Row) -> str:
        """Return the labels that are members of the row: it has none."""
        return ""


def escaped(label: str) -> str:
    r"""Return a label's value as it is written between quotes.

    >>> escaped('a"b\\c\nd')
    'a\\"b\\\\c\\nd'
    """
    escaped = label.replace("\\", r"\\").replace("\n", r"\n")
    return escaped.replace('"', r"\"")


def lines(
    family: Family | Histogram, rows: Sequence[tuple[str, Sequence[Value]]]
) -> Iterator[str]:
    """Give the lines of a family: of each row its own labels, and its values."""
    yield f"# HELP {family.name} {family.help}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    series = family.series()
    for own, values in rows:
        for (name, labels), value in zip(series, values, strict=True):
            if value is not None:
                comma = "," if own and labels else ""
                braced = f"{{{own}{comma}{labels}}}" if own or labels else ""
                yield f"{name}{braced} {value!r}\n"


def time_bounds(*numbers: int) -> dict[int, float]:
    """Return the upper bounds of buckets of times, in seconds."""
    return {number: bound(number) for number in numbers}


def size_bounds(*numbers: int) -> dict[int, float]:
    """Return the upper bounds of buckets of sizes, whose bucket is a bit length."""
    return {number: 2**number - 1 for number in numbers}
