"""What holds of addressed jobs after every step."""

from __future__ import annotations

from collections.abc import Collection

from geartrain.engine.model.addressees import (
    ABSENCE,
    addressee_of,
    is_addressed,
)
from geartrain.engine.model.flow_keys import FlowKey
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import READY
from geartrain.engine.model.peers import ASLEEP, Peer
from geartrain.engine.state.state import State

__all__ = [
    "is_addressee",
    "mail_is_what_is_held",
    "nobody_sleeps_beside_a_job_of_theirs",
]


def is_addressee(peer: Peer, flow_key: bytes) -> bool:
    """Tell whether a peer may have the jobs of a flow key."""
    return not is_addressed(flow_key) or _is(peer, addressee_of(flow_key))


def _is(peer: Peer, addressee: bytes) -> bool:
    kind, _, name = addressee.partition(b":")
    if kind == b"worker":
        return peer.client_id == name
    return (
        peer.address == name
        if kind == b"host"
        else peer.mailbox == int(name.split()[0])
    )


def _held(state: State) -> list[tuple[Function, FlowKey]]:
    return [
        (function, key)
        for function in state.functions.values()
        if (keys := function.keys()) is not None
        for key in keys.live.values()
        if key.addressee and key.held_count() and key.resumes <= state.server_time()
    ]


def mail_is_what_is_held(state: State, connected: Collection[Peer]) -> None:
    """Jobs wait only for their addressees, who know; an absent one's soon end."""
    mail = {
        (function, key)
        for held in state.wakeups.addressees.mail.values()
        for key, function in held.items()
    }
    assert mail == set(_held(state))
    for function, key in mail:
        keys = function.keys()
        assert keys is not None
        assert key in keys.mail
        assert state.wakeups.addressees.mail[key.addressee][key] is function
        able = [peer for peer in connected if function in peer.abilities]
        is_present = any(_is(peer, key.addressee) for peer in able)
        assert is_present == (key.absent_since == 0)
        if not is_present:
            late = key.next_expiry(keys.ttl) - state.server_time()
            assert key.next_expiry(keys.ttl) == 0 or late > -0.01 or key.timer
            assert late <= ABSENCE or keys.ttl > 0
        assert all(peer.errand is key for peer in key.coming)
    for job in state.jobs.values():
        if is_addressed(job.flow_key):
            assert job.state is not READY


def nobody_sleeps_beside_a_job_of_theirs(
    state: State, connected: Collection[Peer]
) -> None:
    for function, key in _held(state):
        if not function.is_open() or state.wakeups.is_over:
            continue
        idle = [
            peer
            for peer in connected
            if peer.wakefulness is ASLEEP
            and function in peer.abilities
            and _is(peer, addressee_of(key.name))
        ]
        assert not idle or key.held_count() <= len(key.coming)
