"""Drive the engine by a network: bytes and time in, bytes out.

One turn of the event loop reads each ready connection once, lets the engine react
to all of it, and then writes each outbox once.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Callable
from typing import cast

from geartrain.engine.dispatch.turns import LIGHT, WAIT
from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import MOST_UNREAD, Peer
from geartrain.server.clock import Clock
from geartrain.server.descriptors import Descriptors
from geartrain.server.memory import MemoryGuard, limit_of
from geartrain.server.options import Options
from geartrain.server.persistence import Persistence
from geartrain.transport.keepalive import set_keepalive

__all__ = ["Connection", "Driver"]

_log = logging.getLogger("geartrain.server")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}

# While each turn is about one read only, its end need not wait for others: a round
# trip takes 10 % less processor time (benchmarks, round-trip). A read that follows
# a turn within this time, in seconds, came with another and ends that.
_NEXT_READ = 10e-6

# A read this large is part of a large packet. libgearman's sockets hold 32 KiB and
# stall for the delayed acknowledgement of each 64 KiB segment: 10 MB there and back
# take 11 s with gearmand, and 0.2 s where large reads are acknowledged at once.
_LARGE_READ = 8 * 1024
# A read as large as the loop's takes is not the last of this socket's.
_FULL_READ = 64 * 1024

# How long a peer that is disconnected may take to read why, in seconds.
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


def _discard(pieces: list[bytes]) -> None:
    """Send nothing: the connection is to be closed without it."""


class Connection(asyncio.Protocol):
    """One peer's transport.

    Attributes:
        is_kept_waiting: the store has not yet answered it, or cannot keep up with it.
    """

    def __init__(self, driver: Driver, is_trusted: bool) -> None:
        self._driver = driver
        self._is_trusted = is_trusted
        self.is_kept_waiting = False
        self._is_short_of_memory = False
        self._is_congested = False
        self._largest = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the peer to the engine."""
        # uvloop's transports are Transports in all but name.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=MOST_UNREAD)
        self._socket = transport.get_extra_info("socket")
        self._is_tcp = self._socket.family != socket.AF_UNIX
        self.peer = self._driver.introduce(self, self._is_trusted)
        self._driver.writers[self.peer] = self.transport.writelines

    def data_received(self, data: bytes) -> None:
        """Let the engine react; what it answers is sent at the end of the turn."""
        if len(data) >= _LARGE_READ:
            self._acknowledge()
            if len(data) >= _FULL_READ and not self._is_congested:
                self._let_others_read()
        driver = self._driver
        now = driver.monotonic()
        read = driver.receive(self.peer, data, now)
        if read == WAIT:
            driver.keep_waiting(self)
        if driver.is_arranged:
            driver.reads += 1
        elif (
            read == LIGHT and driver.reads == 1 and now - driver.turned_at > _NEXT_READ
        ):
            driver.turn()
        else:
            driver.arrange_turn()

    def _acknowledge(self) -> None:
        """Acknowledge what was read now: a sender with a small buffer waits for it."""
        if self._is_tcp:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _let_others_read(self) -> None:
        """Read no more this turn: the loop would, 31 times, before anybody else."""
        self.transport.pause_reading()
        self._driver.call_soon(self.read_on)

    def read_on(self) -> None:
        """Read on, unless there is still a reason not to."""
        if not (
            self._is_congested
            or self.is_kept_waiting
            or self.peer.is_busy
            or self.peer.is_asking
            or self._is_short_of_memory
            or self._driver.is_stopping
            or self.transport.is_closing()
        ):
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """Take no more from a peer that does not read its answers, and give it none."""
        self._driver.engine.congest(self.peer)
        self.transport.pause_reading()
        self._is_congested = True
        self._largest = self.transport.get_write_buffer_size()
        self._driver.writers[self.peer] = self._write_to_slow

    def resume_writing(self) -> None:
        """Go on reading from a peer that caught up."""
        self._is_congested = False
        self._driver.writers[self.peer] = self.transport.writelines
        self._driver.relieve(self.peer)
        self.read_on()

    def _write_to_slow(self, pieces: list[bytes]) -> None:
        """Write, unless the peer leaves too much unread.

        A packet larger than the limit has to reach a peer that reads, and so has what
        follows it meanwhile: the largest of what is on its way does not count.
        """
        unread = self.transport.get_write_buffer_size()
        if unread <= self._driver.max_outbox + self._largest:
            self._largest = max(self._largest, sum(map(len, pieces)))
            self.transport.writelines(pieces)
            return
        _log.warning(
            "closing %s (%d): it leaves %d bytes unread, more than --max-outbox",
            self.peer.address.decode(),
            self.peer.descriptor,
            unread,
            extra={"action": "peer_too_slow"},
        )
        self._driver.writers[self.peer] = _discard
        self.transport.abort()

    def wait_for_memory(self, is_waiting: bool) -> None:
        """Read no more of a large result, or read on."""
        self._is_short_of_memory = is_waiting
        if is_waiting:
            self.transport.pause_reading()
        else:
            self.read_on()

    def discard(self) -> None:
        """Drop the connection with all that it has not read."""
        self.discard_answers()
        self.transport.abort()

    def discard_answers(self) -> None:
        """Send the peer nothing more of what the engine answers."""
        self._driver.writers[self.peer] = _discard

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the engine that the peer left."""
        self._driver.dismiss(self)


class Driver:
    """The engine's network, clock and log.

    Attributes:
        engine: what it drives.
        writers: what sends pieces of bytes to each peer.
        receive: the engine's method, within short reach.
        monotonic: the clock's, likewise.
        call_soon: the event loop's.
        is_stopping: nothing is read any more.
        is_arranged: this turn's end is already arranged.
        reads: how many reads this turn, or else the last one, was about.
        turned_at: when the last turn ended.
        persistence: the store, if there is one.
        max_outbox: unread bytes held for one peer before it is disconnected.
        guard: keeps the process within its memory, if that has a limit.
        on_idle: called when the last connection ended.
        on_shutdown: called with ``"now"`` or ``"graceful"`` when an operator asked.
    """

    def __init__(
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
        self.max_outbox = options.max_outbox
        self.on_idle: Callable[[], None] = lambda: None
        self.on_shutdown: Callable[[str], None] = lambda how: None
        self.persistence: Persistence | None = None
        self._waiting: list[Connection] = []
        self._keepalive = options.probes
        self._descriptors = Descriptors(self.monotonic)
        self._loop = asyncio.get_running_loop()
        self.call_soon = self._loop.call_soon
        self._connections: dict[Peer, Connection] = {}
        self.writers: dict[Peer, Writer] = {}
        # Those that left since the last turn, which may still name them.
        self._left: list[Peer] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tick_at, self._look_at = math.inf, 0.0
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
        if accepted.family == socket.AF_UNIX:
            address = "unix"
        else:
            address = _numeric(connection.transport.get_extra_info("peername"))
            if self._keepalive is not None:
                set_keepalive(accepted, *self._keepalive)
        self._descriptors.note(accepted.fileno())
        peer = self.engine.connect(accepted.fileno(), address.encode(), is_trusted)
        self._connections[peer] = connection
        return peer

    def dismiss(self, connection: Connection) -> None:
        """Let the engine know that a peer left."""
        del self._connections[connection.peer]
        self.writers[connection.peer] = _discard
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
        """Do what not every turn has for the driver besides sending."""
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

    def relieve(self, peer: Peer) -> None:
        """Go on with a peer that has read what was due to it."""
        self.engine.relieve(peer)
        if self.engine.has_more() and not self.is_arranged:
            self.arrange_turn()

    def _send_on(self) -> None:
        """Send what was said outside of a turn."""
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
        """Answer those who waited for a batch, and read on from submitters."""
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.is_kept_waiting = False
            connection.read_on()
        self.turn()

    def _close_expelled(self) -> None:
        for peer in self.engine.take_closing():
            connection = self._connections.get(peer)
            if connection is not None:
                connection.transport.close()
                self.writers[peer] = _discard
                # Closing waits for it to read what is due, which it may never do.
                self._loop.call_later(_LAST_READ, self._drop, peer)

    def _drop(self, peer: Peer) -> None:
        """Drop a connection, if it is not gone by itself."""
        connection = self._connections.get(peer)
        if connection is not None:
            connection.transport.abort()

    def _report(self) -> None:
        """Log what the engine noticed."""
        for notice in self.engine.take_notices():
            _log.log(
                _LEVELS[notice.level],
                "%s",
                notice.text,
                extra={"action": notice.action},
            )

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
        """Do what is due by the clock."""
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

    def stop_reading(self) -> None:
        """Take no more from anybody: the server is about to stop."""
        self.is_stopping = True
        for connection in self._connections.values():
            connection.transport.pause_reading()

    def close(self) -> None:
        """Close every connection once what is due to it has been written."""
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


def _numeric(peername: tuple[str, int] | None) -> str:
    """Return the peer's numeric host; an IPv4 one that came over IPv6 as IPv4."""
    if peername is None:
        # It was reset before it was accepted, and is about to be lost.
        return "-"
    return peername[0].partition("%")[0].removeprefix("::ffff:")
