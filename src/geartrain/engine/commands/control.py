"""The text commands by which operators steer functions and jobs.

``pause``, ``resume`` and ``drain`` change policies; ``purge``, ``priority``, ``move``
and ``run`` are sweeps.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from geartrain.engine.commands.arguments import invalid, read_arguments
from geartrain.engine.commands.common import TOO_MANY_FUNCTIONS
from geartrain.engine.commands.filters import WAITING, Filter
from geartrain.engine.commands.permission import check_function, check_job
from geartrain.engine.commands.sweeps import (
    FILTERS,
    read_wanted,
    steer_all,
    steer_dead,
    steer_job,
)
from geartrain.engine.jobs.recurring import run_schedule
from geartrain.engine.jobs.steering import Cancel, Order, Place
from geartrain.engine.model.access import OPERATE, SUBMIT
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.settings import Value
from geartrain.engine.state import functions, overrides
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import OK, error
from geartrain.texts import quoted

__all__ = ["drain", "move", "pause", "priority", "purge", "resume", "run"]

_PURGE: Final = (b"state", b"count", b"limit", b"after")
_PRIORITIES: Final[dict[bytes, int]] = {b"high": 0, b"normal": 1, b"low": 2}

# Units of work, as ``turns`` counts it, of changing policies.
_POLICY: Final = 50


def pause(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Give no more jobs of a function, or of all that a glob names, to workers."""
    return _switch(state, peer, words, {"paused": True})


def drain(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Refuse new jobs of a function, or of all that a glob names."""
    return _switch(state, peer, words, {"draining": True})


def resume(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """End what ``pause`` and ``drain`` have begun."""
    return _switch(state, peer, words, {"paused": False, "draining": False})


def _switch(
    state: State, peer: Peer, words: list[bytes], settings: dict[str, Value]
) -> bytes:
    if len(words) != 2:
        return invalid(f"{words[0].decode().lower()} takes a function, or a glob")
    # A glob is compiled: that takes about 5 µs a byte.
    state.turns.work += _POLICY + state.policies.glob_count() + 4 * len(words[1])
    try:
        overrides.switch(state, unquote_to_bytes(words[1]), settings)
    except OptionError as refusal:
        return invalid(str(refusal))
    state.journal.hold_change(peer, is_text=True)
    return OK


def purge(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """End the waiting jobs of a function: ``purge F [state=S] [count=yes]``."""
    if len(words) < 2 or b"=" in words[1]:
        return invalid("purge takes a function, and state= and count=yes if need be")
    name = unquote_to_bytes(words[1])
    try:
        arguments = read_arguments(words[2:], _PURGE)
        wanted = arguments.get(b"state") or WAITING
        if wanted not in (WAITING, b"ready", b"scheduled"):
            raise OptionError("state is ready or scheduled: cancel ends what runs")
    except OptionError as refusal:
        return invalid(str(refusal))
    return steer_all(state, peer, arguments, Filter(name, wanted), Cancel())


def priority(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Give waiting jobs another priority.

    ``priority H high`` answers ``OK``; ``priority jobs high function=F`` and other
    filters answer ``OK`` and how many these were.
    """
    rank = _PRIORITIES.get(words[2].lower()) if len(words) > 2 else None
    if rank is None:
        return invalid("priority takes a handle or jobs, and high, normal or low")
    return _place(state, peer, words[1], words[3:], Place(priority=rank))


def run(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Let jobs that wait for a time wait no longer: ``run H``, ``run jobs …``.

    With the handle of a recurring job, that is submitted now, too.
    """
    if len(words) < 2:
        return invalid("run takes a handle, or jobs and filters")
    schedule = state.schedules.get(words[1])
    if schedule is not None:
        check_job(state, peer, schedule.function.name)
        refused = run_schedule(state, schedule)
        return error(b"QUEUE_ERROR", refused.decode()) if refused else OK
    return _place(state, peer, words[1], words[2:], Place(is_now=True))


def move(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Let waiting jobs and dead letters wait for another function.

    ``move H F`` answers ``OK``; ``move jobs F`` and ``move dead F`` with filters answer
    ``OK`` and how many these were.
    """
    if len(words) < 3 or b"=" in words[2]:
        return invalid("move takes a handle, jobs or dead, and a function")
    name = unquote_to_bytes(words[2])
    if not peer.may(OPERATE, name):
        check_function(state, peer, SUBMIT, name)
    if len(name) > state.journal.longest_name:
        most = state.journal.longest_name
        return invalid(f"the store takes names of up to {most} bytes")
    function = functions.admit(state, name)
    if function is None:
        return error(b"TOO_MANY", TOO_MANY_FUNCTIONS.decode())
    if functions.policy(state, function).draining:
        reason = f"{quoted(name)} is draining and takes no new jobs"
        return error(b"DRAINING", reason)
    order = Place(name)
    if words[1].lower() == b"dead":
        return steer_dead(state, peer, words[3:], order)
    return _place(state, peer, words[1], words[3:], order)


def _place(
    state: State, peer: Peer, name: bytes, rest: list[bytes], order: Order
) -> bytes:
    """Carry out an order on one job, or on the waiting ones of a filter."""
    if name.lower() != b"jobs":
        if rest:
            return invalid("filters follow the word jobs; a handle stands alone")
        return steer_job(state, peer, name, order, is_dead_too=True)
    try:
        arguments = read_arguments(rest, FILTERS)
        wanted = read_wanted(state, arguments)
        if wanted.state == b"running":
            raise OptionError("state is ready or scheduled: what runs stays as it is")
    except OptionError as refusal:
        return invalid(str(refusal))
    wanted.state = wanted.state or WAITING
    return steer_all(state, peer, arguments, wanted, order)
