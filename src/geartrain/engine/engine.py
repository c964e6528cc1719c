"""The job server without its sockets, clock and disk.

A driver tells the engine what happened: a peer connected, bytes of it arrived, it
left, time passed. It then sends what ``take_unsent`` returns, closes the peers that
``take_closing`` returns, and calls ``tick`` at ``deadline``. Nothing else is needed
to run a job server that keeps its jobs in memory.

One with a store begins with ``resume``, has what ``take_batch`` returns committed and
its queries answered, and tells ``committed`` or ``refused``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.commands import reception
from geartrain.engine.commands.arrivals import arrive
from geartrain.engine.commands.revoking import follow_rules
from geartrain.engine.dispatch.turns import LIGHT, READ, WAIT
from geartrain.engine.durable.gathering import Question
from geartrain.engine.inventory import Inventory
from geartrain.engine.jobs import due, schedules, stopping
from geartrain.engine.jobs.departures import leave
from geartrain.engine.jobs.helping import Helping
from geartrain.engine.jobs.paging import page_in
from geartrain.engine.jobs.settling import settle
from geartrain.engine.jobs.sharing import Sharing
from geartrain.engine.jobs.taking_over import take_over
from geartrain.engine.model.access import Rules
from geartrain.engine.model.health import Health
from geartrain.engine.model.inquiries import Inquiry
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import Identity
from geartrain.engine.model.schedules import Calendar, no_calendar
from geartrain.engine.model.settings import Value
from geartrain.engine.model.vitals import Vitals
from geartrain.engine.queries import DuePage, Page
from geartrain.engine.state import (
    clocks,
    following,
    functions,
    limits,
    marks,
    problems,
    runs,
    statistics,
    tracing,
    windows,
)
from geartrain.engine.state.state import State
from geartrain.protocol.parser import Parser

__all__ = ["Engine"]

# Bytes that a peer may send while its text command waits for the end of a job.
_MOST_AHEAD: Final = 64 * 1024


class Engine:
    """A whole job server as a reaction to facts.

    Times are seconds of a steady clock that the driver chooses; ``set_clock`` says
    how it relates to the calendar's. Nothing outside of the engine changes anything
    that it knows but by these methods.
    """

    def __init__(
        self, options: EngineOptions, calendar: Calendar = no_calendar
    ) -> None:
        self.state = State(options, calendar)
        """What it knows, for those that only read."""
        self.memory = self.state.memory
        """What is held; the driver tells it what there may be."""
        self.helping = Helping(self.state)
        """Where links to other job servers come in."""
        self.sharing = Sharing(self.state)
        """Where a store that other job servers have, too, comes in."""
        self.has_news = False
        """Whether the last ``turn`` left the driver more to do than to send."""

    def set_clock(self, offset: float, asleep: float = 0.0) -> None:
        """Tell how the steady clock relates to others; tell it again now and then.

        Args:
            offset: what to add to the steady clock for the seconds since 1970.
            asleep: for how many seconds the steady clock has stood still because the
                machine slept, since any moment; delays and times to live count them.
        """
        clocks.set_clock(self.state, offset, asleep)

    def clock_offset(self) -> float:
        """Return what ``set_clock`` was last told to add to the steady clock."""
        return self.state.clock_offset

    def wall_time(self) -> float:
        """Return the time of the last fact, in seconds since 1970."""
        return self.state.wall_time()

    def keep_clock(self, now: float) -> None:
        """Record the time and what was counted: the job server stops in order."""
        self.state.now = now
        clocks.keep_clock(self.state)
        statistics.end_all(self.state)
        marks.end(self.state)

    def change_policy(self, pattern: bytes, settings: Mapping[str, Value]) -> None:
        """Set some settings for a function's name or a glob, and have jobs follow.

        What operators change by text commands, in this life or an earlier one that a
        store remembers, comes before it.

        Raises:
            OptionError: as ``Policies.give`` does.
        """
        functions.give_policy(self.state, pattern, settings)

    def set_schedules(self, definitions: Mapping[bytes, Mapping[str, Value]]) -> None:
        """Say which schedules the configuration file has, and with which settings.

        What operators change by text commands comes before it. While peers are
        connected, schedules follow in the turns to come.
        """
        chore = schedules.give_all(self.state, definitions)
        if self.state.last_peer:
            self.state.turns.start(chore)
        else:
            for _ in chore:
                pass

    def set_rules(self, rules: Rules) -> None:
        """Say who may do what; open connections follow, in the turns to come."""
        self.state.rules = rules
        limits.renew(self.state)
        self.state.turns.start(follow_rules(self.state, rules))

    def connect(
        self,
        descriptor: int,
        address: bytes,
        is_trusted: bool,
        identity: Identity | None = None,
        now: float = 0.0,
    ) -> Peer:
        """Take a new connection; its peer is what the other calls are about.

        ``identity`` says who that is; by default, whoever has the address.
        ``now`` is the time; 0 for that of the last fact.
        """
        state = self.state
        state.now = max(state.now, now)
        peer = Peer(
            descriptor,
            address,
            is_trusted,
            Parser(state.options.max_packet, state.memory.room),
            state.unsent,
        )
        arrive(state, peer, identity or Identity(address.decode()))
        return peer

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
        state.now = peer.heard = now
        if state.taps:
            tracing.note_received(state, peer, data)
        peer.parser.feed(data)
        if peer.wait is not None:
            # Read on, to learn when it leaves; but it cannot send without end.
            peer.is_busy = peer.parser.held() > _MOST_AHEAD
        elif not (peer.is_asking or peer.is_busy):
            reception.run(state, peer, None, turns.limit())
        state.memory.note(peer, now)
        if peer.is_busy or peer.is_asking or state.journal.is_behind():
            return WAIT
        return LIGHT if turns.is_light() else READ

    def disconnect(self, peer: Peer, now: float) -> None:
        """React to the end of a connection: its jobs go to others."""
        state = self.state
        state.now = now
        leave(state, peer)

    def congest(self, peer: Peer) -> None:
        """Produce nothing for a peer that leaves much unread, until ``relieve``."""
        peer.is_congested = True

    def relieve(self, peer: Peer) -> None:
        """Go on with a peer that has read what was due to it."""
        peer.is_congested = False
        self.state.turns.add(peer)
        following.go_on(self.state, peer)

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
        batch, a ``deadline`` before the next tick, memory that is short, and workers
        that links wait for.
        """
        state = self.state
        turns = state.turns
        if turns.queue or turns.chores or turns.freed or state.closing:
            return True
        if (
            state.notices
            or state.shutdown
            or state.inquiries
            or not state.journal.is_empty()
        ):
            return True
        if self.weigh() > 0 or state.memory.room.is_full:
            return True
        if state.wakeups.stirred or state.wakeups.has_changed:
            return True
        deadline = self.deadline()
        return deadline is not None and deadline < tick_at

    def has_more(self) -> bool:
        """Tell whether ``go_on`` has something to do."""
        turns = self.state.turns
        return bool(turns.queue or turns.chores)

    def go_on(self, now: float) -> None:
        """Go on with what earlier turns left; to be called while ``has_more``."""
        self.state.now = now
        reception.go_on(self.state)

    def take_unsent(self) -> list[tuple[Peer, list[bytes]]]:
        """End the turn: empty the outboxes, and return what to send, each peer once.

        One that left since the last turn may still be named, with nothing to send.
        """
        self.state.turns.end()
        if self.state.taps:
            tracing.note_sent(self.state)
        unsent = self.state.unsent
        taken = [(peer, peer.take_outbox()) for peer in unsent]
        if self.memory.limit:
            written = self.memory.written
            for peer in unsent:
                written[peer] = None
        unsent.clear()
        return taken

    def take_freed(self) -> list[Peer]:
        """Return the peers that have caught up and can be read from again."""
        turns = self.state.turns
        taken = turns.freed
        if taken:
            turns.freed = []
        return taken

    def take_closing(self) -> list[Peer]:
        """Return the peers to be closed, all that was due to them having been sent."""
        state = self.state
        taken = [peer for peer in state.closing if not peer.held]
        state.closing = [peer for peer in state.closing if peer.held]
        return taken

    def take_notices(self) -> list[Notice]:
        """Return what an operator should read in the log."""
        taken = self.state.notices
        self.state.notices = []
        return taken

    def take_shutdown(self) -> str:
        """Return ``"now"`` or ``"graceful"`` once an operator asked for that."""
        taken = self.state.shutdown
        self.state.shutdown = ""
        return taken

    def tick(self, now: float) -> None:
        """Do what is due, or much of it: what is left is due at once."""
        self.state.now = now
        due.tick(self.state)

    def look_for_problems(self) -> None:
        """Bring ``State.problems`` up to date, now or in the turns to come."""
        self.state.turns.start(problems.look(self.state))

    def begin_stop(self) -> None:
        """Give out no more jobs; those that run may end."""
        stopping.begin_stop(self.state)

    def engaged(self) -> set[Peer]:
        """Return the peers that running jobs concern."""
        return stopping.engaged(self.state)

    def count_running(self) -> int:
        """Return how many jobs run."""
        return stopping.count_running(self.state)

    def deadline(self) -> float | None:
        """Return when ``tick`` is to be called next, or None for not at all."""
        return due.deadline(self.state)

    def show_health(self, health: Health) -> None:
        """Set what the text command ``store`` shows; the driver keeps it up to date.

        Without a store nobody need call this.
        """
        self.state.health = health

    def show_vitals(self, vitals: Vitals) -> None:
        """Set what the text command ``server`` shows; the driver updates it."""
        self.state.vitals = vitals

    def resume(
        self,
        inventory: Inventory,
        now: float,
        *,
        keeps_jobs: bool,
        holds: bool,
        most_waiting: int = 2**62,
    ) -> None:
        """Begin to use a store, before any peer connects.

        Args:
            inventory: what the store's ``open`` returned.
            now: the time.
            keeps_jobs: background jobs are kept in it; else only dead letters are.
            holds: JOB_CREATED waits until the job is durable.
            most_waiting: bytes of workloads that wait for the next batch before
                submitters have to wait.
        """
        state = self.state
        state.now = now
        state.journal.most = most_waiting
        take_over(state, inventory, keeps_jobs=keeps_jobs, holds=holds)

    def has_batch(self) -> bool:
        """Tell whether ``take_batch`` would return one."""
        return not self.state.journal.is_empty()

    def is_batch_awaited(self) -> bool:
        """Tell whether somebody waits for the batch that gathers."""
        return self.state.journal.is_awaited()

    def has_to_wait(self, peer: Peer) -> bool:
        """Tell whether the store must catch up before more of a peer is read."""
        journal = self.state.journal
        is_submitter = peer.submitted > journal.committed
        return peer.is_asking or (is_submitter and journal.is_behind())

    def take_batch(self) -> Batch | None:
        """Return what is to be made durable next, or None if there is nothing.

        The one before must have been settled by ``committed`` or ``refused``. Its
        queries are to be answered after the commit, however that went.
        """
        journal = self.state.journal
        if journal.is_empty():
            return None
        batch = journal.take()
        clocks.keep_clock_with(self.state, batch)
        return batch

    def committed(self, now: float) -> None:
        """React to the batch having become durable: answer its submitters."""
        self.state.now = now
        self._learn(settle(self.state, self.state.journal.commit()))

    def refused(self, reason: str, now: float, *, is_rest_saved: bool = False) -> None:
        """React to the store's refusal: answer its submitters with ERROR.

        ``is_rest_saved`` says that the rest of the batch, ``Batch.parted``, is durable.
        """
        self.state.now = now
        journal = self.state.journal
        done = journal.refuse(reason, is_rest_saved=is_rest_saved)
        self._learn(settle(self.state, done))

    def give_up_batch(self, *, is_rest_saved: bool) -> None:
        """Count the batch taken, if there is one, as unsaved: the driver is to stop.

        Nobody is answered. ``is_rest_saved`` is as in ``refused``.
        """
        if self.state.journal.is_taken():
            self.state.journal.refuse("", is_rest_saved=is_rest_saved)

    def unsaved(self) -> int:
        """Return how many jobs there are whose end or failure is not yet durable."""
        return self.state.journal.unsaved()

    def unkept(self) -> int:
        """Return how many jobs were acknowledged and are not yet durable."""
        return self.state.journal.unkept()

    def background_count(self) -> int:
        """Return how many background jobs are in memory."""
        return sum(job.background for job in self.state.jobs.values())

    def _learn(self, questions: list[Question]) -> None:
        """Take in the store's answers: pages, what peers asked, and runs."""
        for each in questions:
            if each.window is not None:
                query = each.queries[0]
                assert isinstance(query, Page | DuePage)
                page_in(self.state, query, each.window)
            elif each.peer is not None:
                reception.answered(self.state, each.peer, each.queries)
            else:
                runs.learn(self.state, each.queries)

    def take_inquiries(self) -> list[Inquiry]:
        """Return what other job servers are to be asked, each once.

        ``informed`` is to be called with each.
        """
        taken = self.state.inquiries
        if taken:
            self.state.inquiries = []
        return taken

    def informed(self, inquiry: Inquiry, now: float) -> None:
        """React to what other job servers said, or to there being no more to come."""
        self.state.now = now
        if inquiry.then is None:
            reception.answered(self.state, inquiry.peer, [inquiry])
        elif not inquiry.peer.is_closing:
            inquiry.then(inquiry)

    def measured(self, process: int, unread: int) -> None:
        """Tell how large the process is, 0 if that is not known.

        ``unread`` bytes of that lie in the driver's transports, for peers to read.
        """
        state = self.state
        state.memory.measure(process, unread, len(state.peers), len(state.functions))

    def weigh(self) -> int:
        """Say how much memory there is room for, once a turn.

        Returns:
            How many bytes too many are in use for more jobs to be taken; 0 for none.
        """
        return self.state.weigh()

    def page_on(self, *, is_full: bool) -> None:
        """Read the pages that had to wait for memory; only one while memory is full."""
        if is_full:
            windows.press_on(self.state)
        else:
            windows.page_on(self.state)

    def give_up(self, size: int, until: float) -> int:
        """Give up the newest packets under way, about ``size`` bytes; tell their peers.

        Packets that grew after ``until`` are left alone.

        Returns:
            How many packets these were. Results are never given up.
        """
        return reception.give_up(self.state, size, until)
