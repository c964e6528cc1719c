"""What each of several job servers does by itself, such as to cancel its jobs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from geartrain.engine.commands.cursors import cursor_text
from geartrain.engine.commands.elsewhere import refused_elsewhere, shared_schedule
from geartrain.engine.commands.inquiring import (
    answered_here,
    ask,
    reason_of,
    unanswered_error,
)
from geartrain.engine.commands.pages import PagePlan
from geartrain.engine.commands.permission import (
    JOB,
    check_function,
    check_job,
    need_of,
)
from geartrain.engine.commands.sweeps import UNKNOWN_JOB
from geartrain.engine.model.access import ADMINISTER
from geartrain.engine.model.inquiries import PATIENCE, Said, is_unknown
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import PacketError
from geartrain.protocol.admin import OK, PART, UNTIL, error, ok

__all__ = ["at_each"]

# Seconds that each has to change many jobs; whoever is away is given up before.
_SWEEP: Final = 600.0
_FUNCTION: Final = b"function="
_NOT_FOUND: Final = b"ERR function not found"


def at_each(
    state: State,
    peer: Peer,
    words: list[bytes],
    page: PagePlan,
    run: Callable[[list[bytes]], bytes],
) -> Iterator[bytes]:
    """Have each of the others do something, and then do it here."""
    if peer.access is not None and need_of(words).about == JOB:
        refused = yield from _refused(state, peer, words)
        if refused:
            yield refused
            return
    # Who does not answer follows what the store says of it, and is not to do this
    # later: by then somebody may have set something else.
    is_followed = shared_schedule(state, words) is not None
    if is_followed:
        until = b"%s%.3f" % (UNTIL, state.server_time() + PATIENCE)
        for said in page.said:
            said.line = b" ".join([PART, until, *words]) + b"\n"
    inquiry = ask(state, peer, words, page.said, is_list=False)
    if not is_followed:
        inquiry.seconds = _SWEEP
    yield b""
    peer.take_answers()
    total = _Total()
    whole = b""
    if page.own:
        whole = yield from answered_here(peer, page.own, run)
    total.take(whole, state.options.node_identity)
    for said in inquiry.said:
        total.take(said.data, said.identity)
    missing = [each for each in inquiry.said if _failed(each) and not is_followed]
    if whole.startswith(b"ERR ") and not _is_nothing(whole):
        yield whole
    elif missing:
        yield unanswered_error(missing, f"{total.done} were done; ")
    else:
        yield total.answer() or whole


def _refused(
    state: State, peer: Peer, words: list[bytes]
) -> Generator[bytes, None, bytes]:
    """Return how a peer is refused what it wants of a schedule; nothing if it may.

    The others do whatever this job server asks for, so that is looked at before.
    """
    schedule = state.schedules.get(unquote_to_bytes(words[2])) if words[2:] else None
    try:
        if schedule is not None:
            check_job(state, peer, schedule.function.name)
        for word in words[3:]:
            if word.startswith(_FUNCTION):
                to = unquote_to_bytes(word[len(_FUNCTION) :])
                check_function(state, peer, ADMINISTER, to)
    except PacketError as refusal:
        return error(refusal.code, refusal.text.decode())
    if schedule is None:
        return (yield from refused_elsewhere(state, peer, words, UNKNOWN_JOB))
    return b""


def _failed(said: Said) -> str:
    """Return why one has not done what it was asked for; empty if it has."""
    if _is_nothing(said.data):
        return ""
    return reason_of(said)


def _is_nothing(answer: bytes) -> bool:
    """Tell whether there was nothing to be done."""
    return is_unknown(answer) or answer.startswith(_NOT_FOUND)


class _Total:
    """What several have done."""

    def __init__(self) -> None:
        self.done = 0
        self._is_ok = self._is_counted = False
        self._following: dict[bytes, bytes] = {}

    def take(self, answer: bytes, identity: bytes) -> None:
        """Add what one answered."""
        done, *numbers = answer.split()[:3] or [b""]
        if done != b"OK":
            return
        self._is_ok = True
        if numbers and numbers[0].isdigit():
            self._is_counted = True
            self.done += int(numbers[0])
        if len(numbers) > 1:
            self._following[identity] = numbers[1]

    def answer(self) -> bytes:
        """Return the answer of all; nothing if none has done it."""
        if not self._is_counted:
            return OK if self._is_ok else b""
        following = ""
        if self._following:
            following = " " + quote_from_bytes(cursor_text(self._following).encode())
        return ok(b"%d%s" % (self.done, following.encode()))
