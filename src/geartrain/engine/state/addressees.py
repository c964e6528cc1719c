"""How addressed jobs are held, and what happens when their addressees come and go."""

from __future__ import annotations

from geartrain.engine.model.flow_keys import FlowKey, FlowKeys
from geartrain.engine.model.functions import Function
from geartrain.engine.model.peers import Peer
from geartrain.engine.state import flow_keys
from geartrain.engine.state.state import State

__all__ = ["come", "go", "lose", "settle"]


def settle(state: State, function: Function, keys: FlowKeys, key: FlowKey) -> None:
    """See to the jobs of an addressee, after one of them has moved."""
    addressees = state.wakeups.addressees
    held = key.held_count()
    is_there = key in keys.mail
    if held and key.resumes <= state.server_time():
        if not is_there:
            keys.mail[key] = None
            addressees.mail.setdefault(key.addressee, {})[key] = function
            _look_for(state, function, key)
        if held <= len(key.coming) + 1:
            # Else nobody sleeps who could be woken: the job before has nobody coming.
            state.wakeups.rouse_for(key, function, state.now)
    elif is_there:
        del keys.mail[key]
        mail = addressees.mail[key.addressee]
        del mail[key]
        if not mail:
            del addressees.mail[key.addressee]
    flow_keys.rest(state, function, keys, key)


def come(state: State, peer: Peer) -> None:
    """Know a worker that can do one function more, or has another id now."""
    addressees = state.wakeups.addressees
    addressees.enter(peer)
    if addressees.mail:
        for key, function in addressees.waiting_for(peer):
            _look_again(state, function, key)


def go(state: State, peer: Peer) -> None:
    """Know a worker no more that leaves, or is about to have another id."""
    addressees = state.wakeups.addressees
    mail = addressees.waiting_for(peer) if addressees.mail else []
    addressees.leave(peer)
    for key, function in mail:
        _look_again(state, function, key)


def lose(state: State, peer: Peer, function: Function) -> None:
    """React to a worker that can do a function no more."""
    addressees = state.wakeups.addressees
    if addressees.mail:
        for key, other in addressees.named(peer):
            if other is function:
                _look_again(state, function, key)


def _look_again(state: State, function: Function, key: FlowKey) -> None:
    keys = function.keys()
    if keys is not None and keys.live.get(key.name) is key:
        _look_for(state, function, key)
        flow_keys.rest(state, function, keys, key)


def _look_for(state: State, function: Function, key: FlowKey) -> None:
    """Note whether an addressee is there, and if not, since when."""
    if state.wakeups.addressees.is_present(key.addressee, function):
        key.absent_since = 0.0
    elif key.absent_since == 0:
        key.absent_since = max(state.server_time(), 1.0)
