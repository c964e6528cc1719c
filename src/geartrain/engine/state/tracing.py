"""Tracing: an operator is told of each packet of a connection, for a while.

While nobody traces this costs a look at an empty dict for each read and each write of a
socket, not for each packet. What is told is bounded in number, bytes and time, and is
no part of what is traced itself: those who trace are not traced. Who does not read it
is told how many packets it missed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.traces import IN, OUT, Sighting, Trace, Traced
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST
from geartrain.protocol.token import TOKEN
from geartrain.texts import quoted

__all__ = ["begin", "end", "forget", "meet", "note_received", "note_sent"]

# Units of work, as ``turns`` counts it, of telling of a packet.
_ROW: Final = 10


def begin(state: State, trace: Trace, seconds: float) -> None:
    """Begin to tell a peer of the packets of a connection, or of an address."""
    watcher = trace.watcher
    state.traces[watcher] = trace
    state.taps.pop(watcher, None)
    for peer in list(state.peers):
        _tap(state, trace, peer)
    state.alarms.set(trace, state.server_time() + seconds)
    which = f"connection {trace.number}" if trace.number else quoted(trace.address)
    text = f"the packets of {which} are shown to {quoted(watcher.address)}"
    state.notices.append(Notice("info", "trace", text))


def meet(state: State, peer: Peer) -> None:
    """Trace a connection that is new, if somebody wants that."""
    for trace in state.traces.values():
        _tap(state, trace, peer)


def _tap(state: State, trace: Trace, peer: Peer) -> None:
    if trace.takes(peer) and peer not in state.traces:
        state.taps.setdefault(peer, []).append(Traced(trace))


def end(state: State, watcher: Peer) -> bool:
    """Tell a peer nothing more; return False if it was told nothing."""
    trace = state.traces.pop(watcher, None)
    if trace is None:
        return False
    state.alarms.cancel(trace)
    for peer, taps in list(state.taps.items()):
        # A new list: one that is gone through may hold what ends.
        state.taps[peer] = [tap for tap in taps if tap.trace is not trace]
        if not state.taps[peer]:
            del state.taps[peer]
    _tell_missed(state, trace)
    watcher.send(END_OF_LIST)
    return True


def forget(state: State, peer: Peer) -> None:
    """Part with a peer that left: what it traced, and who traced it."""
    end(state, peer)
    for tap in state.taps.pop(peer, ()):
        _tell(state, tap.trace, {"connection": peer.number, "packet": "left"})
        if tap.trace.number:
            end(state, tap.trace.watcher)


def note_received(state: State, peer: Peer, data: bytes) -> None:
    """Tell of what a peer has sent, if it is traced."""
    for tap in state.taps.get(peer, ()):
        for seen in tap.received.feed(data):
            if not _show(state, tap.trace, peer, IN, seen):
                break


def note_sent(state: State) -> None:
    """Tell of what is in the outboxes of the peers that are traced."""
    for peer in list(state.unsent):
        for tap in state.taps.get(peer, ()):
            _note_outbox(state, peer, tap)


def _note_outbox(state: State, peer: Peer, tap: Traced) -> None:
    for piece in peer.outbox:
        for seen in tap.sent.feed(piece):
            if not _show(state, tap.trace, peer, OUT, seen):
                return


def _show(
    state: State, trace: Trace, peer: Peer, direction: str, seen: Sighting
) -> bool:
    """Tell of a packet; return whether there is more to tell."""
    # A token is nobody else's to see.
    first = TOKEN if seen.first.startswith(TOKEN) else seen.first
    return _tell(
        state,
        trace,
        {
            "connection": peer.number,
            "address": _text(peer.address),
            "direction": direction,
            "packet": seen.name,
            "size": seen.size,
            "first": _text(first),
        },
    )


def _tell(state: State, trace: Trace, values: dict[str, str | int]) -> bool:
    if trace.left <= 0:
        return False
    if trace.watcher.is_congested:
        # A slow reader would have them all in memory, and learn of each too late.
        trace.missed += 1
        return True
    _tell_missed(state, trace)
    trace.left -= 1
    _send(state, trace, values)
    if trace.left == 0:
        end(state, trace.watcher)
        return False
    return True


def _tell_missed(state: State, trace: Trace) -> None:
    if trace.missed:
        about = {"connection": trace.number, "size": trace.missed}
        _send(state, trace, {**about, "packet": "missed"})
        trace.missed = 0


def _send(state: State, trace: Trace, values: Mapping[str, str | int]) -> None:
    state.turns.work += _ROW
    row = {"time": round(state.wall_time(), 6), **values}
    trace.watcher.send(json.dumps(row).encode() + b"\n")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
