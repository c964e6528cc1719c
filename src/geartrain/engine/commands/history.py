"""The text command that tells what became of jobs, and rows of what is no more."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.filters import (
    ENDED_CONDITIONS,
    OUTCOMES,
    read_filter,
)
from geartrain.engine.commands.listings import RECORD_LOOKS, Slice
from geartrain.engine.commands.rows import (
    attempt_values,
    calendar_time,
    priority_name,
    row,
    story_values,
    text,
)
from geartrain.engine.endings import FURTHER, STATUSES, Ending, ListEndings, failures_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import Query
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = [
    "ended",
    "ending_rows",
    "ending_values",
    "history",
    "store_query",
    "stored_endings",
]

_ARGUMENTS: Final = (*ENDED_CONDITIONS, b"limit", b"after")

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

    ``history [limit=N] [after=T]`` and the conditions of a filter answer a row a job
    and, if there may be more, ``{"after": T}`` with what to ask them for.
    """
    try:
        arguments = read_arguments(words[1:], _ARGUMENTS)
        part = Slice(read_filter(state, arguments, OUTCOMES), arguments.limit())
        part.wanted.access = peer.access
        after = arguments.number(b"after", -1)
    except OptionError as refusal:
        return invalid(str(refusal))
    peer.rest = _list(state, peer, part, after)
    return b""


def _list(state: State, peer: Peer, part: Slice, after: int) -> Iterator[bytes]:
    has_rows = False
    for each in ending_rows(state, peer, part, after):
        has_rows = has_rows or bool(each)
        yield each
    if part.error and not has_rows:
        yield error(b"STORE_ERROR", part.error)
        return
    if part.following:
        yield row({"after": text(part.following)})
    yield END_OF_LIST


def ending_rows(state: State, peer: Peer, part: Slice, after: int) -> Iterator[bytes]:
    """Give the rows of what became of jobs, the latest before a serial first.

    A negative serial is for the very latest. What memory has comes before what the
    store alone has.
    """
    if after >= FURTHER:
        yield from _stored_rows(state, peer, part, after)
        return
    kept = state.history
    serial = kept.following() - 1
    if 0 <= after <= serial:
        serial = after - 1
    wanted, now = part.wanted, state.server_time()
    while serial >= kept.first():
        ending = kept.at(serial)
        is_wanted = (
            ending is not None
            and not (peer.is_part and ending.is_doubled)
            and wanted.takes_ending(ending, now)
        )
        if part.looks <= 0 or (is_wanted and part.left == 0):
            part.following = b"%d" % (serial + 1)
            return
        part.looks -= 1
        if ending is not None and is_wanted:
            part.left -= 1
            state.turns.work += _ROW
            yield row(ending_values(state, ending))
        elif serial % _LOOKED_AT == 0:
            state.turns.work += _LOOKED_AT >> _LOOK
            yield b""
        serial -= 1
    if kept.is_stored:
        yield from _stored_rows(state, peer, part, serial + 1)


def _stored_rows(state: State, peer: Peer, part: Slice, before: int) -> Iterator[bytes]:
    """Give the rows of those before a serial that the store has."""
    wanted = part.wanted
    while before:
        if not part.goes_on():
            part.following = b"%d" % before
            return
        query = ListEndings(state.server_time(), before, part.left)
        query.function, query.unique = wanted.name() or b"", wanted.unique
        query.error_part = wanted.error
        query.outcome = wanted.state if wanted.state in STATUSES else b""
        state.ask(peer, [query])
        yield b""
        peer.take_answers()
        part.error = query.error
        if query.error:
            part.following = b"%d" % before
            return
        part.looks -= RECORD_LOOKS * max(query.looked_at, 1)
        for ending in query.endings:
            if wanted.takes_ending(ending, query.now):
                part.left -= 1
                state.turns.work += _ROW
                yield row(ending_values(state, ending))
        before = query.following


def store_query(
    state: State, handle: bytes, unique: bytes, function: bytes = b""
) -> list[Query]:
    """Return what to ask the store for what became of a job, or of some with a unique.

    That is nothing if the store has no history.
    """
    if not state.history.is_stored:
        return []
    most = 1 if handle or function else _MOST_FUNCTIONS
    wanted = ListEndings(state.server_time(), state.history.following(), most)
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


def ending_values(state: State, ending: Ending) -> dict[str, object]:
    """Return a job that has ended as values of a row."""
    failures = failures_of(ending)
    return {
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
        "numerator": None,
        "denominator": None,
        "result_size": ending.result_size,
        "story": _story(state, ending),
    }


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
