"""How the store is, as batches and looks at it show: a line of the log each change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from geartrain.engine.model.health import FAILING, OK, REFUSING, Health
from geartrain.errors import StoreError

__all__ = ["Condition", "Outcome", "defect", "refusal"]

_log = logging.getLogger("geartrain.server")


class Outcome(NamedTuple):
    """What became of a batch.

    Attributes:
        reason: why it, or what is new in it, was refused; empty if it was not.
        is_rest_saved: it was refused, but what is not new in it was committed.
        has_new: there is something new in it.
        has_rest: there is something else in it.
        seconds: how long it took.
        records: how many records it has; 0 if nothing was to be written.
    """

    reason: str
    is_rest_saved: bool
    has_new: bool
    has_rest: bool
    seconds: float = 0.0
    records: int = 0


class Condition:
    """Keeps a ``Health`` up to date."""

    def __init__(self, health: Health, wall_time: Callable[[], float]) -> None:
        """Note all in ``health``; ``wall_time`` returns the seconds since 1970."""
        self._health = health
        self._wall_time = wall_time

    def learn(self, reason: str) -> None:
        """Note what a look at the store showed."""
        if not reason:
            self._enter(OK, "")
        elif self._health.state != FAILING:
            self._enter(REFUSING, reason)

    def note(self, outcome: Outcome) -> None:
        """Note what a batch shows of the store.

        One with nothing new in it does not show that new jobs would be taken, nor one
        with nothing else that ends would be saved.
        """
        if outcome.records:
            is_refused = bool(outcome.reason)
            self._health.commits.note(
                outcome.seconds, outcome.records, is_refused=is_refused
            )
        state = self._health.state
        if not outcome.reason:
            if outcome.has_new:
                self._enter(OK, "")
            elif state == FAILING:
                self._enter(REFUSING, self._health.reason)
        elif not outcome.is_rest_saved:
            self._enter(FAILING, outcome.reason)
        elif outcome.has_rest or state == OK:
            self._enter(REFUSING, outcome.reason)

    def _enter(self, state: str, reason: str) -> None:
        """Note how the store is, and log it if that has changed."""
        health = self._health
        health.reason = reason
        if state == health.state:
            return
        health.state = state
        health.since = self._wall_time()
        if state == OK:
            _log.warning("the store is well again", extra={"action": "store_recovered"})
        elif state == REFUSING:
            _log.error(
                "background jobs are refused: %s",
                reason,
                extra={"action": "store_fails"},
            )
        else:
            _log.error(
                "what becomes of background jobs is not saved, so that those which end"
                " now run again after a restart: %s",
                reason,
                extra={"action": "ends_unsaved"},
            )


def refusal(work: Callable[[], None]) -> str:
    """Have the store do some work; return why it refused, empty if it did not."""
    try:
        work()
    except StoreError as error:
        return str(error)
    except Exception as error:
        # A defect must not leave everybody waiting for this thread.
        return defect(error)
    return ""


def defect(error: Exception) -> str:
    """Log an error that no store should raise; return it as the reason."""
    _log.exception("the store failed", extra={"action": "store_defect"})
    return f"the store failed: {error!r}"
