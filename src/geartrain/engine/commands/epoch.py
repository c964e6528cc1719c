"""When the job of a SUBMIT_JOB_EPOCH is due; PROTOCOL, "Submitting"."""

from __future__ import annotations

import re
from typing import Final

from geartrain.engine.model.submission_options import LAST_TIME
from geartrain.engine.state.state import State

__all__ = ["AT_ONCE", "read_due"]

# Seconds since 1970, to the millisecond or finer where the client likes, up to
# the year 9999. What may follow is a delay, which counts instead: it needs no clock of
# the client's. C job servers read the number before it.
_EPOCH: Final = re.compile(
    rb"(-?[0-9]{1,20}(?:\.[0-9]{1,9})?)(?:\+([0-9]{1,20}(?:\.[0-9]{1,9})?))?"
)
AT_ONCE: Final = (0.0, False)
"""No due time."""


def read_due(state: State, text: bytes) -> tuple[float, bool] | None:
    """Read when a job is due, and whether that is a server time.

    An empty text is now, as for gearmand; one that cannot be understood gives None.
    """
    if not text:
        return AT_ONCE
    found = _EPOCH.fullmatch(text)
    if found is None:
        return None
    delay = found.group(2)
    if delay is None:
        when = float(found.group(1))
        return (max(when, 0.0), False) if when <= LAST_TIME else None
    seconds = float(delay)
    when = state.server_time() + seconds
    if when > LAST_TIME:
        return None
    return (when, True) if seconds > 0 else AT_ONCE
