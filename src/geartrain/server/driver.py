"""Drive the engine by a network: bytes and time in, bytes out.

One turn of the event loop reads each ready connection once, lets the engine react
to all of it, and then writes each outbox once.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable

from geartrain.engine.engine import Engine
from geartrain.engine.model.access import Rules
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.peers import Peer
from geartrain.server.clock import Clock
from geartrain.server.closing import Closing
from geartrain.server.connection import Connection, Writer, discard
from geartrain.server.inquirer import Inquirer
from geartrain.server.introductions import Introductions
from geartrain.server.memory import MemoryGuard, limit_of
from geartrain.server.options import Options
from geartrain.server.persistence import Persistence
from geartrain.server.schedules import Definitions

__all__ = ["Driver"]

_log = logging.getLogger("geartrain.server")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}

# The longest sleep while something is due, in seconds: how soon a step of the
# system's clock is noticed.
_LONGEST_SLEEP = 1.0

# Seconds after which a turn looks at the clocks and at memory again, whatever it has.
_LOOK = 0.01

# Seconds by which two readings of the clocks differ while nobody sets them: more than
# the engine has for that, so that not each turn has a careful one.
_JITTER = 150e-6


class Driver:
    """The engine's network, clock and log.

    Attributes:
        engine: what it drives.
        writers: what sends pieces of bytes to each peer.
        receive: the engine's method, within short reach.
        monotonic: the clock's, likewise.
        call_soon: the event loop's, as ``call_later``.
        introduce: makes the peer of a new connection.
        is_stopping: nothing is read any more.
        is_arranged: this turn's end is already arranged.
        reads: how many reads this turn, or else the last one, was about.
        turned_at: when the last turn ended.
        persistence: the store, if there is one.
        max_outbox: unread bytes held for one peer before it is disconnected.
        inquirer: has other job servers asked what the engine wants to know.
        guard: keeps the process within its memory, if that has a limit.
        on_idle: called when the last connection ended.
        on_notices: called with what the engine noticed, once it is logged.
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
        self.inquirer = Inquirer(self)
        self.persistence: Persistence | None = None
        self._waiting: list[Connection] = []
        loop = asyncio.get_running_loop()
        self.call_soon, self.call_later = loop.call_soon, loop.call_later
        self._connections: dict[Peer, Connection] = {}
        self.writers: dict[Peer, Writer] = {}
        # Those that left since the last turn, which may still name them.
        self._left: list[Peer] = []
        self.introduce = Introductions(
            engine, self._connections, self.monotonic, options.probes
        ).introduce
        self._closing = Closing(
            engine, self._connections, self.writers, self.call_later
        )
        self._timer: asyncio.TimerHandle | None = None
        engine.set_clock(*clock.read_first())
        self._offset = engine.clock_offset()
        self.guard: MemoryGuard | None = None
        limit = limit_of(options.max_memory)
        if limit:
            self.guard = MemoryGuard(engine, self._connections, limit, self.monotonic)
            self.guard.on_more = self.send_on

    def __len__(self) -> int:
        return len(self._connections)

    def accept(self, is_trusted: bool) -> Callable[[], Connection]:
        """Return the protocol factory of a listener."""
        return lambda: Connection(self, is_trusted)

    def set_rules(self, rules: Rules) -> None:
        """Say who may do what, from now on."""
        self.engine.set_rules(rules)
        self.send_on()

    def set_schedules(self, definitions: Definitions) -> None:
        """Say which schedules the configuration file has, from now on."""
        self.engine.set_schedules(definitions)
        self.send_on()

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
        self.call_soon(self.turn)

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
        self._closing.close_expelled()
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
            self.inquirer.ask(inquiries)

    def relieve(self, peer: Peer) -> None:
        """Continue with a peer that has read its outbox."""
        self.engine.relieve(peer)
        if self.engine.has_more() and not self.is_arranged:
            self.arrange_turn()

    def send_on(self) -> None:
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
        persistence.on_settled = self.go_on

    def keep_waiting(self, connection: Connection) -> None:
        """Take no more from a peer until it, or the store, has caught up."""
        peer = connection.peer
        if peer.is_busy or peer.is_asking:
            connection.transport.pause_reading()
        if self.engine.has_to_wait(peer) and not connection.is_kept_waiting:
            connection.is_kept_waiting = True
            connection.transport.pause_reading()
            self._waiting.append(connection)

    def go_on(self) -> None:
        """Answer the peers that waited for a batch, and read from submitters again."""
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.is_kept_waiting = False
            connection.read_on()
        self.turn()

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
        self._timer = self.call_later(max(0.0, when - now), self.tick)

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
        self.send_on()

    def begin_stop(self) -> int:
        """Give out no more jobs; return how many run."""
        self.engine.begin_stop()
        return self.engine.count_running()

    def close_disengaged(self) -> None:
        """Close connections that no running job concerns, once they are answered."""
        self.turn()
        self._closing.close_disengaged()

    def stop_reading(self) -> None:
        """Read from no peer any more: the server is about to stop."""
        self.is_stopping = True
        for connection in self._connections.values():
            connection.transport.pause_reading()

    def close(self) -> None:
        """Close every connection once its outbox has been written."""
        self.turn()
        self._closing.close_all()

    def abort(self) -> None:
        """Drop every connection at once."""
        self._closing.abort_all()

    def stop(self) -> None:
        """Set no more timers."""
        if self.guard is not None:
            self.guard.stop()
        if self._timer is not None:
            self._timer.cancel()
