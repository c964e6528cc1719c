"""Drive the engine by a network: bytes and time in, bytes out.

One turn of the event loop reads each ready connection once, lets the engine react
to all of it, and then writes each outbox once.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Final

from geartrain.engine.engine import Engine
from geartrain.engine.model.access import Rules
from geartrain.engine.model.inquiries import Inquiry
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.principals import UNIX, Identity
from geartrain.errors import ConnectError
from geartrain.server import pipes
from geartrain.server.clock import Clock
from geartrain.server.connection import Connection, discard
from geartrain.server.descriptors import Descriptors
from geartrain.server.identities import identity_of
from geartrain.server.memory import MemoryGuard, limit_of
from geartrain.server.options import Options
from geartrain.server.persistence import Persistence
from geartrain.server.schedules import Definitions
from geartrain.transport.keepalive import set_keepalive

__all__ = ["NO_DESCRIPTOR", "Driver"]

_log = logging.getLogger("geartrain.server")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}

NO_DESCRIPTOR: Final = 0
"""The number of a connection within the process, where others show their socket's."""

# How long a peer that is disconnected may read nothing of what is due, in seconds.
_LAST_READ = 5.0

# The longest sleep while something is due, in seconds: how soon a step of the
# system's clock is noticed.
_LONGEST_SLEEP = 1.0

# Seconds after which a turn looks at the clocks and at memory again, whatever it has.
_LOOK = 0.01

# Seconds by which two readings of the clocks differ while nobody sets them: more than
# the engine has for that, so that not each turn has a careful one.
_JITTER = 150e-6


Writer = Callable[[list[bytes]], object]


class Driver:
    """The engine's network, clock and log.

    Attributes:
        engine: what it drives.
        writers: what sends pieces of bytes to each peer.
        receive: the engine's method, within short reach.
        monotonic: the clock's, likewise.
        call_soon: the event loop's, as ``call_later``.
        is_stopping: nothing is read any more.
        is_arranged: this turn's end is already arranged.
        reads: how many reads this turn, or else the last one, was about.
        turned_at: when the last turn ended.
        persistence: the store, if there is one.
        max_outbox: unread bytes held for one peer before it is disconnected.
        guard: keeps the process within its memory, if that has a limit.
        on_idle: called when the last connection ended.
        on_notices: called with what the engine noticed, once it is logged.
        on_inquiries: called with what other job servers are to be asked.
        on_workers: called at the end of a turn that may have freed workers for links.
        on_shutdown: called with ``"now"`` or ``"graceful"`` when an operator asked.
    """

    def __init__(  # noqa: PLR0915 - as many attributes
        self, engine: Engine, options: Options, clock: Clock | None = None
    ) -> None:
        """Drive ``engine`` on the running event loop; no clock is the system's."""
        clock = clock or Clock()
        self.engine = engine
        self.receive = engine.receive
        self.monotonic = clock.monotonic
        self._time = clock.time
        self._read_clock = clock.read
        self.is_arranged = self.is_stopping = False
        self.reads, self.turned_at = 0, 0.0
        self._tick_at, self._look_at = math.inf, 0.0
        self.max_outbox = options.max_outbox
        self.on_idle: Callable[[], None] = lambda: None
        self.on_shutdown: Callable[[str], None] = lambda how: None
        self.on_notices: Callable[[list[Notice]], None] = lambda notices: None
        self.on_workers: Callable[[], None] | None = None
        self.on_inquiries: Callable[[list[Inquiry]], None] = self.ask_nobody
        self.persistence: Persistence | None = None
        self._waiting: list[Connection] = []
        self._keepalive = options.probes
        self._descriptors = Descriptors(self.monotonic)
        self._loop = asyncio.get_running_loop()
        self.call_soon = self._loop.call_soon
        self.call_later = self._loop.call_later
        self._connections: dict[Peer, Connection] = {}
        self.writers: dict[Peer, Writer] = {}
        # Those that left since the last turn, which may still name them.
        self._left: list[Peer] = []
        self._timer: asyncio.TimerHandle | None = None
        engine.set_clock(*clock.read_first())
        self._offset = engine.clock_offset()
        self.guard: MemoryGuard | None = None
        limit = limit_of(options.max_memory)
        if limit:
            self.guard = MemoryGuard(engine, self._connections, limit, self.monotonic)
            self.guard.on_more = self._send_on

    def __len__(self) -> int:
        return len(self._connections)

    def accept(self, is_trusted: bool) -> Callable[[], Connection]:
        """Return the protocol factory of a listener."""
        return lambda: Connection(self, is_trusted)

    def introduce(self, connection: Connection, is_trusted: bool) -> Peer:
        """Make a new connection's peer."""
        accepted = connection.transport.get_extra_info("socket")
        descriptor = NO_DESCRIPTOR if accepted is None else accepted.fileno()
        identity = identity_of(connection.transport)
        address = identity.address
        if accepted is not None:
            self._descriptors.note(descriptor)
            if self._keepalive is not None and address != UNIX:
                set_keepalive(accepted, *self._keepalive)
        peer = self.engine.connect(
            descriptor, address.encode(), is_trusted, identity, self.monotonic()
        )
        transport = connection.transport
        peer.has_tls = transport.get_extra_info("ssl_object") is not None
        self._connections[peer] = connection
        return peer

    def connect(self, client: asyncio.Protocol, identity: Identity) -> None:
        """Connect a client within this process; ``identity`` is whom it acts for.

        It is not trusted to stop the job server.

        Raises:
            ConnectError: the job server is about to stop.
        """
        if self.is_stopping:
            raise ConnectError("the job server is about to stop")
        pipes.connect(self.accept(False)(), client, identity)

    def connect_link(self, client: asyncio.Protocol) -> Peer:
        """Connect a link, for jobs that another job server gives to this one.

        Raises:
            ConnectError: the job server is about to stop.
        """
        identity = Identity(UNIX)
        identity.is_over_all = True
        connection = self.accept(False)()
        if self.is_stopping:
            raise ConnectError("the job server is about to stop")
        pipes.connect(connection, client, identity)
        connection.peer.is_link = True
        return connection.peer

    def call_off(self, peer: Peer, handle: bytes) -> None:
        """End a job that a link submitted."""
        self.engine.helping.call_off(peer, handle, self.monotonic())
        self._send_on()

    def set_rules(self, rules: Rules) -> None:
        """Say who may do what, from now on."""
        self.engine.set_rules(rules)
        self._send_on()

    def set_schedules(self, definitions: Definitions) -> None:
        """Say which schedules the configuration file has, from now on."""
        self.engine.set_schedules(definitions)
        self._send_on()

    def dismiss(self, connection: Connection) -> None:
        """Let the engine know that a peer left."""
        del self._connections[connection.peer]
        self.writers[connection.peer] = discard
        self._left.append(connection.peer)
        self.engine.disconnect(connection.peer, self.monotonic())
        if not self.is_arranged:
            self.arrange_turn()
        if not self._connections:
            self.on_idle()

    def arrange_turn(self) -> None:
        """Carry out what the engine said once all reads are done."""
        self.is_arranged = True
        self.reads = 1
        self._loop.call_soon(self.turn)

    def turn(self) -> None:
        """Carry out what the engine said."""
        self.is_arranged = False
        now = self.monotonic()
        is_time_to_look = now >= self._look_at
        if is_time_to_look:
            self._look_at = now + _LOOK
            self._set_clock()
        engine = self.engine
        writers = self.writers
        for peer, pieces in engine.turn(now, self._tick_at):
            writers[peer](pieces)
        if self._left:
            for peer in self._left:
                del writers[peer]
            self._left = []
        if engine.has_news or is_time_to_look:
            self._learn()
        self.turned_at = self.monotonic()

    def _learn(self) -> None:
        """Do the rest of a turn, which most turns have none of: all but sending."""
        engine = self.engine
        self._close_expelled()
        self._report()
        # First of all: a stop ends with a turn of its own.
        shutdown = engine.take_shutdown()
        if shutdown:
            self.on_shutdown(shutdown)
        for peer in engine.take_freed():
            self._read_on(peer)
        if engine.has_more() and not self.is_arranged:
            self.arrange_turn()
        if self.persistence is not None:
            self.persistence.pump()
        deadline = engine.deadline()
        if deadline is not None:
            self._set_timer(deadline)
        if self.guard is not None:
            self.guard.look(self.monotonic())
        if self.on_workers is not None:
            self.on_workers()
        inquiries = engine.take_inquiries()
        if inquiries:
            self.on_inquiries(inquiries)

    def informed(self, inquiry: Inquiry) -> None:
        """Tell the engine what other job servers said."""
        self.engine.informed(inquiry, self.monotonic())
        self._go_on()

    def ask_nobody(self, inquiries: list[Inquiry]) -> None:
        """Ask no other job server: links have ended."""
        for each in inquiries:
            for said in each.said:
                said.error = said.error or "this job server stops"
            self.call_soon(self.informed, each)

    def relieve(self, peer: Peer) -> None:
        """Continue with a peer that has read its outbox."""
        self.engine.relieve(peer)
        if self.engine.has_more() and not self.is_arranged:
            self.arrange_turn()

    def _send_on(self) -> None:
        """Send what the engine answered outside of a turn."""
        if not self.is_arranged:
            self.arrange_turn()

    def _read_on(self, peer: Peer) -> None:
        connection = self._connections.get(peer)
        if connection is not None:
            connection.read_on()

    def persist(self, persistence: Persistence) -> None:
        """Use a store from now on; ``persistence`` was started."""
        self.persistence = persistence
        persistence.on_settled = self._go_on

    def keep_waiting(self, connection: Connection) -> None:
        """Take no more from a peer until it, or the store, has caught up."""
        peer = connection.peer
        if peer.is_busy or peer.is_asking:
            connection.transport.pause_reading()
        if self.engine.has_to_wait(peer) and not connection.is_kept_waiting:
            connection.is_kept_waiting = True
            connection.transport.pause_reading()
            self._waiting.append(connection)

    def _go_on(self) -> None:
        """Answer the peers that waited for a batch, and read from submitters again."""
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.is_kept_waiting = False
            connection.read_on()
        self.turn()

    def _close_expelled(self) -> None:
        for peer in self.engine.take_closing():
            connection = self._connections.get(peer)
            if connection is not None:
                self._close(peer, connection)

    def _close(self, peer: Peer, connection: Connection) -> None:
        """Close a connection once what was written has been sent."""
        connection.transport.close()
        self.writers[peer] = discard
        # A close waits until the peer has read its outbox, which may be never.
        unread = connection.transport.get_write_buffer_size()
        self._loop.call_later(_LAST_READ, self._drop, peer, unread)

    def _drop(self, peer: Peer, unread: int) -> None:
        """Drop a connection, unless it is gone, or has read some of what is due."""
        connection = self._connections.get(peer)
        if connection is None:
            return
        left = connection.transport.get_write_buffer_size()
        if 0 < left < unread:
            self._loop.call_later(_LAST_READ, self._drop, peer, left)
        else:
            connection.transport.abort()

    def _report(self) -> None:
        """Log what the engine noticed."""
        notices = self.engine.take_notices()
        for notice in notices:
            _log.log(
                _LEVELS[notice.level],
                "%s",
                notice.text,
                extra={"action": notice.action, **notice.fields()},
            )
        if notices:
            self.on_notices(notices)

    def _set_clock(self) -> None:
        """Notice that somebody set the system's clock, or that the machine slept."""
        if abs(self._time() - self.monotonic() - self._offset) < _JITTER:
            return
        # A careful reading takes 5 µs, which is too much for each turn.
        reading = self._read_clock()
        if reading is not None:
            self.engine.set_clock(reading.offset, reading.asleep)
            self._offset = self.engine.clock_offset()

    def _set_timer(self, deadline: float) -> None:
        """Be called back in time for the engine's next deadline."""
        if self._tick_at <= deadline:
            return
        now = self.monotonic()
        when = min(deadline, now + _LONGEST_SLEEP)
        if self._timer is not None:
            self._timer.cancel()
        self._tick_at = when
        self._timer = self._loop.call_later(max(0.0, when - now), self.tick)

    def tick(self) -> None:
        """Run the engine's timers that are due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._tick_at = math.inf
        self._set_clock()
        self.engine.tick(self.monotonic())
        self.turn()

    def keep_clock(self) -> None:
        """Have the store keep what time it is: the server is about to stop."""
        self._set_clock()
        self.engine.keep_clock(self.monotonic())

    def look_for_problems(self) -> None:
        """Bring what is wrong up to date, in this turn and those to come."""
        self.engine.look_for_problems()
        self._send_on()

    def begin_stop(self) -> int:
        """Give out no more jobs; return how many run."""
        self.engine.begin_stop()
        return self.engine.count_running()

    def close_disengaged(self) -> None:
        """Close the connections that no running job concerns, once they are answered.

        They are read no more: a client that always submits the next job before the
        last is acknowledged would never be without an answer that is due.
        """
        self.turn()
        engaged = self.engine.engaged()
        for peer, connection in list(self._connections.items()):
            if peer in engaged or connection.transport.is_closing():
                continue
            if peer.is_due_an_answer():
                connection.read_no_more()
            else:
                self._close(peer, connection)

    def stop_reading(self) -> None:
        """Read from no peer any more: the server is about to stop."""
        self.is_stopping = True
        for connection in self._connections.values():
            connection.transport.pause_reading()

    def close(self) -> None:
        """Close every connection once its outbox has been written."""
        self.turn()
        for connection in self._connections.values():
            connection.transport.close()

    def abort(self) -> None:
        """Drop every connection at once."""
        for connection in list(self._connections.values()):
            connection.transport.abort()

    def stop(self) -> None:
        """Set no more timers."""
        if self.guard is not None:
            self.guard.stop()
        if self._timer is not None:
            self._timer.cancel()
