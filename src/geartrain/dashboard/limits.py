"""The limits of a function at work: places taken, and what of its rate is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from geartrain.dashboard.shown import count, plural, rate
from geartrain.dashboard.snapshots import Row
from geartrain.engine.model.rates import read_rate

__all__ = ["LIMITS_MET", "Limit", "limits_at_work"]

LIMITS_MET: Final[Mapping[str, str]] = {
    "key_concurrency": "a place of its key",
    "key_rate": "the rate of its key",
    "order": "its turn",
    "concurrency": "a place of the function",
    "rate": "the rate of the function",
}
"""What a flow key's next job waits for, by the code of its limit."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit of a policy, and how far it is used.

    Attributes:
        name: what it limits.
        text: what it is, and what of it is used.
        used: the part that is used; None where that cannot be told.
        most: the whole of it.
    """

    name: str
    text: str
    used: float | None = None
    most: float = 1.0


def limits_at_work(row: Row, settings: Mapping[str, Any]) -> list[Limit]:
    """Return the limits that the settings of a function are, by its statistics."""
    found = [_rate(row, settings), _places(row, settings), *_of_keys(row, settings)]
    if settings.get("order") == "fifo":
        said = "jobs start in the order in which they were submitted"
        found.append(Limit(name="Order", text=said))
    return [each for each in found if each is not None]


def _rate(row: Row, settings: Mapping[str, Any]) -> Limit | None:
    text = str(settings.get("rate"))
    limit = read_rate(text)
    if limit is None:
        return None
    most, _, span = text.partition("/")
    seconds = int(most) * limit.interval
    recent = row["recent"]
    if seconds > recent["seconds"]:
        return Limit(name="Rate", text=f"{count(int(most))} in {span}")
    used = recent["started"] / recent["seconds"] * seconds
    said = f"{rate(used)} of {count(int(most))} in {span}, in the last minutes"
    return Limit(name="Rate", text=said, used=used, most=int(most))


def _places(row: Row, settings: Mapping[str, Any]) -> Limit | None:
    most = int(settings.get("concurrency", 0))
    if not most:
        return None
    running = row["now"]["running"]
    said = f"{count(running)} of {plural(most, 'place')} taken"
    return Limit(name="At once", text=said, used=running, most=most)


def _of_keys(row: Row, settings: Mapping[str, Any]) -> list[Limit]:
    keys = plural(row["now"]["flow_keys"], "key")
    found = []
    most = int(settings.get("key_concurrency", 0))
    if most:
        said = f"{plural(most, 'place')} for each key; there are jobs of {keys}"
        found.append(Limit(name="At once, by key", text=said))
    text = str(settings.get("key_rate"))
    if read_rate(text) is not None:
        most_, _, span = text.partition("/")
        said = f"{count(int(most_))} in {span} for each key; there are jobs of {keys}"
        found.append(Limit(name="Rate, by key", text=said))
    return found
