"""The text command that follows what happens to jobs and functions."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.rows import text
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.following import follow
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import OK, error

__all__ = ["events"]

# Every follower costs the sending of each event.
_MOST_FOLLOWERS: Final = 100


def events(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell what happens from now on, or from after an event on.

    ``events [function=F] [after=ID]`` answers ``OK``, and then a row an event for as
    long as nothing else is asked on the connection; then comes a dot.
    """
    try:
        arguments = read_arguments(words[1:], (b"function", b"after"))
    except OptionError as refusal:
        return invalid(str(refusal))
    if len(state.followers) >= _MOST_FOLLOWERS:
        return error(b"TOO_MANY", f"there are {_MOST_FOLLOWERS} followers already")
    after = text(arguments.get(b"after"))
    try:
        follow(state, peer, arguments.get(b"function"), after)
    except ValueError:
        return invalid("after is the id of an event")
    return OK
