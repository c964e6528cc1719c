"""Following: peers are told what happens to jobs and functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from geartrain.engine.model.access import SEE
from geartrain.engine.model.events import Follower, Happening
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State

__all__ = [
    "follow",
    "go_on",
    "note_function",
    "note_job",
    "note_workers",
    "tell",
    "unfollow",
]

# Some events are missing here: there were more than the ring has room for.
_GAP: Final = b'{"event": "gap"}\n'

Value = str | int | float | bool | None

# Seconds from one telling to the next. Ninety followers that were told of each event by
# itself cost a millisecond an event.
_PAUSE: Final = 0.1
# Events that a follower is told at a time, and the units of work, as ``turns`` counts
# it, of putting them together, and of telling one.
_PIECE: Final = 100
_PIECE_WORK: Final = 50
_TELL: Final = 30
# Units of work of noting one.
_NOTE: Final = 10


def follow(state: State, peer: Peer, function: bytes, after: str) -> None:
    """Tell a peer from now on what happens, or from after an event on.

    Raises:
        ValueError: ``after`` is no event's id.
    """
    events = state.events
    life = f"{int(state.wall_time() * 1000):x}"
    events.join(function, life)
    position = events.last
    if after:
        its_life, _, number = after.partition("-")
        if not number.isdecimal() or len(number) > 18:
            events.leave(function, state.now)
            raise ValueError(after)
        # An event of another life, or one that is gone, is before all there are.
        is_known = its_life == events.life and int(number) <= events.last
        position = int(number) if is_known else -1
    state.followers[peer] = Follower(function, position)
    _tell(state)


def unfollow(state: State, peer: Peer) -> bool:
    """Tell a peer nothing more; return False if it was told nothing."""
    follower = state.followers.pop(peer, None)
    if follower is None:
        return False
    state.events.leave(follower.function, state.now)
    return True


def go_on(state: State, peer: Peer) -> None:
    """Go on telling a peer that has read what was due to it."""
    if peer in state.followers:
        _tell(state)


def note_job(state: State, job: Job, what: str, error: bytes = b"") -> None:
    """Note what becomes of a job: the state it enters, or its outcome."""
    function = job.function.name
    if not _is_wanted(state, function):
        return
    values: dict[str, Value] = {
        "event": "job",
        "state": what,
        "handle": _text(job.handle),
        "function": _text(function),
        "unique": _text(job.unique),
        "background": job.background,
    }
    worker = job.worker
    if worker is not None:
        values["worker"] = _text(worker.client_id + b" " + worker.address)
    if error:
        values["error"] = _text(error)
    _add(state, function, values)


def note_workers(state: State, function: Function) -> None:
    """Note that a function has one worker more or fewer."""
    if state.events.is_on:
        note_function(state, function.name, "workers", len(function.workers))


def note_function(state: State, name: bytes, what: str, workers: int = -1) -> None:
    """Note what becomes of a function: created, forgotten, workers, policy."""
    if not _is_wanted(state, name):
        return
    values: dict[str, Value] = {
        "event": "function",
        "change": what,
        "function": _text(name),
    }
    if workers >= 0:
        values["workers"] = workers
    _add(state, name, values)


def _is_wanted(state: State, function: bytes) -> bool:
    """Tell whether an event is to be told."""
    events = state.events
    if not events.wants(function) or events.is_over(state.now):
        return False
    return events.has_room(state.now)


def _add(state: State, function: bytes, values: dict[str, Value]) -> None:
    events = state.events
    skipped = events.take_skipped()
    if skipped:
        _put(state, b"", {"event": "skipped", "count": skipped})
    _put(state, function, values)
    _tell(state)


def _put(state: State, function: bytes, values: dict[str, Value]) -> None:
    events = state.events
    state.turns.work += _NOTE
    head: dict[str, Value] = {"id": f"{events.life}-{events.last + 1}"}
    time: dict[str, Value] = {"time": round(state.wall_time(), 3)}
    events.add(function, json.dumps({**head, **values, **time}).encode() + b"\n")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _tell(state: State) -> None:
    """Have all followers told soon."""
    events = state.events
    if events.is_telling or events.tell_at > 0.0 or not state.followers:
        return
    events.tell_at = events.told_at + _PAUSE
    if events.tell_at <= state.now:
        tell(state)


def tell(state: State) -> None:
    """Have all followers told, in turns to come: it is time."""
    events = state.events
    events.tell_at = 0.0
    events.told_at = state.now
    events.is_telling = True
    state.turns.chores.append(_each(state))


def _each(state: State) -> Iterator[None]:
    """Tell each follower a piece at a time, until all know everything."""
    events = state.events
    # What happens meanwhile is told next time.
    last = events.last
    while any(_lags(state, peer, last) for peer in state.followers):
        pieces: dict[_Key, _Piece] = {}
        for peer in list(state.followers):
            if _lags(state, peer, last):
                _next(state, peer, pieces)
            yield
    events.is_telling = False
    if events.last > last:
        _tell(state)


def _lags(state: State, peer: Peer, last: int) -> bool:
    """Tell whether a peer can be told, and has not been of all up to an event."""
    follower = state.followers.get(peer)
    if follower is None or peer.is_blocked():
        return False
    return follower.position < last


# How far a follower has been told, what it follows, and the principals that it is.
_Key = tuple[int, bytes, tuple[bytes, ...] | None]


class _Piece:
    """Events put together for all that follow and see the same, and know as much."""

    def __init__(self, state: State, peer: Peer, follower: Follower) -> None:
        events = state.events
        rows = []
        self.position = follower.position
        """The number of the last event in it."""
        if self.position + 1 < events.first():
            rows.append(_GAP)
            self.position = events.first() - 1
        happenings: list[Happening] = events.after(self.position, _PIECE)
        if happenings:
            self.position = happenings[-1].number
            rows += [each.row for each in happenings if _is_told(peer, follower, each)]
        self.rows = b"".join(rows)
        """How they are told."""


def _is_told(peer: Peer, follower: Follower, happening: Happening) -> bool:
    if not follower.takes(happening):
        return False
    return not happening.function or peer.may(SEE, happening.function)


def _next(state: State, peer: Peer, pieces: dict[_Key, _Piece]) -> None:
    """Tell a follower the next piece."""
    follower = state.followers[peer]
    names = None if peer.access is None else peer.access.names
    key = (follower.position, follower.function, names)
    piece = pieces.get(key)
    if piece is None:
        state.turns.work += _PIECE_WORK
        piece = pieces[key] = _Piece(state, peer, follower)
    follower.position = piece.position
    if piece.rows:
        state.turns.work += _TELL
        peer.send(piece.rows)
