"""The text command that tells what is wrong now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.problems import Problem
from geartrain.engine.state.problems import look
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["problem_values", "problems"]

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 15


def problems(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row each what is wrong, since when, and what mends it."""
    if len(words) > 1:
        return invalid("problems takes no arguments")
    peer.rest = _list(state, peer)
    return b""


def _list(state: State, peer: Peer) -> Iterator[bytes]:
    for _ in look(state):
        yield b""
    for problem in list(state.problems.values()):
        if problem.function and not peer.may(SEE, problem.function):
            continue
        state.turns.work += _ROW
        yield row(problem_values(state, problem))
    yield END_OF_LIST


def problem_values(state: State, problem: Problem) -> dict[str, object]:
    """Return a problem as its row has it."""
    return {
        "problem": problem.name,
        "function": text(problem.function) if problem.function else None,
        "text": problem.text,
        "value": problem.value,
        "since": problem.since + state.calendar_shift(),
        "remedy": problem.remedy,
    }
