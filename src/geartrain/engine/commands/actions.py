"""The log of operators: what they changed, recorded in one place, and listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.arguments import Latest, invalid, read_latest
from geartrain.engine.commands.rows import row
from geartrain.engine.model.access import SEE
from geartrain.engine.model.actions import Action
from geartrain.engine.model.globs import is_pattern, matches
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import overrides
from geartrain.engine.state.clocks import log_number
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST
from geartrain.texts import counted, quoted, shown

__all__ = ["actions", "is_change", "record", "recorded"]

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 10
# And of a look at what was done to all that a glob names.
_GLOB: Final = 50

# Bytes of a command's arguments that are kept.
_MOST_ARGUMENTS: Final = 1_024

# The commands that change something, where what follows has no say in it.
_CHANGES: Final = frozenset(
    {
        b"cancel",
        b"create",
        b"drain",
        b"drop",
        b"maxqueue",
        b"move",
        b"pause",
        b"priority",
        b"purge",
        b"resume",
        b"run",
        b"shutdown",
    }
)
# Of these the second word says whether they do.
_CHANGING: Final = {
    b"dead": frozenset({b"retry", b"drop"}),
    b"schedule": frozenset(
        {b"add", b"change", b"run", b"skip", b"pause", b"resume", b"remove"}
    ),
}
# Of these the second word is part of the command.
_PAIRS: Final = frozenset({b"cancel", b"create", b"dead", b"drop", b"schedule"})
# What stands for many jobs where a handle would.
_MANY: Final = (b"jobs", b"dead", b"all")


def is_change(words: list[bytes]) -> bool:
    """Tell whether a command is to change something."""
    name = words[0].lower()
    if b"count=yes" in words:
        return False
    if name == b"policy":
        return len(words) > 2
    if name in _CHANGING:
        return len(words) > 1 and words[1].lower() in _CHANGING[name]
    return name in _CHANGES


def recorded(
    state: State, peer: Peer, words: list[bytes], rest: Iterator[bytes]
) -> Iterator[bytes]:
    """Pass an answer on, and record the command once the answer says OK."""
    for piece in rest:
        if piece.startswith(b"OK"):
            record(state, peer, words, piece)
        yield piece


def record(state: State, peer: Peer, words: list[bytes], answer: bytes) -> None:
    """Record what an operator did, with how much the answer says that was.

    It is durable with the change itself, or a batch later where that is in several.
    """
    number, time = state.actions.next_number(log_number(state)), state.wall_time()
    action = Action(number, time, peer.address, peer.client_id)
    action.principal = peer.who()
    _describe(action, words)
    told = answer.split()
    if len(told) > 1 and told[1].isdigit():
        action.count = int(told[1])
    overrides.record(state, action)
    _tell(state, action)


def _tell(state: State, action: Action) -> None:
    """Log what an operator did."""
    words = b" ".join(filter(None, (action.command, action.arguments)))
    client = f" ({quoted(action.client)})" if action.client != b"-" else ""
    who = quoted(action.principal) if action.principal else "an operator"
    state.notices.append(
        Notice(
            "info",
            "operator",
            f"{who} on {quoted(action.address)}{client} changed "
            f"{counted(action.count, 'thing')}: {shown(words)}",
            action.function,
            action.handle,
            who=(action.address, action.client),
        )
    )


def _describe(action: Action, words: list[bytes]) -> None:
    """Say what the words of a command are about."""
    size = 2 if words[0].lower() in _PAIRS else 1
    action.command = b" ".join(words[:size]).lower()
    arguments = [_without_workload(word) for word in words[size:]]
    action.arguments = b" ".join(arguments)[:_MOST_ARGUMENTS]
    name = action.command
    for word in arguments:
        if word.startswith(b"function="):
            action.function = unquote_to_bytes(word[len(b"function=") :])
    if not arguments or arguments[0].lower() in _MANY:
        return
    if name in _OF_JOBS or words[0].lower() == b"schedule":
        action.handle = arguments[0]
    elif name != b"shutdown" and b"=" not in arguments[0]:
        action.function = unquote_to_bytes(arguments[0])


def _without_workload(word: bytes) -> bytes:
    """Return a word of a command, but for what may be a secret."""
    return b"workload=..." if word.startswith(b"workload=") else word


_OF_JOBS: Final = frozenset(
    {b"cancel job", b"dead retry", b"dead drop", b"move", b"priority", b"run"}
)


def actions(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List what operators did, the latest first.

    ``actions [function=F] [limit=N] [after=T]`` answers a row each and, if there may be
    earlier ones, ``{"after": T}`` with what to ask them for.
    """
    try:
        peer.rest = _rows(state, peer, read_latest(words[1:]))
    except OptionError as refusal:
        return invalid(str(refusal))
    return b""


def _rows(state: State, peer: Peer, wanted: Latest) -> Iterator[bytes]:
    listed, last = 0, 0
    for action in list(state.actions.before(wanted.before)):
        state.turns.work += _GLOB if is_pattern(action.function) else 1
        if wanted.function and not matches(action.function, wanted.function):
            continue
        if not (peer.is_shown_all() or peer.may(SEE, action.function)):
            continue
        if listed == wanted.most:
            yield row({"after": str(last)})
            break
        state.turns.work += _ROW
        listed += 1
        last = action.number
        yield row({**action.values()})
    yield END_OF_LIST
