"""One peer's connection to the job server, as the event loop sees it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from geartrain.engine.dispatch.turns import LIGHT, WAIT
from geartrain.engine.model.peers import MOST_UNREAD
from geartrain.transport.progress import WriteProgress

if TYPE_CHECKING:
    from geartrain.server.driver import Driver

__all__ = ["Connection", "Writer", "discard"]

Writer = Callable[[list[bytes]], object]
"""What sends pieces of bytes to a peer."""

_log = logging.getLogger("geartrain.server")

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
# Seconds from one look at a node that is not read from to the next.
_WATCHED = 1.0


def discard(pieces: list[bytes]) -> None:
    """Drop what the engine answers: the connection is about to close."""


class Connection(asyncio.Protocol):
    """One peer's transport.

    Attributes:
        is_kept_waiting: the store has not yet answered it, or cannot keep up with it.
        is_confined: its peer may only look, and change nothing by text commands.
    """

    is_confined = False

    def __init__(self, driver: Driver, is_trusted: bool) -> None:
        self._driver = driver
        self._is_trusted = is_trusted
        self.is_kept_waiting = False
        self._is_short_of_memory = False
        self._is_congested = False
        self._is_watched = False
        self._is_leaving = False
        self._largest = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the peer to the engine."""
        # uvloop's transports are Transports in all but name.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=MOST_UNREAD)
        # There is none where both ends are in this process.
        self._socket = transport.get_extra_info("socket")
        self._is_tcp = self._socket is not None and (
            self._socket.family != socket.AF_UNIX
        )
        self.peer = self._driver.introduce(self, self._is_trusted)
        self.peer.is_confined = self.is_confined
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
        """Acknowledge at once: a sender with a small buffer waits for it."""
        if self._is_tcp:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _let_others_read(self) -> None:
        """Read no more this turn: uvloop would 31 times before it serves others."""
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
            or self._is_leaving
            or self._driver.is_stopping
            or self.transport.is_closing()
        ):
            self.transport.resume_reading()

    def read_no_more(self) -> None:
        """Let the peer have what is due to it, and take nothing new."""
        self._is_leaving = True
        self.transport.pause_reading()

    def pause_writing(self) -> None:
        """Read no more from a peer that does not read its answers, and produce none."""
        self._driver.engine.congest(self.peer)
        self.transport.pause_reading()
        self._is_congested = True
        self._largest = self.transport.get_write_buffer_size()
        self._driver.writers[self.peer] = self._write_to_slow
        self._begin_watch()

    def _begin_watch(self) -> None:
        """Watch a node that is not read from for a while."""
        if self.peer.node is not None and not self._is_watched:
            self._is_watched = True
            self._watch(WriteProgress(self.transport))

    def _watch(self, progress: WriteProgress) -> None:
        """Know a node for alive that takes what it is sent, or waits for memory."""
        if progress.has_gone_on() or self._is_short_of_memory:
            self.peer.heard = self._driver.monotonic()
        self._is_watched = self._is_congested or self._is_short_of_memory
        if self._is_watched:
            self._driver.call_later(_WATCHED, self._watch, progress)

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
        self._driver.writers[self.peer] = discard
        self.transport.abort()

    def wait_for_memory(self, is_waiting: bool) -> None:
        """Read no more of a large result, or read on."""
        self._is_short_of_memory = is_waiting
        if is_waiting:
            self.transport.pause_reading()
            self._begin_watch()
        else:
            self.read_on()

    def discard(self) -> None:
        """Drop the connection with all that it has not read."""
        self.discard_answers()
        self.transport.abort()

    def discard_answers(self) -> None:
        """Send the peer nothing more of what the engine answers."""
        self._driver.writers[self.peer] = discard

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the engine that the peer left."""
        self._driver.dismiss(self)
