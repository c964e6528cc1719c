"""How a function stands, in a word: what its row and its page begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from geartrain.dashboard.snapshots import Row

__all__ = ["Standing", "standing"]

# Seconds that a job may have waited: the same as in ``engine/state/problems.py``.
_LONG: Final = 300.0


@dataclass(frozen=True)
class Standing:
    """How a function stands.

    Attributes:
        word: it in a word or two.
        kind: the state that colours it; empty for none.
        sentence: it in a sentence.
    """

    word: str
    kind: str
    sentence: str


_PAUSED: Final = Standing(
    "paused", "waiting", "Its jobs are given to no worker until you resume it."
)
_DRAINING: Final = Standing(
    "draining", "waiting", "It takes no new jobs; those that wait are run."
)
_NO_WORKER: Final = Standing(
    "no worker", "failed", "Jobs wait, and no worker that is connected can run them."
)
_BEHIND: Final = Standing(
    "behind", "failed", "The first job has waited for more than five minutes."
)
_FAILING: Final = Standing(
    "failing", "failed", "More attempts failed than succeeded in the last minutes."
)
_HELD: Final = Standing(
    "held", "waiting", "Its jobs wait for a rate or a place that its policy limits."
)
_WORKING: Final = Standing("working", "running", "Its jobs are being run.")
_WAITING: Final = Standing("waiting", "waiting", "Jobs wait for a worker to be free.")
_READY: Final = Standing("ready", "succeeded", "Workers wait for its next job.")
_IDLE: Final = Standing("idle", "", "It has neither jobs to run nor workers.")


def standing(row: Row) -> Standing:
    """Return how the function of a row of ``statistics`` stands, the worst first."""
    now, recent = row["now"], row["recent"]
    failures = sum(recent["failures"].values())
    found = (
        (row["paused"], _PAUSED),
        (row["draining"], _DRAINING),
        (now["waiting"] and not now["workers"], _NO_WORKER),
        (failures > recent["succeeded"], _FAILING),
        ((now["oldest"] or 0.0) >= _LONG, _BEHIND),
        (now["running"], _WORKING),
        (now["held"] and now["held"] == now["waiting"], _HELD),
        (now["waiting"], _WAITING),
        (now["workers"], _READY),
        (True, _IDLE),
    )
    return next(each for is_so, each in found if is_so)
