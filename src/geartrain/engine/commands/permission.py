"""What each text command and packet needs, and how it is refused to who lacks that.

``NEEDS`` is the one table of it: the checks, ``docs/access.md`` and the tests of all
principals on all ways in follow from it. Without rules a peer has no ``access``, and
nothing here is asked.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.model.access import (
    ADMINISTER,
    OPERATE,
    SEE,
    SUBMIT,
    WORK,
    Access,
)
from geartrain.engine.model.globs import is_pattern
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.errors import PacketError
from geartrain.texts import quoted, shown

__all__ = [
    "ANYTHING",
    "FILTER",
    "JOB",
    "NAME",
    "NEEDS",
    "NOT_ALLOWED",
    "SERVER",
    "WORD",
    "Requirement",
    "check_command",
    "check_function",
    "check_job",
    "need_of",
]

NOT_ALLOWED: Final = b"NOT_ALLOWED"

# What a command is about.
ANYTHING: Final = "anything"
"""No function: the right on any will do. Lists show what may be seen."""
SERVER: Final = "server"
"""The whole server: the right has to be on all functions."""
NAME: Final = "name"
"""The function that a word names, percent-encoded, or all that a glob does."""
WORD: Final = "word"
"""The function that a word names as it is."""
FILTER: Final = "filter"
"""The function that ``function=`` names; without it, all."""
JOB: Final = "job"
"""The function of the job that is named, once it is found."""

# Seconds for which the same refusal is not logged again, and how many are remembered.
_QUIET: Final = 60.0
_MOST_REFUSALS: Final = 1000


class Requirement:
    """What a command needs: one of some rights, on what it is about."""

    def __init__(self, rights: tuple[int, ...], about: str, place: int = 1) -> None:
        self.rights = rights
        """Any of these will do; none for what everybody may ask."""
        self.about = about
        """What they have to be on."""
        self.place = place
        """Which word of the command names the function."""


_SEE: Final = Requirement((SEE,), ANYTHING)
_SEE_JOB: Final = Requirement((SEE,), JOB)
_OPERATE: Final = Requirement((OPERATE,), NAME)
_OPERATE_JOB: Final = Requirement((OPERATE,), JOB)
_OPERATE_ALL: Final = Requirement((OPERATE,), FILTER)
_OWN: Final = Requirement((SUBMIT, SEE), JOB)
_ATTEMPT: Final = Requirement((WORK, OPERATE), JOB)

NEEDS: Final[dict[bytes, Requirement]] = {
    b"version": Requirement((), ANYTHING),
    b"getpid": _SEE,
    b"verbose": _SEE,
    b"status": _SEE,
    b"prioritystatus": _SEE,
    b"workers": _SEE,
    b"show": _SEE,
    b"jobs": _SEE,
    b"counters": _SEE,
    b"history": _SEE,
    b"statistics": _SEE,
    b"events": _SEE,
    b"actions": _SEE,
    b"problems": _SEE,
    b"hooks": _SEE,
    b"cluster": _SEE,
    b"marks": _SEE,
    b"batch": _SEE,
    b"batches": _SEE,
    b"announce": Requirement((WORK,), ANYTHING),
    b"server": _SEE,
    b"store": _SEE,
    b"dead list": _SEE,
    b"dead groups": _SEE,
    b"upcoming": _SEE,
    b"failures": _SEE,
    b"policy": Requirement((SEE,), NAME),
    b"keys": Requirement((SEE,), NAME),
    b"job": _SEE_JOB,
    b"why": _SEE_JOB,
    b"dead show": _SEE_JOB,
    b"result": _OWN,
    b"follow": _OWN,
    b"release": _ATTEMPT,
    b"retry": _ATTEMPT,
    b"fail": _ATTEMPT,
    b"pause": _OPERATE,
    b"resume": _OPERATE,
    b"drain": _OPERATE,
    b"purge": _OPERATE,
    b"cancel": _OPERATE_JOB,
    b"run": _OPERATE_JOB,
    b"priority": _OPERATE_JOB,
    b"move": _OPERATE_JOB,
    b"schedule list": _SEE,
    b"schedule next": _SEE,
    b"schedule show": _SEE_JOB,
    b"schedule run": _OPERATE_JOB,
    b"schedule skip": _OPERATE_JOB,
    b"schedule pause": _OPERATE_JOB,
    b"schedule resume": _OPERATE_JOB,
    b"schedule add": Requirement((ADMINISTER,), FILTER),
    b"schedule change": Requirement((ADMINISTER,), JOB),
    b"schedule remove": Requirement((ADMINISTER,), JOB),
    b"dead retry": _OPERATE_JOB,
    b"dead drop": _OPERATE_JOB,
    b"cancel jobs": _OPERATE_ALL,
    b"run jobs": _OPERATE_ALL,
    b"priority jobs": _OPERATE_ALL,
    b"move jobs": _OPERATE_ALL,
    b"move dead": _OPERATE_ALL,
    b"dead retry all": _OPERATE_ALL,
    b"dead drop all": _OPERATE_ALL,
    b"policy set": Requirement((ADMINISTER,), NAME),
    b"create function": Requirement((ADMINISTER,), WORD, 2),
    b"drop function": Requirement((ADMINISTER,), WORD, 2),
    b"maxqueue": Requirement((ADMINISTER,), WORD),
    b"store backup": Requirement((ADMINISTER,), SERVER),
    b"trace": Requirement((ADMINISTER,), SERVER),
    b"shutdown": Requirement((ADMINISTER,), SERVER),
}
"""What each text command needs, by its first words; the longest that fit count.

``policy set`` stands for a ``policy`` command with settings.
"""

# Of commands that nobody has put into the table.
_CLOSED: Final = Requirement((ADMINISTER,), SERVER)
# Words that may be part of a command's name.
_MOST_WORDS: Final = 3

_VERBS: Final = ("submit to", "work for", "see", "operate", "administer")


def need_of(words: list[bytes]) -> Requirement:
    """Return what a command needs."""
    lower = [each.lower() for each in words[:_MOST_WORDS]]
    if lower[0] == b"policy" and len(words) > 2:
        return NEEDS[b"policy set"]
    for size in range(len(lower), 0, -1):
        found = NEEDS.get(b" ".join(lower[:size]))
        if found is not None:
            return found
    return _CLOSED


def check_command(state: State, peer: Peer, words: list[bytes]) -> None:
    """Refuse a command for which a peer lacks the right.

    What is about one job is only checked when that is found, by ``check_job``.

    Raises:
        PacketError: it is refused.
    """
    access = peer.access
    if access is None:
        return
    need = need_of(words)
    peer.rights = need.rights
    if not need.rights or need.about == JOB:
        return
    right = need.rights[0]
    if need.about == ANYTHING:
        if not access.has(right):
            raise _refusal(state, peer, right, b"")
        return
    name = _named(need, words)
    if not _holds(access, right, name):
        raise _refusal(state, peer, right, name)


def _named(need: Requirement, words: list[bytes]) -> bytes:
    """Return the function that a command is about; ``*`` is all of them."""
    if need.about == FILTER:
        given = [each for each in words if each.startswith(b"function=")]
        return unquote_to_bytes(given[0][len(b"function=") :]) if given else b"*"
    if need.about == SERVER or len(words) <= need.place:
        return b"*"
    word = words[need.place]
    return word if need.about == WORD else unquote_to_bytes(word)


def _holds(access: Access, right: int, name: bytes) -> bool:
    return access.covers(right, name) if is_pattern(name) else access.may(right, name)


def check_function(state: State, peer: Peer, right: int, function: bytes) -> None:
    """Refuse what a peer wants of a function if it lacks the right.

    Raises:
        PacketError: it is refused.
    """
    access = peer.access
    if access is not None and not access.may(right, function):
        raise _refusal(state, peer, right, function)


def check_job(state: State, peer: Peer, function: bytes) -> None:
    """Refuse what a command wants of a job of this function.

    To a peer without any right on the function, there is no such job.

    Raises:
        PacketError: it is refused.
    """
    access = peer.access
    if access is None or any(access.may(each, function) for each in peer.rights):
        return
    if not access.knows(function):
        raise PacketError(b"UNKNOWN_JOB", b"There is no such job")
    raise _refusal(state, peer, peer.rights[0], function)


def _refusal(state: State, peer: Peer, right: int, name: bytes) -> PacketError:
    """Return the error that says who may not do what, which the log says, too."""
    who = shown(peer.who()) if peer.who() else f"{shown(peer.address)}, no principal,"
    if not name:
        what = f"{_VERBS[right]} anything"
    elif name == b"*":
        what = f"{_VERBS[right]} all functions"
    elif is_pattern(name):
        what = f"{_VERBS[right]} all functions that {quoted(name)} names"
    else:
        what = f"{_VERBS[right]} {quoted(name)}"
    said = f"{who} may not {what}"
    _log(state, peer, said, name)
    return PacketError(NOT_ALLOWED, said.encode())


def _log(state: State, peer: Peer, said: str, function: bytes) -> None:
    """Log a refusal, unless the same was logged a moment ago."""
    refused = state.refused
    if state.now < refused.get(said, 0.0):
        return
    if len(refused) >= _MOST_REFUSALS:
        refused.clear()
    refused[said] = state.now + _QUIET
    state.notices.append(
        Notice(
            "warning",
            "access_refused",
            f"refused {shown(peer.address)} ({peer.descriptor}): {said}",
            function,
        )
    )
