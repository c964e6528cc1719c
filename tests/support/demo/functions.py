"""The functions of the shop, how busy they are, and who does them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FUNCTIONS", "Busy"]


@dataclass(frozen=True, kw_only=True)
class Busy:
    """A function as it is on a good day.

    Attributes:
        name: its name.
        rate: jobs submitted a second.
        seconds: the shortest and the longest time that a job takes.
        workers: how many workers do it; 0 for none.
        failing: the part of the attempts that fail.
        error: how.
        is_php: whether PHP does it; else Python.
    """

    name: str
    rate: float
    seconds: tuple[float, float]
    workers: int
    failing: float = 0.0
    error: str = ""
    is_php: bool = False


FUNCTIONS: Final = (
    Busy(name="thumbnail", rate=1.4, seconds=(0.2, 0.9), workers=0),
    Busy(
        name="mail.send",
        rate=11,
        seconds=(0.05, 0.3),
        workers=4,
        failing=0.02,
        error="451 4.7.1 greylisted, try again later",
    ),
    Busy(name="order.close", rate=7, seconds=(0.004, 0.02), workers=2),
    Busy(name="report.build", rate=0.25, seconds=(4, 14), workers=4),
    Busy(name="video.encode", rate=0.12, seconds=(10, 25), workers=3),
    Busy(name="cache.clear", rate=24, seconds=(0.001, 0.004), workers=1, is_php=True),
    Busy(name="invoice.pdf", rate=3, seconds=(0.1, 0.5), workers=2, is_php=True),
    Busy(
        name="search.index",
        rate=9,
        seconds=(0.01, 0.06),
        workers=1,
        failing=0.004,
        error="RuntimeException: index products is read-only",
        is_php=True,
    ),
    Busy(
        name="webhook.deliver",
        rate=2,
        seconds=(0.1, 1.2),
        workers=3,
        failing=0.05,
        error="ConnectionError: hooks.example: connection refused",
    ),
)
