"""A blocking connection to one job server."""

from __future__ import annotations

import _socket
import contextlib
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from geartrain.client.waiting import Waiter, ending, is_answered, no_geartrain
from geartrain.errors import JobTimeoutError, ProtocolError
from geartrain.protocol.calls import question
from geartrain.protocol.client import ClientProtocol, Event
from geartrain.protocol.constants import PacketType
from geartrain.transport.connect import reason

if TYPE_CHECKING:
    from geartrain.client.connections import Connections

__all__ = ["Link"]

_RECEIVE: Final = 65536
_SLICE: Final = 262144
# Seconds: poll() takes a number of milliseconds in a C int.
_LONGEST: Final = 1e6
# Maximum number of reads from a connection that takes no more: the kernel may hold
# some MiB.
_DRAUGHTS: Final = 256
# What a TLS connection raises when it has to wait, by name, so that plain connections
# need not import ssl.
_TLS_WAITS: Final = frozenset({"SSLWantReadError", "SSLWantWriteError"})


class Link:
    """A connection that tells its waiters what arrives whenever it is pumped.

    Attributes:
        socket: the connection.
        heard: when something arrived last, or was asked after a silence.
        home: the connections it is one of.
        servers: the job servers of its client.
        is_lost: it is at its end.
    """

    def __init__(
        self,
        connection: socket.socket,
        server: str,
        heartbeat: float,
        home: Connections,
        place: int,
    ) -> None:
        """Take a connected socket.

        ``heartbeat`` is seconds of silence endured, ``place`` that of the job server.
        """
        self.socket = connection
        self.home = home
        self.is_lost = False
        self.protocol = ClientProtocol()
        self._server = server
        self._heartbeat = heartbeat
        self._patience = heartbeat / 2
        self._longest = min(self._patience, _LONGEST)
        self._place = place
        # When something was heard last, or asked on an idle connection.
        self.heard = self._asked = time.monotonic()
        self._probed = 0.0
        self._is_silent = True
        # It has answered, since it was doubted last.
        self._is_proven = False
        self._pending = getattr(connection, "pending", None)
        connection.setblocking(False)
        # Calls that are being sent, and how many of their bytes have left.
        self._unsent: Sequence[Waiter] = ()
        # What has been read and is to be told.
        self._events: deque[Event] = deque()
        self._left = 0
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self.servers = home.servers
        self._send(self.protocol.begin_options(self.servers.without_worker), None)

    def is_sound(self) -> bool:
        """Return whether the connection stands, as far as can be seen at once."""
        if not self.is_lost and self._poll.poll(0):
            self._receive(0)
        return not self.is_lost

    @property
    def has_pending(self) -> bool:
        """Return whether TLS holds bytes that have arrived."""
        return self._pending is not None and self._pending() > 0

    def call(self, waiter: Waiter, deadline: float | None) -> None:
        """Send a waiter's call, whatever becomes of it.

        Raises:
            JobTimeoutError: the job server has not taken it in time.
        """
        try:
            waiter.link = self
            waiter.is_sent = False
            if self.protocol.is_idle:
                self.heard = self._asked = time.monotonic()
            if self._send(self.protocol.begin(waiter.call), deadline):
                waiter.is_sent = True
        except _LateError:
            raise self._not_taken(waiter) from None
        except BaseException:
            self._interrupted([waiter])
            raise

    def call_all(self, waiters: Sequence[Waiter], deadline: float | None) -> None:
        """Send the calls of many at once; raises what ``call`` raises."""
        if self.protocol.is_idle:
            self.heard = self._asked = time.monotonic()
        packets = []
        self._unsent = waiters
        try:
            for waiter in waiters:
                waiter.link = self
                waiter.is_sent = True
                packets.append(self.protocol.begin(waiter.call))
            self._send(b"".join(packets), deadline)
        except _LateError:
            raise self._not_taken(waiters[0]) from None
        except BaseException:
            self._interrupted(waiters)
            raise
        finally:
            self._unsent = ()

    def _not_taken(self, waiter: Waiter) -> JobTimeoutError:
        return JobTimeoutError(
            f"{waiter.name}: {self._server} has not taken it in time"
        )

    def pump(self, deadline: float | None) -> None:
        """Wait until something arrives, the deadline, or a while; tell the waiters."""
        wait = self._longest
        if deadline is not None:
            left = deadline - time.monotonic()
            # Once a call: min() and max() would cost more than all else here.
            if left < wait:  # noqa: PLR1730
                wait = left
        self._receive(wait)

    def check_geartrain(self) -> None:
        """Raise RefusedError unless the job server, which has answered, is one."""
        if not self.protocol.is_geartrain and not self.is_lost:
            raise no_geartrain(self._server)

    def doubt(self) -> None:
        """Prefer other job servers if this one has left a call without any answer."""
        if self.heard == self._asked:
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
        if self.home.is_closed:
            why = "the client was closed"
        self.socket.close()
        self._mark_unsent()
        for call in self.protocol.lost():
            call.owner.lost(self._server, why)
            self.home.ring(call.owner)

    def interrupt(self) -> None:
        """Shut the connection down, so that whoever waits notices; from any thread."""
        with contextlib.suppress(OSError):
            # Not TLS's own shutdown, which would disturb the thread that is reading.
            _shutdown(self.socket, socket.SHUT_RDWR)

    def _mark_unsent(self) -> None:
        """Mark the calls whose packets have not left whole as unsent."""
        end = 0
        for waiter in self._unsent:
            end += waiter.call.size
            if end > self._left:
                waiter.is_sent = False

    def _interrupted(self, waiters: Sequence[Waiter] = ()) -> None:
        """End the connection: an exception from elsewhere came between two steps.

        A signal handler's, mostly. A call may be awaited that was not sent, or bytes
        are missing that were read: answers would go to the wrong calls. What was read
        before is told, and ``waiters`` whose calls have not begun are to be sent again.
        """
        while self._events:
            event = self._events.popleft()
            waiter = event.call.owner
            if not waiter.has_taken(event):
                waiter.take(event)
        self.lose("the client was interrupted")
        for waiter in waiters:
            if waiter.link is self and not is_answered(waiter):
                waiter.link = None
        self.home.ring()

    def _receive(self, wait: float) -> None:
        """Take what arrives within some seconds."""
        if self.is_lost:
            return
        # An interruption while it waits has read nothing, and costs nothing.
        has_any = (
            wait <= 0
            or (self._pending is not None and self.has_pending)
            or self._poll.poll(wait * 1000)
        )
        try:
            if has_any:
                self._take()
            else:
                self._endure()
        except BaseException:
            self._interrupted()
            raise

    def _take(self) -> None:
        """Take what has arrived, and tell the waiters."""
        try:
            data = self.socket.recv(_RECEIVE)
        except OSError as error:
            if _has_to_wait(error):
                self._endure()
            else:
                self.lose(ending(error, self._is_silent))
            return
        if not data:
            self.lose(ending(None, self._is_silent))
            return
        self._hear()
        try:
            # One step, made in C: no signal handler comes between, and loses them.
            self._events.extend(
                chain.from_iterable(map(self.protocol.receive, (data,)))
            )
        except ProtocolError as error:
            self._give_up(str(error))
            return
        events = self._events
        while events:
            event = events[0]
            call = event.call
            waiter = call.owner
            waiter.take(event)
            events.popleft()
            if not events and call.is_done:
                # Nothing more will be told of it. Without this only the garbage
                # collector would free the two, which takes 1 % of a short call.
                call.owner = None
            if self.home.bells:
                self.home.ring(waiter)
        if self.protocol.failure is not None:
            self.lose(str(self.protocol.failure))

    def _hear(self) -> None:
        """Note that the job server has said something."""
        self._is_silent = False
        self.heard = time.monotonic()
        self._probed = 0.0
        if not self._is_proven:
            self._is_proven = True
            self.servers.answered(self._place)

    def _endure(self) -> None:
        """Probe a silent job server; end the connection if it stays silent."""
        now = time.monotonic()
        if self._probed:
            if now - self._probed >= self._patience:
                self._give_up(f"it has been silent for {self._heartbeat:g} seconds")
        elif now - self.heard >= self._patience:
            self._probed = now
            probe = question(PacketType.ECHO_REQ, b"heartbeat")
            probe.is_forgotten = True
            self._send(self.protocol.begin(probe), None)

    def _send(self, data: bytes, deadline: float | None) -> bool:
        """Send all of it, or lose the connection; tell which.

        Raises:
            _LateError: time is up, and the connection lost.
        """
        self._left = 0
        try:
            if len(data) > _RECEIVE:
                return self._send_slowly(memoryview(data), deadline)
            sent = self._left = self._sent(data)
            return sent == len(data) or self._send_slowly(
                memoryview(data)[sent:], deadline
            )
        except OSError as error:
            why = reason(error)
            # Take in what was answered before the connection ended.
            for _ in range(_DRAUGHTS):
                if self.is_lost or not self._poll.poll(0):
                    break
                self._receive(0)
            self.lose(why)
        except BaseException:
            # Half a packet may have left, after which nothing would be understood.
            self.lose("sending was interrupted")
            raise
        return False

    def _send_slowly(self, data: memoryview, deadline: float | None) -> bool:
        """Send, and read meanwhile: a job server waits for its answers to be taken."""
        both = select.poll()
        both.register(self.socket, select.POLLIN | select.POLLOUT)
        while len(data) and not self.is_lost:
            wait = self._heartbeat
            if deadline is not None:
                wait = min(wait, deadline - time.monotonic())
                if wait <= 0:
                    self.lose("it has not taken all in time")
                    raise _LateError
            ready = both.poll(wait * 1000)
            if not ready:
                if wait >= self._heartbeat:
                    why = f"it has taken nothing for {self._heartbeat:g} seconds"
                    self._give_up(why)
            elif ready[0][1] & select.POLLOUT:
                sent = self._sent(data[:_SLICE])
                self._left += sent
                data = data[sent:]
            else:
                self._receive(0)
        return not self.is_lost

    def _sent(self, data: bytes | memoryview) -> int:
        """Send as much as there is room for; return the number of bytes."""
        try:
            return self.socket.send(data)
        except OSError as error:
            if _has_to_wait(error):
                return 0
            raise


class _LateError(Exception):
    """Time is up for sending."""


def _has_to_wait(error: OSError) -> bool:
    return isinstance(error, BlockingIOError) or type(error).__name__ in _TLS_WAITS


def _shutdown(connection: Any, how: int) -> None:
    """Shut a connection down beneath TLS."""
    if isinstance(connection, _socket.socket):
        _socket.socket.shutdown(connection, how)
    else:
        connection.shutdown(how)
