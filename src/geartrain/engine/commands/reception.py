"""Messages of peers: each is run as it comes, up to its peer's share of a turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine.commands import (
    admin,
    client,
    common,
    grabs,
    progress,
    schedules,
    worker,
)
from geartrain.engine.dispatch.turns import LISTING, MESSAGE, PEER_SHARE, TURN_SHARE
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import ASLEEP, MOST_UNREAD, Peer
from geartrain.engine.queries import Query
from geartrain.engine.state.state import State
from geartrain.errors import ForeignError, LineError, PacketError, ProtocolError
from geartrain.protocol.admin import Command
from geartrain.protocol.admin import error as text_error
from geartrain.protocol.constants import TYPE_END, PacketType
from geartrain.protocol.packets import Packet
from geartrain.protocol.parser import LOOKING
from geartrain.protocol.room import FULL
from geartrain.texts import shown

__all__ = ["answered", "give_up", "go_on", "run"]

# Units of work, as ``turns`` counts it, of a part of much text that is looked through
# for other protocols.
_LOOK: Final = 250

PacketCommand = Callable[[State, Peer, Packet], None]


def _packet_commands() -> list[PacketCommand]:
    """Build the table from packet type to what it does."""
    commands: list[PacketCommand] = [common.not_expected] * TYPE_END
    expected: dict[PacketType, PacketCommand] = {
        PacketType.CAN_DO: worker.can_do,
        PacketType.CANT_DO: worker.cant_do,
        PacketType.RESET_ABILITIES: worker.reset_abilities,
        PacketType.PRE_SLEEP: grabs.pre_sleep,
        PacketType.SUBMIT_JOB: client.submit_job,
        PacketType.GRAB_JOB: grabs.grab_job,
        PacketType.WORK_STATUS: worker.work_status,
        PacketType.WORK_COMPLETE: worker.work_complete,
        PacketType.WORK_FAIL: worker.work_fail,
        PacketType.GET_STATUS: progress.get_status,
        PacketType.ECHO_REQ: common.echo_req,
        PacketType.SUBMIT_JOB_BG: client.submit_job_bg,
        PacketType.SUBMIT_JOB_HIGH: client.submit_job_high,
        PacketType.SET_CLIENT_ID: worker.set_client_id,
        PacketType.CAN_DO_TIMEOUT: worker.can_do_timeout,
        PacketType.WORK_EXCEPTION: worker.work_exception,
        PacketType.OPTION_REQ: common.option_req,
        PacketType.WORK_DATA: worker.work_data,
        PacketType.WORK_WARNING: worker.work_warning,
        PacketType.GRAB_JOB_UNIQ: grabs.grab_job_uniq,
        PacketType.SUBMIT_JOB_HIGH_BG: client.submit_job_high_bg,
        PacketType.SUBMIT_JOB_LOW: client.submit_job_low,
        PacketType.SUBMIT_JOB_LOW_BG: client.submit_job_low_bg,
        PacketType.SUBMIT_JOB_SCHED: schedules.submit_job_sched,
        PacketType.SUBMIT_JOB_EPOCH: client.submit_job_epoch,
        PacketType.SUBMIT_REDUCE_JOB: client.submit_reduce_job,
        PacketType.SUBMIT_REDUCE_JOB_BACKGROUND: client.submit_reduce_job_background,
        PacketType.GRAB_JOB_ALL: grabs.grab_job_all,
        PacketType.GET_STATUS_UNIQUE: progress.get_status_unique,
    }
    for packet_type, command in expected.items():
        commands[packet_type] = command
    return commands


_COMMANDS: Final = _packet_commands()


def run(state: State, peer: Peer, message: Packet | Command | None, limit: int) -> None:
    """Run this message, if any, and those after it, up to ``limit`` units of work."""
    while not _react(state, peer, message, limit):
        message = None
    if state.unsettled:
        _settle(state)


def go_on(state: State) -> None:
    """Run what earlier turns left: chores first, then messages of waiting peers."""
    turns = state.turns
    end = turns.work + TURN_SHARE
    turns.work_off(turns.work + PEER_SHARE)
    if state.unsettled:
        _settle(state)
    for peer in list(turns.queue):
        if turns.work >= end:
            break
        del turns.queue[peer]
        if not peer.is_closing and not peer.is_blocked():
            # One that waited for the end of a job has a message to be run again.
            message, peer.message = peer.message, None
            _run_on(state, peer, message)


def answered(state: State, peer: Peer, answers: list[Query]) -> None:
    """Run the message again that had to wait for these answers of the store."""
    if peer.is_closing:
        return
    peer.is_asking = False
    peer.answers = answers
    message, peer.message = peer.message, None
    _run_on(state, peer, message)


def _run_on(state: State, peer: Peer, message: Packet | Command | None) -> None:
    """Run a peer's messages; read from it again when none is left."""
    peer.is_busy = False
    run(state, peer, message, state.turns.work + PEER_SHARE)
    if not peer.is_busy and not peer.is_asking:
        state.turns.freed.append(peer)
    state.memory.note(peer, state.now)


def _leave(state: State, peer: Peer) -> None:
    """Leave the rest of what a peer sent, if any, for a later turn."""
    peer.is_busy = peer.rest is not None or peer.parser.has_more()
    state.turns.add(peer)


def _answer(state: State, peer: Peer, limit: int) -> bool:
    """Produce more of the answer under way; tell whether it is complete."""
    turns = state.turns
    rest = peer.rest
    assert rest is not None
    pieces = []
    size = peer.outbox_size + peer.held_size
    # One that has to ask the store goes on with the answer.
    while turns.work < limit and size <= MOST_UNREAD and not peer.is_asking:
        piece = next(rest, None)
        if piece is None:
            peer.rest = None
            break
        turns.work += 1 + (len(piece) >> 10)
        size += len(piece)
        pieces.append(piece)
    if pieces:
        peer.send(b"".join(pieces))
    return peer.rest is None


def _react(
    state: State, peer: Peer, message: Packet | Command | None, limit: int
) -> bool:
    """Run the peer's messages until none is left or one is refused.

    One that has to wait for the store's answer ends this, too, and so does a peer's
    having used up its share. Returns False if others may follow one refused.
    """
    try:
        if message is None:
            message = _next(state, peer, limit)
        while message is not None and _carry_out(state, peer, message, limit):
            message = _next(state, peer, limit)
    except PacketError as error:
        state.turns.work += MESSAGE
        peer.drop_announced()
        if error.handle:
            worker.report_refused(state, peer, error)
        else:
            common.send_error(peer, error.code, error.text)
        return False
    except ProtocolError as error:
        _expel(state, peer, error)
    return True


def _next(state: State, peer: Peer, limit: int) -> Packet | Command | None:
    """Return the peer's next message; None if it has none, or has had its share."""
    turns = state.turns
    if (
        turns.work >= limit
        or (peer.rest is not None and not _answer(state, peer, limit))
        or peer.relays > 0
        or peer.outbox_size + peer.held_size > MOST_UNREAD
    ):
        _leave(state, peer)
        return None
    turns.work += MESSAGE
    message = peer.parser.next()
    return _look_on(state, peer, limit) if message is LOOKING else message


def _carry_out(state: State, peer: Peer, message: Packet | Command, limit: int) -> bool:
    """Run a message; tell whether the peer's next one may follow it now."""
    if isinstance(message, Packet):
        _COMMANDS[message.type](state, peer, message)
    else:
        admin.run_command(state, peer, message)
    if peer.is_asking or peer.wait is not None:
        peer.message = message
        return False
    if peer.has_announced and not _is_option(message):
        # Headers and options are for the one message after them.
        peer.drop_announced()
    if peer.answers:
        # It did not need them in the end; they are not for the next.
        peer.answers = []
    if peer.rest is not None and limit - state.turns.work < LISTING:
        _leave(state, peer)
        return False
    return True


def _is_option(message: Packet | Command) -> bool:
    return isinstance(message, Packet) and message.type == PacketType.OPTION_REQ


def _look_on(state: State, peer: Peer, limit: int) -> Packet | Command | None:
    """Return the next message of a peer in whose text nothing was found so far."""
    turns = state.turns
    message: Packet | Command | None = LOOKING
    while message is LOOKING:
        turns.work += _LOOK
        if turns.work >= limit:
            _leave(state, peer)
            return None
        message = peer.parser.next()
    return message


def _expel(state: State, peer: Peer, error: ProtocolError) -> None:
    """Close the connection of a peer that cannot be understood."""
    level = "info"
    if isinstance(error, ForeignError):
        level = "warning"
        peer.send(error.answer)
    elif isinstance(error, LineError):
        peer.send(text_error(error.code, error.text.decode()))
    else:
        common.send_error(peer, error.code, error.text)
    peer.is_closing = True
    state.closing.append(peer)
    state.notices.append(
        Notice(
            level,
            "peer_expelled",
            f"closing {shown(peer.address)} ({peer.descriptor}): {error}",
        )
    )


def _settle(state: State) -> None:
    """Put sleepers whose abilities changed to sleep again, or wake them."""
    for peer in state.unsettled:
        crew = peer.crew
        is_settled = crew is not None and peer in crew.sleepers
        if peer.wakefulness is ASLEEP and not is_settled and not peer.is_closing:
            state.turns.work += len(peer.abilities) if crew is None else 1
            state.wakeups.sleep(peer, state.now)
    state.unsettled.clear()


def give_up(state: State, size: int, until: float) -> int:
    """Give up packets under way; ``Engine.give_up`` says which."""
    found = state.memory.newest_under_way(size, until)
    for peer in found:
        peer.parser.give_up()
        peer.drop_announced()
        state.memory.note(peer, state.now)
        common.send_error(peer, b"QUEUE_ERROR", FULL)
    return len(found)
