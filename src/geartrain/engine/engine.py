"""The job server without its sockets, clock and disk.

A driver tells the engine what happened: a peer connected, bytes of it arrived, it
left, time passed. It then sends what ``take_unsent`` returns, closes the peers that
``take_closing`` returns, and calls ``tick`` at ``deadline``. Nothing else is needed
to run a job server that keeps its jobs in memory.

One with a store begins with ``resume``, has what ``take_batch`` returns committed and
its queries answered, and tells ``committed`` or ``refused``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine import failures, paging, recurring, settling
from geartrain.engine.backlogs import Agenda, Backlog
from geartrain.engine.clocks import (
    keep_clock,
    keep_clock_with,
    resume_clock,
    set_clock,
)
from geartrain.engine.commands import admin, client, common, worker
from geartrain.engine.departures import depart
from geartrain.engine.functions import Function
from geartrain.engine.jobs import Job
from geartrain.engine.journal import Asked
from geartrain.engine.notices import Notice
from geartrain.engine.options import EngineOptions
from geartrain.engine.peers import ASLEEP, Peer
from geartrain.engine.records import Batch, Inventory, QueueInventory
from geartrain.engine.schedules import CALENDAR, Calendar, Schedule, no_calendar
from geartrain.engine.state import State
from geartrain.engine.timers import Timed
from geartrain.engine.turns import (
    LIGHT,
    LISTING,
    MESSAGE,
    MOST_UNREAD,
    PEER_SHARE,
    READ,
    TURN_SHARE,
    WAIT,
)
from geartrain.errors import ForeignError, LineError, PacketError, ProtocolError
from geartrain.protocol.admin import Command
from geartrain.protocol.admin import error as text_error
from geartrain.protocol.constants import TYPE_END, PacketType
from geartrain.protocol.packets import Packet
from geartrain.protocol.parser import LOOKING, Parser
from geartrain.protocol.room import FULL
from geartrain.texts import shown

__all__ = ["Engine"]

# Units of work, as ``turns`` counts it, of what is due beside what it brings about.
_TIMEOUT: Final = 8
_ALARM: Final = 4
# And of a part of much text that is looked through for other protocols.
_LOOK: Final = 250

PacketCommand = Callable[[State, Peer, Packet], None]


def _packet_commands() -> list[PacketCommand]:
    """Build the table from packet type to what it does."""
    commands: list[PacketCommand] = [common.not_expected] * TYPE_END
    expected: dict[PacketType, PacketCommand] = {
        PacketType.CAN_DO: worker.can_do,
        PacketType.CANT_DO: worker.cant_do,
        PacketType.RESET_ABILITIES: worker.reset_abilities,
        PacketType.PRE_SLEEP: worker.pre_sleep,
        PacketType.SUBMIT_JOB: client.submit_job,
        PacketType.GRAB_JOB: worker.grab_job,
        PacketType.WORK_STATUS: worker.work_status,
        PacketType.WORK_COMPLETE: worker.work_complete,
        PacketType.WORK_FAIL: worker.work_fail,
        PacketType.GET_STATUS: client.get_status,
        PacketType.ECHO_REQ: common.echo_req,
        PacketType.SUBMIT_JOB_BG: client.submit_job_bg,
        PacketType.SUBMIT_JOB_HIGH: client.submit_job_high,
        PacketType.SET_CLIENT_ID: worker.set_client_id,
        PacketType.CAN_DO_TIMEOUT: worker.can_do_timeout,
        PacketType.WORK_EXCEPTION: worker.work_exception,
        PacketType.OPTION_REQ: common.option_req,
        PacketType.WORK_DATA: worker.work_data,
        PacketType.WORK_WARNING: worker.work_warning,
        PacketType.GRAB_JOB_UNIQ: worker.grab_job_uniq,
        PacketType.SUBMIT_JOB_HIGH_BG: client.submit_job_high_bg,
        PacketType.SUBMIT_JOB_LOW: client.submit_job_low,
        PacketType.SUBMIT_JOB_LOW_BG: client.submit_job_low_bg,
        PacketType.SUBMIT_JOB_SCHED: client.submit_job_sched,
        PacketType.SUBMIT_JOB_EPOCH: client.submit_job_epoch,
        PacketType.SUBMIT_REDUCE_JOB: client.submit_reduce_job,
        PacketType.SUBMIT_REDUCE_JOB_BACKGROUND: client.submit_reduce_job_background,
        PacketType.GRAB_JOB_ALL: worker.grab_job_all,
        PacketType.GET_STATUS_UNIQUE: client.get_status_unique,
    }
    for packet_type, command in expected.items():
        commands[packet_type] = command
    return commands


_COMMANDS: Final = _packet_commands()


class Engine:
    """A whole job server as a reaction to facts.

    Times are seconds of a steady clock that the driver chooses; ``set_clock`` says
    how it relates to the calendar's.

    Attributes:
        state: what it knows, for those that only read.
        has_news: whether the last ``turn`` left the driver more to do than to send.
    """

    def __init__(
        self, options: EngineOptions, calendar: Calendar = no_calendar
    ) -> None:
        self.state = State(options, calendar)
        self.has_news = False

    def set_clock(self, offset: float, asleep: float = 0.0) -> None:
        """Tell how the steady clock relates to others; tell it again now and then.

        Args:
            offset: what to add to the steady clock for the seconds since 1970.
            asleep: for how many seconds the steady clock has stood still because the
                machine slept, since any moment; delays and times to live count them.
        """
        set_clock(self.state, offset, asleep)

    def keep_clock(self, now: float) -> None:
        """Have the store keep what time it is: the job server is about to stop."""
        self.state.now = now
        keep_clock(self.state)

    def connect(self, descriptor: int, address: bytes, is_trusted: bool) -> Peer:
        """Take a new connection; its peer is what the other calls are about."""
        state = self.state
        peer = Peer(
            descriptor,
            address,
            is_trusted,
            Parser(state.options.max_packet, state.memory.room),
            state.unsent,
        )
        peer.wants_exceptions = state.options.exceptions
        state.peers[peer] = None
        if state.memory.room.is_over:
            self._turn_away(peer)
        return peer

    def _turn_away(self, peer: Peer) -> None:
        """Close a connection there is no memory for."""
        common.send_error(peer, b"QUEUE_ERROR", FULL)
        peer.is_closing = True
        self.state.closing.append(peer)
        self.state.memory.room.refused += 1

    def receive(self, peer: Peer, data: bytes, now: float) -> int:
        """React to bytes of a peer; those of one that is closing are ignored.

        Returns:
            ``LIGHT`` or ``READ``, or ``WAIT`` if it should not be read from for now:
            ``take_freed`` names it when it has nothing left, or a batch that it or the
            store waits for was carried out.
        """
        if peer.is_closing:
            return READ
        state = self.state
        turns = state.turns
        state.now = now
        peer.parser.feed(data)
        if not (peer.is_asking or peer.is_busy):
            self._run(peer, None, turns.limit())
        state.memory.note(peer, now)
        if peer.is_busy or peer.is_asking or state.journal.is_behind():
            return WAIT
        return LIGHT if turns.is_light() else READ

    def weigh(self) -> int:
        """Say how much memory there is room for, once a turn.

        Returns:
            How many bytes too many are in use for more jobs to be taken; 0 for none.
        """
        return self.state.weigh()

    def page_on(self, *, is_full: bool) -> None:
        """Have jobs come in from the store that had to wait for memory.

        While that ``is_full``, they do one page at a time, each time this is called.
        """
        if is_full:
            paging.press_on(self.state)
        else:
            paging.page_on(self.state)

    def give_up(self, size: int, until: float) -> int:
        """Give up the newest packets under way, about so many bytes; tell their peers.

        Those of which more came after ``until`` are left alone.

        Returns:
            How many packets these were. Results are never given up.
        """
        memory = self.state.memory
        found = memory.newest_under_way(size, until)
        for peer in found:
            peer.parser.give_up()
            memory.note(peer, self.state.now)
            common.send_error(peer, b"QUEUE_ERROR", FULL)
        return len(found)

    def go_on(self, now: float) -> None:
        """Go on with what earlier turns left; to be called while ``has_more``."""
        state = self.state
        state.now = now
        turns = state.turns
        end = turns.work + TURN_SHARE
        turns.work_off(turns.work + PEER_SHARE)
        for peer in list(turns.queue):
            if turns.work >= end:
                break
            del turns.queue[peer]
            if not peer.is_closing and not peer.is_blocked():
                peer.is_busy = False
                self._run(peer, None, turns.work + PEER_SHARE)
                self._free(peer)
                state.memory.note(peer, state.now)

    def has_more(self) -> bool:
        """Tell whether ``go_on`` has something to do."""
        turns = self.state.turns
        return bool(turns.queue or turns.chores)

    def turn(self, now: float, tick_at: float) -> list[tuple[Peer, list[bytes]]]:
        """End a turn: go on with what earlier ones left, and return what to send.

        Each peer is named once. ``has_news`` tells whether there is more to do for a
        driver that calls ``tick`` next at ``tick_at``.
        """
        if self.has_more():
            self.go_on(now)
        taken = self.take_unsent()
        self.has_news = self._has_news(tick_at)
        return taken

    def _has_news(self, tick_at: float) -> bool:
        """Tell whether a turn has more for the driver than what is to be sent.

        That is peers to be closed or read from again, notices, a stop, ``has_more``, a
        batch, a ``deadline`` before the next tick, and memory that is short.
        """
        state = self.state
        turns = state.turns
        if turns.queue or turns.chores or turns.freed or state.closing:
            return True
        if state.notices or state.shutdown or not state.journal.is_empty():
            return True
        if self.weigh() > 0 or state.memory.room.is_full:
            return True
        deadline = self.deadline()
        return deadline is not None and deadline < tick_at

    def take_freed(self) -> list[Peer]:
        """Return the peers that have caught up and can be read from again."""
        turns = self.state.turns
        taken = turns.freed
        if taken:
            turns.freed = []
        return taken

    def congest(self, peer: Peer) -> None:
        """Produce nothing for a peer that leaves much unread, until ``relieve``."""
        peer.is_congested = True

    def relieve(self, peer: Peer) -> None:
        """Go on with a peer that has read what was due to it."""
        peer.is_congested = False
        self.state.turns.add(peer)

    def _free(self, peer: Peer) -> None:
        """Have a peer that was not read from be read again, if it has nothing left."""
        if not peer.is_busy and not peer.is_asking:
            self.state.turns.freed.append(peer)

    def _run(self, peer: Peer, message: Packet | Command | None, limit: int) -> None:
        """Run this message, if any, and those that follow, up to so many units."""
        while not self._react(peer, message, limit):
            message = None
        if self.state.unsettled:
            self._settle()

    def _leave(self, peer: Peer) -> None:
        """Leave the rest of what a peer sent, if any, for a later turn."""
        peer.is_busy = peer.rest is not None or peer.parser.has_more()
        self.state.turns.add(peer)

    def _answer(self, peer: Peer, limit: int) -> bool:
        """Produce more of the answer under way; tell whether it is complete."""
        turns = self.state.turns
        rest = peer.rest
        assert rest is not None
        pieces = []
        size = peer.outbox_size + peer.held_size
        while turns.work < limit and size <= MOST_UNREAD:
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

    def _react(self, peer: Peer, message: Packet | Command | None, limit: int) -> bool:
        """Run the peer's messages until none is left or one is refused.

        One that has to wait for the store's answer ends this, too, and so does a peer's
        having used up its share. Returns False if others may follow one refused.
        """
        try:
            if message is None:
                message = self._next(peer, limit)
            while message is not None and self._carry_out(peer, message, limit):
                message = self._next(peer, limit)
        except PacketError as error:
            self.state.turns.work += MESSAGE
            if error.handle:
                worker.report_refused(self.state, peer, error)
            else:
                common.send_error(peer, error.code, error.text)
            return False
        except ProtocolError as error:
            self._expel(peer, error)
        return True

    def _next(self, peer: Peer, limit: int) -> Packet | Command | None:
        """Return the peer's next message; None if it has none, or has had its share."""
        turns = self.state.turns
        if (
            turns.work >= limit
            or (peer.rest is not None and not self._answer(peer, limit))
            or peer.relays > 0
            or peer.outbox_size + peer.held_size > MOST_UNREAD
        ):
            self._leave(peer)
            return None
        turns.work += MESSAGE
        message = peer.parser.next()
        return self._look_on(peer, limit) if message is LOOKING else message

    def _carry_out(self, peer: Peer, message: Packet | Command, limit: int) -> bool:
        """Run a message; tell whether the peer's next one may follow it now."""
        state = self.state
        if isinstance(message, Packet):
            _COMMANDS[message.type](state, peer, message)
        else:
            admin.run_command(state, peer, message)
        if peer.is_asking:
            peer.message = message
            return False
        if peer.answers:
            # It did not need them in the end; they are not for the next.
            peer.answers = []
        if peer.rest is not None and limit - state.turns.work < LISTING:
            self._leave(peer)
            return False
        return True

    def _look_on(self, peer: Peer, limit: int) -> Packet | Command | None:
        """Return the next message of a peer in whose text nothing was found so far."""
        turns = self.state.turns
        message: Packet | Command | None = LOOKING
        while message is LOOKING:
            turns.work += _LOOK
            if turns.work >= limit:
                self._leave(peer)
                return None
            message = peer.parser.next()
        return message

    def _expel(self, peer: Peer, error: ProtocolError) -> None:
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
        self.state.closing.append(peer)
        self.state.notices.append(
            Notice(
                level,
                "peer_expelled",
                f"closing {shown(peer.address)} ({peer.descriptor}): {error}",
            )
        )

    def _settle(self) -> None:
        """Put sleepers whose abilities changed to sleep again, or wake them."""
        state = self.state
        for peer in state.unsettled:
            crew = peer.crew
            is_settled = crew is not None and peer in crew.sleepers
            if peer.wakefulness is ASLEEP and not is_settled and not peer.is_closing:
                state.turns.work += len(peer.abilities) if crew is None else 1
                state.wakeups.sleep(peer, state.now)
        state.unsettled.clear()

    def disconnect(self, peer: Peer, now: float) -> None:
        """React to the end of a connection: its jobs go to others."""
        state = self.state
        state.now = now
        peer.is_closing = True
        del state.peers[peer]
        state.memory.forget(peer)
        state.end_listing(peer)
        peer.forget()
        promised = state.wakeups.come(peer)
        state.wakeups.leave(peer)
        state.turns.start(depart(state, peer))
        if promised is not None:
            state.wakeups.rouse(promised, now)

    def tick(self, now: float) -> None:
        """Do what is due, or much of it: what is left is due at once."""
        state = self.state
        state.now = now
        turns = state.turns
        limit = turns.work + PEER_SHARE
        state.wakeups.tick(now)
        due = state.timeouts.pop(now)
        while due is not None:
            assert isinstance(due, Job)
            turns.work += _TIMEOUT
            failures.time_out(state, due)
            due = state.timeouts.pop(now) if turns.work < limit else None
        due = state.pop_alarm()
        while due is not None:
            turns.work += _ALARM
            self._ring(due)
            due = state.pop_alarm() if turns.work < limit else None
        recurring.reckon_some(state)
        state.forget_idle()

    def _ring(self, due: Timed) -> None:
        """Do what an alarm was set for."""
        state = self.state
        if isinstance(due, Job):
            state.ring(due)
        elif isinstance(due, Schedule):
            state.turns.work += CALENDAR
            recurring.ring_schedule(state, due)
        elif isinstance(due, Agenda):
            paging.ring(state, due)
        elif isinstance(due, Backlog):
            paging.go_on(state, due)
        elif isinstance(due, Function):
            failures.expire(state, due)

    def deadline(self) -> float | None:
        """Return when ``tick`` is to be called next, or None for not at all."""
        state = self.state
        deadline = state.timeouts.next()
        promise = state.wakeups.next()
        if promise is not None and (deadline is None or promise < deadline):
            deadline = promise
        idle = state.idle.next()
        if idle is not None and (deadline is None or idle < deadline):
            deadline = idle
        alarm = state.next_alarm()
        if alarm is not None and (deadline is None or alarm < deadline):
            deadline = alarm
        if recurring.is_stepped(state) and (deadline is None or state.now < deadline):
            deadline = state.now
        return deadline

    def take_unsent(self) -> list[tuple[Peer, list[bytes]]]:
        """End the turn: empty the outboxes, and return what to send, each peer once."""
        self.state.turns.end()
        unsent = self.state.unsent
        taken = [(peer, peer.take_outbox()) for peer in unsent]
        if self.state.memory.limit:
            written = self.state.memory.written
            for peer in unsent:
                written[peer] = None
        unsent.clear()
        return taken

    def take_closing(self) -> list[Peer]:
        """Return the peers to be closed, all that was due to them having been sent."""
        state = self.state
        taken = [peer for peer in state.closing if not peer.held]
        state.closing = [peer for peer in state.closing if peer.held]
        return taken

    def resume(
        self, inventory: Inventory, now: float, *, keeps_jobs: bool, holds: bool
    ) -> None:
        """Begin to use a store, before any peer connects.

        Args:
            inventory: what the store's ``open`` returned.
            now: the time.
            keeps_jobs: background jobs are kept in it; else only dead letters are.
            holds: JOB_CREATED waits until the job is durable.
        """
        state = self.state
        state.now = now
        state.resume(inventory.reserved, keeps_jobs, holds)
        resume_clock(state, inventory)
        for kept in inventory.queues:
            self._take_over(kept)
        for record in inventory.schedules:
            recurring.restore_schedule(state, record)

    def _take_over(self, kept: QueueInventory) -> None:
        state = self.state
        function = state.function(kept.function)
        function.dead += kept.dead
        backlog = function.backlogs[kept.priority]
        backlog.ready = kept.ready
        backlog.delayed = kept.delayed
        paging.expect(state, backlog.dates, kept.next_due)
        paging.expect(state, backlog.waits, kept.next_steady)
        paging.refill(state, function, kept.priority)

    def take_batch(self) -> Batch | None:
        """Return what is to be made durable next, or None if there is nothing.

        The one before must have been settled by ``committed`` or ``refused``. Its
        queries are to be answered after the commit, however that went.
        """
        journal = self.state.journal
        if journal.is_empty():
            return None
        batch = journal.take()
        keep_clock_with(self.state, batch)
        return batch

    def committed(self, now: float) -> None:
        """React to the batch having become durable: answer its submitters."""
        self.state.now = now
        self._learn(settling.commit(self.state))

    def refused(self, reason: str, now: float, *, is_rest_saved: bool = False) -> None:
        """React to the store's refusal: answer its submitters with ERROR.

        ``is_rest_saved`` says that the rest of the batch, ``Batch.parted``, is durable.
        """
        self.state.now = now
        self._learn(settling.refuse(self.state, reason, is_rest_saved=is_rest_saved))

    def _learn(self, asked: list[Asked]) -> None:
        """Take in the store's answers."""
        for each in asked:
            peer, backlog = each.peer, each.backlog
            if backlog is not None:
                paging.page_in(self.state, each.queries[0], backlog)
            elif peer is not None and not peer.is_closing:
                peer.is_asking = False
                peer.answers = each.queries
                message, peer.message = peer.message, None
                peer.is_busy = False
                self._run(peer, message, self.state.turns.work + PEER_SHARE)
                self._free(peer)
                self.state.memory.note(peer, self.state.now)

    def take_notices(self) -> list[Notice]:
        """Return what an operator should read in the log."""
        taken = self.state.notices
        self.state.notices = []
        return taken
