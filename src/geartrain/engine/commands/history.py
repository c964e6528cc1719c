"""The text command that tells what became of jobs, and rows of what is no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.rows import (
    attempt_values,
    calendar_time,
    priority_name,
    row,
    story_values,
    text,
)
from geartrain.engine.model.access import SEE, Access
from geartrain.engine.model.endings import STATUSES, Ending, failures_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["ended", "ending_row", "history"]

_ARGUMENTS: Final = (
    b"function",
    b"state",
    b"unique",
    b"error",
    b"limit",
    b"after",
)

# Units of work, as ``turns`` counts it: of a row, and of an ending that is looked at,
# as a shift.
_ROW: Final = 20
_LOOK: Final = 3
# Endings looked at in a step.
_LOOKED_AT: Final = 256
# Functions whose last job with a unique is shown.
_MOST_FUNCTIONS: Final = 100


class _Filter:
    """Which endings to list; empty is any."""

    def __init__(self, arguments: Arguments, access: Access | None) -> None:
        """Take the arguments, and what the one who asks may see.

        Raises:
            OptionError: one of them cannot be what it is.
        """
        self.function = arguments.get(b"function")
        self.unique = arguments.get(b"unique")
        self.error = arguments.get(b"error").lower()
        self.outcome = arguments.get(b"state")
        self.limit = arguments.limit()
        self.after = arguments.number(b"after", -1)
        self.access = access
        if self.outcome and self.outcome not in STATUSES:
            raise OptionError(f"state is one of {', '.join(map(text, STATUSES))}")

    def takes(self, ending: Ending, now: float) -> bool:
        """Tell whether to list an ending."""
        if ending.until <= now:
            return False
        if self.function and ending.function != self.function:
            return False
        if self.outcome and ending.outcome != self.outcome:
            return False
        if self.unique and ending.unique != self.unique:
            return False
        if self.access is not None and not self.access.may(SEE, ending.function):
            return False
        return not self.error or self.error in ending.error().lower()


def history(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List what became of jobs, the latest first.

    ``history [function=F] [state=S] [unique=U] [error=E] [limit=N] [after=T]`` answers
    a row a job and, if there may be more, ``{"after": T}`` with what to ask them for.
    """
    try:
        wanted = _Filter(read_arguments(words[1:], _ARGUMENTS), peer.access)
    except OptionError as refusal:
        return invalid(str(refusal))
    peer.rest = _list(state, wanted)
    return b""


def _list(state: State, wanted: _Filter) -> Iterator[bytes]:
    kept = state.history
    first, following = kept.serials()
    serial = following - 1
    if 0 <= wanted.after <= serial:
        serial = wanted.after - 1
    count = 0
    while serial >= first:
        ending = kept.at(serial)
        if ending is not None and wanted.takes(ending, state.server_time()):
            if count == wanted.limit:
                yield row({"after": str(serial + 1)})
                break
            count += 1
            state.turns.work += _ROW
            yield ending_row(state, ending)
        elif serial % _LOOKED_AT == 0:
            state.turns.work += _LOOKED_AT >> _LOOK
            yield b""
        serial -= 1
    yield END_OF_LIST


def ended(state: State, name: bytes) -> list[Ending]:
    """Return what became of the job with a handle, or else with a unique.

    Several functions may have had a job with the unique: the last of each is returned.
    """
    now = state.server_time()
    known = state.history.find(name, now)
    if known is not None:
        return [known]
    found: dict[bytes, Ending] = {}
    if name:
        for looked_at, ending in enumerate(state.history.with_unique(name, now)):
            found.setdefault(ending.function, ending)
            if looked_at >= _MOST_FUNCTIONS:
                break
    return list(found.values())


def ending_row(state: State, ending: Ending) -> bytes:
    """Return the row of a job that has ended."""
    failures = failures_of(ending)
    return row(
        {
            "handle": text(ending.handle),
            "function": text(ending.function),
            "unique": text(ending.unique),
            "priority": priority_name(ending.priority),
            "state": text(ending.outcome),
            "status": text(ending.outcome),
            "background": ending.background,
            "submitted": calendar_time(state, ending.submitted),
            "due": None,
            "started": calendar_time(state, ending.started),
            "died": None,
            "ended": calendar_time(state, ending.ended),
            "worker": text(ending.who()) or None,
            "attempts": failures.attempts,
            "crashes": failures.crashes,
            "reason": text(failures.reason) or None,
            "error": text(failures.error) or None,
            "size": ending.size,
            "result_size": ending.result_size,
            "story": _story(state, ending),
        }
    )


def _story(state: State, ending: Ending) -> list[dict[str, object]]:
    """Return every attempt: those that failed, and the one that did not."""
    attempts = story_values(state, ending.failures)
    if ending.outcome == SUCCEEDED or ending.address:
        is_told = bool(attempts) and ending.outcome != SUCCEEDED
        if not (
            is_told and attempts[-1]["started"] == calendar_time(state, ending.started)
        ):
            attempts.append(
                attempt_values(
                    state,
                    ending.who(),
                    ending.started,
                    ending.ended,
                    ending.outcome,
                    b"",
                )
            )
    return attempts
