"""Ends of sources: what they mean for the jobs that wait for them.

A source is a job, or a batch. Where many wait for one job, they are told in turns.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.graph import (
    FAILURE,
    LARGEST_OF_ALL,
    SUCCESS,
    SourceEnd,
    Successor,
)
from geartrain.engine.results import DEAD, SUCCEEDED
from geartrain.engine.state.kept_graph import (
    drop_end,
    keep_end,
    keep_outcome,
    keep_successor,
)
from geartrain.engine.state.state import State
from geartrain.texts import quoted, shown

__all__ = ["come_to", "tell", "tell_some"]

# Units of work of telling one successor that one of its sources has ended.
_TOLD: Final = 8
# Bytes of all results that are handed to one job.
_LARGEST_SUM: Final = 256 * 1024
# Bytes that are written at once of an end that many wait for, some milliseconds' worth,
# and how much each takes that is told, beside the result.
_AT_ONCE: Final = 1024 * 1024
_TOLD_SIZE: Final = 2048
# A unit of work is as many bytes of these as 1 is shifted by: all at once are a turn's.
_UNITS: Final = 8


def tell(state: State, said: SourceEnd) -> None:
    """Tell who waits for a job what it has come to; of many, in turns to come."""
    if len(state.graph.waiting[said.source]) > _told_at_once(said):
        state.graph.ended[said.source] = said
        keep_end(state, said)
        return
    for successor in _to_be_told(state, said):
        come_to(state, successor, said)


def tell_some(state: State) -> None:
    """Tell some of the many who wait for a job that has ended."""
    graph = state.graph
    if not graph.ended:
        return
    said = next(iter(graph.ended.values()))
    left = _to_be_told(state, said)
    most = _told_at_once(said)
    for successor in left[:most]:
        come_to(state, successor, said)
        state.turns.work += _told_size(said) >> _UNITS
    if len(left) <= most:
        del graph.ended[said.source]
        drop_end(state, said.source)


def _told_at_once(said: SourceEnd) -> int:
    return max(_AT_ONCE // _told_size(said), 1)


def _told_size(said: SourceEnd) -> int:
    return _TOLD_SIZE + (0 if said.result is None else len(said.result))


def _to_be_told(state: State, said: SourceEnd) -> list[Successor]:
    """Return who waits for a job, and for what it has come to."""
    waiting = list(state.graph.waiting.get(said.source, {}).values())
    if said.outcome != DEAD:
        return waiting
    # A dead letter may be retried, and succeed yet.
    return [each for each in waiting if each.when != SUCCESS]


def come_to(state: State, successor: Successor, said: SourceEnd) -> None:
    """Let a successor know what one of its sources has come to."""
    graph = state.graph
    graph.settle(successor, said.source)
    kept = _handed_on(state, successor, said)
    graph.size += 0 if kept.result is None else len(kept.result)
    successor.add(kept)
    is_well = said.outcome == SUCCEEDED
    name = quoted(said.source)
    if successor.when == SUCCESS and not is_well:
        successor.verdict = f"{name}, which it waits for, ended: {shown(said.outcome)}"
    elif successor.when == FAILURE and is_well and not successor.is_blocked():
        successor.verdict = "nothing that it waits for has failed"
    if successor.verdict or (successor.when == FAILURE and not is_well):
        graph.release(successor)
    graph.moved[successor.number] = successor
    state.turns.work += _TOLD
    if successor.is_blocked():
        keep_outcome(state, successor)
    else:
        graph.ready[successor.number] = successor
        keep_successor(state, successor)


def _handed_on(state: State, successor: Successor, said: SourceEnd) -> SourceEnd:
    """Return what a successor keeps of an outcome: its result if there is room."""
    kept = SourceEnd(said.source, said.outcome)
    kept.function, kept.unique, kept.counts = said.function, said.unique, said.counts
    result = said.result
    if successor.is_handed and result is not None:
        has_room = successor.size() + len(result) <= _LARGEST_SUM
        if has_room and state.graph.size + len(result) <= LARGEST_OF_ALL:
            kept.result = result
    return kept
