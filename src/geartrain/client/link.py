"""A blocking connection to one job server."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Sequence
from typing import Final

from geartrain.client.waiting import Waiter, ending
from geartrain.errors import ProtocolError
from geartrain.protocol.client import ClientProtocol, option_call, question
from geartrain.protocol.constants import PacketType
from geartrain.transport.connect import reason

__all__ = ["Link"]

_RECEIVE: Final = 65536
_SLICE: Final = 262144
# The names of what a TLS connection raises that has to wait: ssl is not imported
# for the sake of plain ones.
_TLS_WAITS: Final = frozenset({"SSLWantReadError", "SSLWantWriteError"})


class Link:
    """A connection whose waiters are told what arrives, as long as somebody pumps.

    Attributes:
        socket: the connection.
        is_lost: it is at its end.
    """

    def __init__(
        self, connection: socket.socket, server: str, heartbeat: float
    ) -> None:
        """Take a connected socket; ``heartbeat`` is seconds of silence endured."""
        self.socket = connection
        self.is_lost = False
        self.protocol = ClientProtocol()
        self._server = server
        self._heartbeat = heartbeat
        self._patience = heartbeat / 2
        self._heard = time.monotonic()
        self._probed = 0.0
        self._is_silent = True
        self._pending = getattr(connection, "pending", None)
        # A plain connection is read by one system call, which itself gives up in time.
        connection.setblocking(self._pending is None)
        self._timeout = 0.0
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        option = option_call(b"exceptions")
        option.is_forgotten = True
        self._send(self.protocol.begin(option))

    def is_sound(self) -> bool:
        """Tell whether the connection stands, as far as can be seen at once."""
        if not self.is_lost and self._poll.poll(0):
            self._receive(0)
        return not self.is_lost

    @property
    def has_pending(self) -> bool:
        """Tell whether TLS holds bytes that have arrived."""
        return self._pending is not None and self._pending() > 0

    def call(self, waiter: Waiter) -> None:
        """Send a waiter's call, whatever becomes of it."""
        waiter.link = self
        waiter.is_sent = False
        if self.protocol.is_idle:
            self._heard = time.monotonic()
        packet = self.protocol.begin(waiter.call)
        if self._send(packet):
            waiter.is_sent = True

    def call_all(self, waiters: Sequence[Waiter]) -> None:
        """Send the calls of many at once."""
        if self.protocol.is_idle:
            self._heard = time.monotonic()
        packets = []
        for waiter in waiters:
            waiter.link = self
            waiter.is_sent = True
            packets.append(self.protocol.begin(waiter.call))
        self._send(b"".join(packets))

    def pump(self, deadline: float | None) -> None:
        """Wait until something arrives, the deadline, or a while; tell the waiters."""
        wait = self._patience
        if deadline is not None:
            wait = max(0.0, min(wait, deadline - time.monotonic()))
        self._receive(wait)

    def lose(self, why: str) -> None:
        """End the connection and tell all who wait that it is lost."""
        if self.is_lost:
            return
        self.is_lost = True
        self.socket.close()
        for call in self.protocol.lost():
            call.owner.lost(self._server, why)

    def _receive(self, wait: float) -> None:
        """Take what arrives within some seconds."""
        try:
            data = self._read(wait)
        except OSError as error:
            if _has_to_wait(error):
                self._endure()
            else:
                self.lose(ending(error, self._is_silent))
            return
        if not data:
            self.lose(ending(None, self._is_silent))
            return
        self._is_silent = False
        self._heard = time.monotonic()
        self._probed = 0.0
        try:
            events = self.protocol.receive(data)
        except ProtocolError as error:
            self.lose(str(error))
            return
        for event in events:
            event.call.owner.take(event)

    def _read(self, wait: float) -> bytes:
        """Return what arrives within some seconds; raises what tells to wait."""
        if self._pending is not None:
            if not self.has_pending and not self._poll.poll(wait * 1000):
                raise BlockingIOError
            return self.socket.recv(_RECEIVE)
        if wait <= 0:
            return self.socket.recv(_RECEIVE, socket.MSG_DONTWAIT)
        if wait != self._timeout:
            self._timeout = wait
            microseconds = max(1, int(wait * 1_000_000))
            limit = struct.pack("ll", *divmod(microseconds, 1_000_000))
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        return self.socket.recv(_RECEIVE)

    def _endure(self) -> None:
        """Ask a silent job server for a sign of life; give up one that gives none."""
        now = time.monotonic()
        if self._probed:
            if now - self._probed >= self._patience:
                self.lose(f"it has been silent for {self._heartbeat:g} seconds")
        elif now - self._heard >= self._patience:
            self._probed = now
            probe = question(PacketType.ECHO_REQ, b"heartbeat")
            probe.is_forgotten = True
            self._send(self.protocol.begin(probe))

    def _send(self, data: bytes) -> bool:
        """Send all of it, or lose the connection; tell which."""
        try:
            if len(data) > _RECEIVE:
                return self._send_slowly(memoryview(data))
            sent = self._sent(data)
            return sent == len(data) or self._send_slowly(memoryview(data)[sent:])
        except OSError as error:
            self.lose(reason(error))
        except BaseException:
            # Half a packet may have left: what follows would not be understood.
            self.lose("sending was interrupted")
            raise
        return False

    def _send_slowly(self, data: memoryview) -> bool:
        """Send, and read meanwhile: a job server waits for its answers to be taken."""
        both = select.poll()
        both.register(self.socket, select.POLLIN | select.POLLOUT)
        while len(data) and not self.is_lost:
            ready = both.poll(self._heartbeat * 1000)
            if not ready:
                self.lose(f"it has taken nothing for {self._heartbeat:g} seconds")
            elif ready[0][1] & select.POLLOUT:
                data = data[self._sent(data[:_SLICE]) :]
            else:
                self._receive(0)
        return not self.is_lost

    def _sent(self, data: bytes | memoryview) -> int:
        """Send as much as there is room for; return the number of bytes."""
        try:
            if self._pending is not None:
                return self.socket.send(data)
            return self.socket.send(data, socket.MSG_DONTWAIT)
        except OSError as error:
            if _has_to_wait(error):
                return 0
            raise


def _has_to_wait(error: OSError) -> bool:
    return isinstance(error, BlockingIOError) or type(error).__name__ in _TLS_WAITS
