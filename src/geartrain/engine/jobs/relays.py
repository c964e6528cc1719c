"""Relays: packets about a job on their way to the clients that wait for it.

Nearly every job has one client. Each client costs a system call, so for many the packet
is sent on over several turns, and its worker's next packets wait for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.model.jobs import Job
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.packets import NO_MORE
from geartrain.texts import shown

__all__ = ["relay"]

# Units of work, as ``turns`` counts it, for a client: mostly for the system call.
_CLIENT: Final = 30
# How many bytes for a client, as a shift, are a unit: the system copies them.
_BYTES: Final = 10
# How many copies for one client are a unit.
_COPIES: Final = 8

# Up to this many clients are sent a packet at once.
_AT_ONCE: Final = 100


def relay(
    state: State,
    job: Job,
    packet: bytes,
    more: list[bytes],
    sender: Peer | None = None,
    plain: bytes = b"",
    is_reason: bool = False,
) -> None:
    """Send a packet, in pieces if ``more`` is not empty, to all who wait for a job.

    A client is sent it as often as it submitted the job. ``sender`` is the worker whose
    packets have to keep their order. ``plain``, if it is not empty, is sent instead to
    clients that do not want exceptions, or with ``is_reason`` reasons.
    """
    client = job.client
    if client is None:
        return
    if not job.others:
        if job.joined == 0 and not more and not plain:
            client.send(packet)
        else:
            _send(state, client, packet, more, plain, is_reason, job.joined + 1)
        return
    waiting = [(each, each.awaited.get(job, 1)) for each in job.clients()]
    if len(waiting) <= _AT_ONCE and not state.turns.chores:
        state.turns.work += _cost(packet, more) * len(waiting)
        for client, times in waiting:
            _send(state, client, packet, more, plain, is_reason, times)
        return
    if sender is not None:
        sender.relays += 1
    state.turns.start(_relay(state, waiting, packet, more, sender, plain, is_reason))


def _relay(
    state: State,
    waiting: list[tuple[Peer, int]],
    packet: bytes,
    more: list[bytes],
    sender: Peer | None,
    plain: bytes,
    is_reason: bool,
) -> Iterator[None]:
    cost = _cost(packet, more)
    for client, times in waiting:
        if not client.is_closing:
            state.turns.work += cost
            _send(state, client, packet, more, plain, is_reason, times)
            yield
    if sender is not None:
        sender.relays -= 1
        state.turns.add(sender)


def _cost(packet: bytes, more: list[bytes]) -> int:
    """Return the units of work of sending a packet to one client."""
    return _CLIENT + (len(packet) + sum(map(len, more)) >> _BYTES)


def _send(
    state: State,
    client: Peer,
    packet: bytes,
    more: list[bytes],
    plain: bytes,
    is_reason: bool,
    times: int,
) -> None:
    if plain:
        wants = client.wants_reasons if is_reason else client.wants_exceptions
        if not wants:
            packet, more = plain, NO_MORE
    if times == 1:
        client.send(packet)
        for piece in more:
            client.send(piece)
        return
    size = len(packet) + sum(map(len, more))
    unread = client.outbox_size + client.held_size
    # The first two copies do not count: a large result has to reach one that reads.
    if unread + size * (times - 2) > state.options.max_outbox:
        _expel(state, client, unread + size * times)
        return
    state.turns.work += times // _COPIES
    for _ in range(times):
        client.send_pieces(packet, more)


def _expel(state: State, client: Peer, due: int) -> None:
    """Close the connection of a client to which more would be due than is held."""
    client.forget()
    client.is_closing = True
    state.closing.append(client)
    state.notices.append(
        Notice(
            "warning",
            "peer_too_slow",
            f"closing {shown(client.address)} ({client.descriptor}): it waits for one"
            f" job many times, and {due} bytes are due to it, more than --max-outbox",
        )
    )
