"""The text commands about worker processes: supervisors tell of them, others list them.

What a supervisor tells is forgotten when its connection ends. Nothing is done with it
but to show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.connections import is_shown
from geartrain.engine.commands.places import (
    Place,
    Places,
    matcher,
    place_text,
    read_place,
)
from geartrain.engine.commands.rows import row, text
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.supervisors import STATES, Supervision, WorkerProcess
from geartrain.engine.state.state import State
from geartrain.errors import OptionError
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["announce", "show_processes"]

_OF_SUPERVISOR: Final = (b"host", b"pid", b"processes", b"version", b"age")
_OF_PROCESS: Final = (
    b"place",
    b"target",
    b"pid",
    b"state",
    b"age",
    b"memory",
    b"restarts",
    b"running",
    b"succeeded",
    b"failed",
    b"ended",
)
_LISTED: Final = (b"match", b"limit", b"after")

# Processes of all supervisors together, about a kilobyte each, and of one.
_MOST_PROCESSES: Final = 10_000
_MOST_OF_ONE: Final = 4_096
# Bytes of a name, and of how a process ended.
_MOST_NAME: Final = 128
_MOST_ENDED: Final = 256

# Units of work, as ``turns`` counts it, of a row.
_ROW: Final = 10
_LOOKED_AT: Final = 64
_LOOK: Final = 16

_ALL: Final = 2**31
_MOST_ROWS: Final = 1000


def announce(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Take what a supervisor tells of itself, or of one of its processes."""
    what = words[1].lower() if len(words) > 1 else b""
    try:
        if what == b"supervisor":
            _supervisor(state, peer, read_arguments(words[2:], _OF_SUPERVISOR))
            return OK
        if what == b"process":
            return _process(state, peer, read_arguments(words[2:], _OF_PROCESS))
    except OptionError as refusal:
        return invalid(str(refusal))
    return error(b"UNKNOWN_ARGS", "announce takes supervisor or process")


def _supervisor(state: State, peer: Peer, arguments: Arguments) -> None:
    host = arguments.get(b"host")
    if not host:
        raise OptionError("host= is missing")
    process_id = arguments.number(b"pid", 0)
    age = arguments.seconds(b"age")
    count = min(arguments.number(b"processes", 0), _MOST_OF_ONE)
    supervisor = state.supervisors.get(peer)
    if supervisor is None:
        supervisor = state.supervisors[peer] = Supervision()
    supervisor.host = host[:_MOST_NAME]
    supervisor.process_id = process_id
    supervisor.version = arguments.get(b"version")[:_MOST_NAME]
    supervisor.since = state.now - age
    # A configuration with fewer processes leaves no old ones behind.
    for place in [each for each in supervisor.processes if each >= count]:
        del supervisor.processes[place]
        state.process_count -= 1


def _process(state: State, peer: Peer, arguments: Arguments) -> bytes:
    supervisor = state.supervisors.get(peer)
    if supervisor is None:
        return error(b"NOT_ALLOWED", "announce the supervisor first")
    place = arguments.number(b"place", 0)
    if place >= _MOST_OF_ONE:
        raise OptionError(f"place is a number below {_MOST_OF_ONE}")
    told = _told(state, arguments)
    if place not in supervisor.processes:
        if state.process_count >= _MOST_PROCESSES:
            return error(b"TOO_MANY", f"{_MOST_PROCESSES} processes are known already")
        state.process_count += 1
    supervisor.processes[place] = told
    return OK


def _told(state: State, arguments: Arguments) -> WorkerProcess:
    process = WorkerProcess()
    process.target = arguments.get(b"target")[:_MOST_NAME]
    process.state = arguments.get(b"state")
    if text(process.state) not in STATES:
        raise OptionError(f"state is one of {', '.join(STATES)}")
    process.process_id = arguments.number(b"pid", 0)
    if process.process_id:
        process.since = state.now - arguments.seconds(b"age")
    process.memory = arguments.number(b"memory", 0)
    process.restarts = arguments.number(b"restarts", 0)
    process.running = arguments.number(b"running", 0)
    process.succeeded = arguments.number(b"succeeded", 0)
    process.failed = arguments.number(b"failed", 0)
    process.ended = arguments.get(b"ended")[:_MOST_ENDED]
    return process


def show_processes(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """List worker processes as JSON; ``words`` are the arguments."""
    try:
        arguments = read_arguments(words, _LISTED)
        after = read_place(arguments.get(b"after"))
        match = arguments.pattern(b"match", state)
        limit = _ALL
        if arguments.get(b"limit"):
            limit = min(arguments.number(b"limit", 0), _MOST_ROWS)
    except OptionError as refusal:
        return invalid(str(refusal))
    places = Places(limit, after)
    peer.rest = _list(state, peer, match, places, limit)
    return b""


def _list(
    state: State, viewer: Peer, match: bytes, places: Places, limit: int
) -> Iterator[bytes]:
    wanted = matcher(match) if match else None
    found: dict[Place, tuple[Peer, int]] = {}
    looked_at = 0
    for peer, supervisor in list(state.supervisors.items()):
        if not is_shown(state, viewer, peer):
            continue
        for place in list(supervisor.processes):
            process = supervisor.processes.get(place)
            looked_at += 1
            if process is None:
                continue
            named = supervisor.host + b" " + process.target
            if wanted is None or wanted.match(named) is not None:
                at = (peer.number, b"%06d" % place)
                found[at] = (peer, place)
                places.add(at)
            if looked_at % _LOOKED_AT == 0:
                state.turns.work += _LOOK
                yield b""
    listed = places.first()
    for at in listed[:limit]:
        peer, place = found[at]
        known = state.supervisors.get(peer)
        if known is not None and place in known.processes:
            state.turns.work += _ROW
            yield _row(state, peer, known, place)
    if limit < len(listed):
        yield row({"after": place_text(listed[limit - 1])})
    yield END_OF_LIST


def _row(state: State, peer: Peer, supervisor: Supervision, place: int) -> bytes:
    process = supervisor.processes[place]
    since = None
    if process.since:
        since = round(process.since + state.clock_offset, 3)
    return row(
        {
            "connection": peer.number,
            "address": text(peer.address),
            "host": text(supervisor.host),
            "supervisor": supervisor.process_id,
            "version": text(supervisor.version) or None,
            "supervised_since": round(supervisor.since + state.clock_offset, 3),
            "heard": round(peer.heard + state.clock_offset, 3),
            "place": place,
            "target": text(process.target),
            "pid": process.process_id or None,
            "state": text(process.state),
            "since": since,
            "memory": process.memory or None,
            "restarts": process.restarts,
            "running": process.running,
            "succeeded": process.succeeded,
            "failed": process.failed,
            "ended": text(process.ended) or None,
        }
    )
