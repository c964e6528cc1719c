"""The text command that groups dead letters by what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.failure_kinds import Failed, FailureKinds
from geartrain.engine.jobs.steering import is_dead
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import ListDead
from geartrain.engine.records import Failures, JobRecord
from geartrain.engine.results import DEAD
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = ["dead_groups"]

# The latest dead letters, which are grouped: reading them takes the store 50 ms.
_LATEST: Final = 5_000
# Letters that a step looks at.
_SLICE: Final = 250
# Units of work, as ``turns`` counts it, of a letter that is looked at.
_LOOK: Final = 10


def dead_groups(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List kinds of dead letters among the latest, the most frequent first.

    ``dead groups [function=F] [limit=N]`` answers a row for each function, reason and
    kind of error.
    """
    try:
        arguments = read_arguments(words, (b"function", b"limit"))
        limit = arguments.limit()
    except OptionError as refusal:
        return invalid(str(refusal))
    if not state.journal.is_on:
        return END_OF_LIST
    peer.rest = _list(state, peer, arguments.get(b"function") or None, limit)
    return b""


def _list(
    state: State, peer: Peer, function: bytes | None, limit: int
) -> Iterator[bytes]:
    kinds = FailureKinds()
    after, looked = 0, 0
    while looked < _LATEST:
        query = ListDead(after, _SLICE, function)
        query.is_backward = True
        state.ask(peer, [query])
        yield b""
        (answer,) = peer.take_answers()
        assert isinstance(answer, ListDead)
        if answer.error:
            yield error(b"STORE_ERROR", answer.error)
            return
        for record in answer.records:
            state.turns.work += _LOOK
            if is_dead(state, record, b"") and peer.may(SEE, record.function):
                kinds.add(state, _failed(record))
        looked += len(answer.records)
        if len(answer.records) < _SLICE:
            break
        after = answer.records[-1].number
    yield from kinds.rows(state, limit)
    yield END_OF_LIST


def _failed(record: JobRecord) -> Failed:
    failures = record.failures or Failures()
    failed = Failed(record.function, DEAD, failures.reason, failures.error)
    failed.time = record.died
    failed.handle = record.handle
    failed.worker = failures.worker
    return failed
