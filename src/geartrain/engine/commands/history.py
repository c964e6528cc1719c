"""The text command that tells what became of jobs, and rows of what is no more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
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
from geartrain.engine.endings import STATUSES, Ending, ListEndings, failures_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import Query
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["ended", "ending_row", "history", "store_query", "stored_endings"]

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
# Jobs with a unique that are looked at for the last of each function.
_MOST_FUNCTIONS: Final = 100


def history(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List what became of jobs, the latest first.

    ``history [function=F] [state=S] [unique=U] [error=E] [limit=N] [after=T]`` answers
    a row a job and, if there may be more, ``{"after": T}`` with what to ask them for.
    """
    answers = peer.take_answers()
    if answers:
        stored = answers[0]
        assert isinstance(stored, ListEndings)
        if stored.error:
            return error(b"STORE_ERROR", stored.error)
        peer.rest = _list(state, stored)
        return b""
    try:
        wanted = _wanted(state, read_arguments(words[1:], _ARGUMENTS))
    except OptionError as refusal:
        return invalid(str(refusal))
    if _needs_store(state, wanted):
        state.ask(peer, [wanted])
    else:
        peer.rest = _list(state, wanted)
    return b""


def _wanted(state: State, arguments: Arguments) -> ListEndings:
    """Return which endings to list.

    Raises:
        OptionError: an argument cannot be what it is.
    """
    after = arguments.number(b"after", 0)
    _, following = state.history.serials()
    before = min(after, following) if after else following
    wanted = ListEndings(state.server_time(), before, arguments.limit())
    wanted.function = arguments.get(b"function")
    wanted.unique = arguments.get(b"unique")
    wanted.error_part = arguments.get(b"error").lower()
    wanted.outcome = arguments.get(b"state")
    if wanted.outcome and wanted.outcome not in STATUSES:
        raise OptionError(f"state is one of {', '.join(map(text, STATUSES))}")
    return wanted


def _needs_store(state: State, wanted: ListEndings) -> bool:
    """Tell whether memory may have fewer endings than are wanted, and the store more.

    The store is asked for as many, although memory may have most of them: how many
    pass a filter only a look at each would tell.
    """
    if not state.history.is_stored:
        return False
    first, _ = state.history.serials()
    return wanted.is_filtered() or wanted.before - first <= wanted.most


def _list(state: State, wanted: ListEndings) -> Iterator[bytes]:
    """List what memory has, and then what the store has answered."""
    kept = state.history
    first, _ = kept.serials()
    serial = wanted.before - 1
    count = 0
    while serial >= first:
        ending = kept.at(serial)
        if ending is not None and wanted.takes(ending):
            if count == wanted.most:
                yield row({"after": str(serial + 1)})
                yield END_OF_LIST
                return
            count += 1
            state.turns.work += _ROW
            yield ending_row(state, ending)
        elif serial % _LOOKED_AT == 0:
            state.turns.work += _LOOKED_AT >> _LOOK
            yield b""
        serial -= 1
    yield from _stored(state, wanted, first, count)
    yield END_OF_LIST


def _stored(
    state: State, wanted: ListEndings, first: int, count: int
) -> Iterator[bytes]:
    """List what only the store has: all that comes before the first in memory."""
    for ending in wanted.endings:
        if ending.serial >= first:
            continue
        if count == wanted.most:
            yield row({"after": str(ending.serial + 1)})
            return
        count += 1
        state.turns.work += _ROW
        yield ending_row(state, ending)
    if wanted.following:
        yield row({"after": str(wanted.following)})


def store_query(
    state: State, handle: bytes, unique: bytes, function: bytes = b""
) -> list[Query]:
    """Return what to ask the store for what became of a job, or of some with a unique.

    That is nothing if the store has no history.
    """
    if not state.history.is_stored:
        return []
    _, following = state.history.serials()
    most = 1 if handle or function else _MOST_FUNCTIONS
    wanted = ListEndings(state.server_time(), following, most)
    wanted.handle, wanted.unique, wanted.function = handle, unique, function
    return [wanted]


def ended(state: State, name: bytes, answers: list[Query]) -> list[Ending]:
    """Return what became of the job with a handle, or else with a unique.

    Several functions may have had a job with the unique: the last of each is returned.
    ``answers`` are those of the store, if it was asked.
    """
    now = state.server_time()
    known = state.history.find(name, now)
    if known is not None:
        return [known]
    found: dict[bytes, Ending] = {}
    if name:
        past = islice(state.history.with_unique(name, now), _MOST_FUNCTIONS)
        for ending in chain(past, stored_endings(answers)):
            if ending.handle == name:
                return [ending]
            found.setdefault(ending.function, ending)
    return list(found.values())


def stored_endings(answers: list[Query]) -> list[Ending]:
    """Return what the store said became of jobs, the latest first."""
    found: list[Ending] = []
    for answer in answers:
        if isinstance(answer, ListEndings):
            found += answer.endings
    return found


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
