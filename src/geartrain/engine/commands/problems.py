"""The text command that tells what is wrong now."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.access import SEE
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.problems import Problem
from geartrain.engine.state.problems import look
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST

__all__ = ["problem_values", "problems"]

# Units of work, as ``turns`` counts it, of a row; problems that are sorted in one unit.
_ROW: Final = 15
_SORTED: Final = 4
# As many rows of each problem as there are.
_ALL: Final = -1


def problems(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row each what is wrong, since when, and what mends it.

    ``limit=N`` tells of each problem only the N functions that have most of it.
    """
    try:
        limit = read_arguments(words[1:], (b"limit",)).number(b"limit", _ALL)
    except OptionError as refusal:
        return invalid(str(refusal))
    peer.rest = _list(state, peer, limit)
    return b""


def _list(state: State, peer: Peer, limit: int) -> Iterator[bytes]:
    for _ in look(state):
        yield b""
    groups: dict[str, list[Problem]] = {}
    for problem in state.problems.values():
        if problem.function and not peer.may(SEE, problem.function):
            continue
        groups.setdefault(problem.name, []).append(problem)
    state.turns.work += len(state.problems) // _SORTED
    for group in groups.values():
        told = group if limit == _ALL else nlargest(limit, group, key=_value)
        for problem in told:
            state.turns.work += _ROW
            functions = len(group) if problem.function else None
            yield row({**problem_values(state, problem), "functions": functions})
    yield END_OF_LIST


def _value(problem: Problem) -> float:
    return problem.value


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
