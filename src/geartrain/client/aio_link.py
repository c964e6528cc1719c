"""A connection to one job server, on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections.abc import Callable, Sequence
from typing import Final, cast

from geartrain.client.servers import ServerList
from geartrain.client.waiting import MAX_UNREAD, Waiter, ending, no_geartrain
from geartrain.errors import ClientError, ProtocolError
from geartrain.protocol.calls import question
from geartrain.protocol.client import ClientProtocol
from geartrain.protocol.constants import PacketType

__all__ = ["AsyncLink", "wake"]

# While nobody waits, reading stops once a call has less room for updates than this: it
# holds 4 MiB of them then.
_ENOUGH: Final = MAX_UNREAD - 4 * 1024 * 1024
# Transports of the parent in a forked child. If they were freed, they would warn, and
# change what the parent's event loop watches.
_LEFT: list[object] = []

# Maximum number of turns of the event loop until what has arrived is read.
_LOOKS: Final = 5


def wake(waiter: Waiter) -> None:
    """Wake the tasks for which enough was told of a call, or its connection lost.

    The others sleep on: another turn of the event loop takes a tenth of a short job.
    """
    is_lost = waiter.link is None
    for entry in waiter.futures:
        future, is_enough = entry
        if is_lost or is_enough(waiter):
            _leave(waiter, entry)
            # On a closed event loop no task can go on, and waking one would fail.
            if not future.done() and not future.get_loop().is_closed():
                future.set_result(None)


def _leave(waiter: Waiter, entry: object) -> None:
    """Take a future from those that wait for a call."""
    waiter.futures = tuple(each for each in waiter.futures if each is not entry)


class AsyncLink(asyncio.Protocol):
    """A connection that tells and wakes its waiters as packets arrive.

    Attributes:
        is_lost: it is at its end.
        loop: the event loop it lives on.
        protocol: what was asked on it.
        servers: the job servers of its client.
    """

    def __init__(
        self, server: str, heartbeat: float, servers: ServerList, place: int
    ) -> None:
        """``heartbeat`` is the seconds of silence after which the connection ends.

        ``place`` is that of the job server among ``servers``.
        """
        self.servers = servers
        self.is_lost = False
        self.loop = asyncio.get_running_loop()
        self.protocol = ClientProtocol()
        self._server = server
        self._heartbeat = heartbeat
        self._patience = heartbeat / 2
        self._place = place
        # When something was heard last, or asked on an idle connection.
        self._heard = self._asked = self.loop.time()
        self._probed = 0.0
        self._is_silent = True
        # It has answered, since it was doubted last.
        self._is_proven = False
        self._poll = select.poll()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._room: asyncio.Future[None] | None = None
        self._ended = self.loop.create_future()
        self._process = os.getpid()
        # How many tasks wait for something to be told of a call.
        self._waiting = 0
        self._is_paused = False
        self._number = -1
        self._inode = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for exceptions, and watch the time."""
        # uvloop's transports are Transports in all but name.
        self._transport = cast("asyncio.Transport", transport)
        self._number = transport.get_extra_info("socket").fileno()
        self._inode = os.fstat(self._number).st_ino
        self._poll.register(self._number, select.POLLIN)
        self._transport.write(self.protocol.begin_options(self.servers.without_worker))
        self._timer = self.loop.call_later(self._patience, self._watch)

    def data_received(self, data: bytes) -> None:
        """Tell the waiters."""
        if self.is_lost:
            return
        self._heard = self.loop.time()
        self._probed = 0.0
        self._is_silent = False
        if not self._is_proven:
            self._is_proven = True
            self.servers.answered(self._place)
        try:
            events = self.protocol.receive(data)
        except ProtocolError as error:
            self._give_up(str(error))
            return
        for event in events:
            waiter = event.call.owner
            waiter.take(event)
            if waiter.futures:
                wake(waiter)
            if waiter.room < _ENOUGH:
                self._pause_reading()
        if self.protocol.failure is not None:
            self.lose(str(self.protocol.failure))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell all who wait."""
        if error is not None:
            self._take_rest()
        self.lose(ending(error, self._is_silent))
        if not self._ended.done():
            self._ended.set_result(None)

    def _take_rest(self) -> None:
        """Take what arrived before sending failed, and event loops would throw away.

        What was answered is to be known.
        """
        assert self._transport is not None
        if self._transport.get_extra_info("ssl_object") is not None:
            return
        with contextlib.suppress(OSError):
            # An event loop that has closed it would leave its number to others.
            while not self.is_lost and os.fstat(self._number).st_ino == self._inode:
                data = os.read(self._number, 65536)
                if not data:
                    return
                self.data_received(data)

    def eof_received(self) -> None:
        """Tell all who wait at once, and let the transport end."""
        self.lose(ending(None, self._is_silent))

    async def wait_for(
        self, waiter: Waiter, is_enough: Callable[[Waiter], bool]
    ) -> None:
        """Return when enough is told of a call that was sent here, or it is lost."""
        future = self.loop.create_future()
        entry = (future, is_enough)
        waiter.futures += (entry,)
        self.begin_waiting()
        try:
            await future
        except asyncio.CancelledError:
            # As a time-out does it.
            self._doubt()
            raise
        finally:
            self.end_waiting()
            if waiter.futures:
                _leave(waiter, entry)

    def begin_waiting(self) -> None:
        """Read, because one task more waits."""
        self._waiting += 1
        if self._is_paused and not self.is_lost and self._transport is not None:
            self._is_paused = False
            self._heard = self.loop.time()
            self._transport.resume_reading()

    def end_waiting(self) -> None:
        """Note that one task fewer waits."""
        self._waiting -= 1

    def _pause_reading(self) -> None:
        """Stop reading, so that the job server keeps what nobody takes."""
        if not self._waiting and not self._is_paused and not self.is_lost:
            assert self._transport is not None
            self._is_paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Make senders wait."""
        self._room = self.loop.create_future()

    def resume_writing(self) -> None:
        """Let senders go on."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def is_sound(self) -> bool:
        """Return whether the connection stands, as far as is known."""
        return not self.is_lost and not self.is_foreign

    @property
    def is_foreign(self) -> bool:
        """Return whether it belongs to another event loop or another process."""
        return (
            self.loop is not asyncio.get_running_loop() or self._process != os.getpid()
        )

    def has_unread(self) -> bool:
        """Return whether something has arrived on an idle connection."""
        return self.protocol.is_idle and bool(self._poll.poll(0))

    async def look(self) -> None:
        """Let an idle connection notice what arrived while the event loop was busy.

        It may be the job server's end of the connection, and then the next job has to
        go elsewhere.
        """
        for _ in range(_LOOKS):
            if self.is_lost or not self.protocol.is_idle or not self._poll.poll(0):
                return
            await asyncio.sleep(0)

    async def call_all(self, waiters: Sequence[Waiter]) -> None:
        """Send calls, whatever becomes of them; return when there is room for more."""
        assert self._transport is not None
        if self._transport.is_closing():
            # Let the event loop tell first why it ends.
            await asyncio.sleep(0)
        if self.is_lost:
            return
        if self.protocol.is_idle:
            self._heard = self._asked = self.loop.time()
        packets = []
        for waiter in waiters:
            waiter.link = self
            waiter.is_sent = True
            packets.append(self.protocol.begin(waiter.call))
        self._transport.write(b"".join(packets) if len(packets) > 1 else packets[0])
        while self._room is not None:
            await asyncio.shield(self._room)

    def check_geartrain(self) -> None:
        """Raise RefusedError unless the job server, which has answered, is one."""
        if not self.protocol.is_geartrain and not self.is_lost:
            raise no_geartrain(self._server)

    def _doubt(self) -> None:
        """Prefer other job servers if this one has left a call without any answer."""
        if self._heard == self._asked:
            self._is_proven = False
            error = TimeoutError("it has not answered in time")
            self.servers.failed(self._place, error)

    def _give_up(self, why: str) -> None:
        """End the connection to a job server that hangs, and prefer others."""
        self.servers.failed(self._place, TimeoutError(why), self._heartbeat)
        self.lose(why)

    def lose(self, why: str) -> None:
        """End the connection and tell all who wait that it is lost."""
        if self.is_lost:
            return
        self.is_lost = True
        if self.loop.is_closed():
            self._drop()
        else:
            if self._timer is not None:
                self._timer.cancel()
            if self._transport is not None:
                self._transport.abort()
            self.resume_writing()
        self._tell_lost(why)

    def leave(self) -> None:
        """Leave the connection to the process that this one was forked from."""
        if not self.is_lost:
            self.is_lost = True
            # Its descriptor is taken already; the event loop is the parent's.
            _LEFT.append(self._transport)
            self._tell_lost("the process was forked: the connection is the parent's")

    def desert(self) -> None:
        """Tell who waits on another event loop that it cannot have this connection.

        Raises:
            ClientError: that event loop goes on, and so does what was sent there.
        """
        if self.loop.is_closed() or self._process != os.getpid():
            self.lose("its event loop has ended")
        else:
            raise ClientError("the job was submitted on another event loop")

    def _tell_lost(self, why: str) -> None:
        for call in self.protocol.lost():
            call.owner.lost(self._server, why)
            wake(call.owner)

    def _drop(self) -> None:
        """Let go of a connection whose event loop was closed with it open.

        Transports have no way to be closed then; without this one of asyncio's own
        warns of a socket that was left open. uvloop closes its own.
        """
        transport, self._transport = self._transport, None
        end = getattr(transport, "_call_connection_lost", None)
        if end is not None:
            with contextlib.suppress(Exception):
                end(None)

    async def closed(self) -> None:
        """Wait until the ended connection has closed its socket."""
        if self.loop is asyncio.get_running_loop():
            await asyncio.shield(self._ended)

    def _watch(self) -> None:
        """Probe a silent job server; end the connection if it stays silent."""
        now = self.loop.time()
        next_look = self._patience
        if self.protocol.is_idle or self._is_paused:
            self._probed = 0.0
        elif self._probed:
            if now - self._probed >= self._patience * 0.99:
                self._give_up(f"it has been silent for {self._heartbeat:g} seconds")
                return
        elif now - self._heard >= self._patience * 0.99:
            self._probed = now
            probe = question(PacketType.ECHO_REQ, b"heartbeat")
            probe.is_forgotten = True
            assert self._transport is not None
            self._transport.write(self.protocol.begin(probe))
        else:
            next_look = self._heard + self._patience - now
        self._timer = self.loop.call_later(next_look, self._watch)
