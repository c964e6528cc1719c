"""Text commands over several job servers: what others say beside the one asked.

Each answer is put together by the job server that was asked. It has the others answer
for themselves, by the same command with the word ``part`` before it, and that word is
never passed on: nothing goes in circles. ``scopes.SCOPES`` says which commands are
about more than the one that is asked.

The others are those that it has links to. What one of them does not say within two
seconds is missing, and the answer tells whose that is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.cursors import read_cursor
from geartrain.engine.commands.each import at_each
from geartrain.engine.commands.elsewhere import from_leader, from_owner, leader_of
from geartrain.engine.commands.inquiring import has_others, others_of, own_answer
from geartrain.engine.commands.merging import merged
from geartrain.engine.commands.pages import plan, shared_out
from geartrain.engine.commands.permission import check_command
from geartrain.engine.commands.scopes import (
    HERE,
    OWN_ROWS,
    OWNER,
    PAGES,
    ROWS,
    SETTING,
    SUMS,
    scope_of,
)
from geartrain.engine.commands.summed_statistics import part_words, summed_statistics
from geartrain.engine.commands.sums import summed
from geartrain.engine.model.inquiries import is_unknown
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import ALL, END_OF_LIST, LOCAL, PART, error

__all__ = ["answer_with_others", "spans"]

Run = Callable[[list[bytes]], bytes]
"""Answers a command for the job server alone, as ``admin`` does."""

_STATISTICS: Final = b"statistics"
_BATCH: Final = b"batch"
_PAGED: Final = (b"jobs", b"history", b"keys", b"show owners")
_PROBLEMS: Final = b"problems"
_UNKNOWN_FUNCTION: Final = error(b"UNKNOWN_FUNCTION")


def spans(state: State, words: list[bytes], span: bytes) -> bool:
    """Tell whether a command is about other job servers, too."""
    if span in (LOCAL, PART) or not has_others(state):
        return False
    scope = scope_of(words)
    if scope in (HERE, OWNER):
        return scope == OWNER
    return span == ALL or (state.is_shared and scope not in (SETTING, OWN_ROWS))


def answer_with_others(state: State, peer: Peer, words: list[bytes], run: Run) -> bytes:
    """Answer a command that is about others, too; ``run`` does so for this one alone.

    As with any command the rest of the answer may be left in ``peer.rest``, and it may
    be run again once the store has answered.
    """
    leader = leader_of(state, peer, words)
    if leader is not None:
        peer.rest = from_leader(state, peer, words, leader, run)
        return b""
    scope = scope_of(words)
    peer.is_part = scope != OWNER
    if scope == SUMS:
        return _sums(state, peer, words, run)
    if scope in (PAGES, ROWS, OWN_ROWS):
        return _pages(state, peer, words, run, is_merged=scope == PAGES)
    if scope == OWNER:
        return _owner(state, peer, words, run)
    check_command(state, peer, words)
    try:
        places = read_cursor(_argument(words, b"after"))
    except OptionError as refusal:
        return invalid(str(refusal))
    page = plan(state, words, others_of(state), places, 0, is_shared_out=False)
    peer.rest = at_each(state, peer, words, page, run)
    return b""


def _owner(state: State, peer: Peer, words: list[bytes], run: Run) -> bytes:
    answer = run(words)
    if not _is_under_way(peer) and peer.rest is None and is_unknown(answer):
        peer.rest = from_owner(state, peer, words, answer)
        return b""
    return answer


def _is_under_way(peer: Peer) -> bool:
    """Tell whether the store, or the end of a job, is waited for first."""
    return peer.is_asking or peer.wait is not None


def _sums(state: State, peer: Peer, words: list[bytes], run: Run) -> bytes:
    is_statistics = words[0].lower() == _STATISTICS
    answer = run(words)
    if is_statistics and not answer.startswith(b"ERR "):
        # It was asked as it is to see whether that can be asked at all.
        answer = run(part_words(words))
    if _is_under_way(peer):
        return answer
    if answer.startswith(b"ERR ") and not is_unknown(answer):
        return answer
    if is_unknown(answer) and words[0].lower() != _BATCH:
        # Of functions that nobody knows the list is empty.
        answer = END_OF_LIST
    own = own_answer(peer, answer)
    give = summed_statistics if is_statistics else summed
    peer.rest = give(state, peer, words, own)
    return b""


def _pages(
    state: State, peer: Peer, words: list[bytes], run: Run, *, is_merged: bool
) -> bytes:
    try:
        places = read_cursor(_argument(words, b"after"))
        limit = _limit(words, is_merged)
    except OptionError as refusal:
        return invalid(str(refusal))
    others = others_of(state)
    page = plan(state, words, others, places, limit, is_shared_out=not is_merged)
    # Who may not ask this may not go on with it at others, either.
    check_command(state, peer, words)
    answer = run(page.own) if page.own else END_OF_LIST
    if answer == _UNKNOWN_FUNCTION:
        # Others may have it.
        answer = END_OF_LIST
    if _is_under_way(peer) or answer.startswith(b"ERR "):
        return answer
    own = own_answer(peer, answer)
    give = merged if is_merged else shared_out
    peer.rest = give(state, peer, words, page, own)
    return b""


def _argument(words: list[bytes], name: bytes) -> bytes:
    for word in words:
        if word.startswith(name + b"="):
            return unquote_to_bytes(word[len(name) + 1 :])
    return b""


def _limit(words: list[bytes], is_merged: bool) -> int:
    """Return how many rows a list may have; 0 for one without pages."""
    if words[0].lower() == _PROBLEMS:
        # There it says how many functions of each problem.
        return 0
    given = [word for word in words if word.startswith(b"limit=")]
    is_paged = any(b" ".join(words[:n]).lower() in _PAGED for n in (1, 2))
    if given or is_merged or is_paged:
        return read_arguments(given, (b"limit",)).limit()
    return 0
