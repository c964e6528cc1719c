"""The named steps at which a job server under torture kills itself.

A step is an action and a moment of it. ``failpoints`` brings them about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BORN", "ENDED", "KILLED", "MOMENTS", "STEPS", "Step"]

# What comes from a nursery: a process has been made, it kills itself at a step, it has
# ended with a status.
BORN: Final = "born "
KILLED: Final = "killed at "
ENDED: Final = "ended "

MOMENTS: Final = {
    "read": "its packet was read; the engine has not seen it",
    "reacted": "the engine has reacted; nothing is written, nothing answered",
    "taken": "its batch was taken, for the store's thread",
    "writing": "all of its batch is written, the transaction not yet committed",
    "written": "its batch is durable; the event loop does not know",
    "told": "the engine knows; nothing it answers is sent",
    "answered": "what the engine answers has just been sent",
    "looking": "the store is about to look it up",
    "found": "the store has looked it up; the event loop does not know",
    "opening": "the store is about to be opened",
    "opened": "the store is open; the engine knows nothing of it",
    "resumed": "the engine knows what the store keeps",
}


@dataclass(frozen=True)
class Step:
    """A moment of an action.

    Attributes:
        action: what the job server does.
        moment: one of ``MOMENTS``.
        most: at most at this passing of the step the job server is killed.
    """

    action: str
    moment: str
    most: int

    @property
    def name(self) -> str:
        """Return the step's name."""
        return f"{self.action}:{self.moment}"


def _steps(action: str, most: int, *moments: str) -> list[Step]:
    return [Step(action, moment, most) for moment in moments]


STEPS: Final = {
    step.name: step
    for step in [
        # Made durable, answered with JOB_CREATED.
        *_steps("submit", 40, "read", "reacted"),
        *_steps("submit", 20, "taken", "writing", "written", "told", "answered"),
        # Nothing is durable; JOB_ASSIGN is what is answered.
        *_steps("grab", 150, "read", "reacted", "answered"),
        # The job is forgotten.
        *_steps("complete", 150, "read", "reacted"),
        *_steps("complete", 20, "writing", "written", "told"),
        # A failed job is to wait for its next attempt.
        *_steps("fail", 12, "read", "reacted"),
        *_steps("retry", 6, "writing", "written", "told"),
        # It failed for the last time and becomes a dead letter.
        *_steps("bury", 4, "taken", "writing", "written", "told"),
        # An operator's dead retry, answered with OK.
        *_steps("revive", 2, "writing", "written", "answered"),
        # An operator's cancel job, answered with OK.
        *_steps("cancel", 5, "read", "reacted"),
        *_steps("cancel", 3, "writing", "written", "answered"),
        # Waiting jobs come back to memory from the store.
        *_steps("page", 8, "taken", "looking", "found", "told"),
        # The same with jobs whose due time has come.
        *_steps("due", 3, "looking", "found", "told"),
        # Before the first peer connects.
        *_steps("start", 1, "opening", "opened", "resumed"),
        *_steps("start", 3, "writing"),
    ]
}
"""All steps by name."""
