"""Keep the process within ``--max-memory``: look each turn, and refuse by degrees.

From three quarters of the limit on no job is taken (ERROR QUEUE_ERROR), so that a
quarter is left for results. Beyond the limit the newest packets under way are given up,
then the peers that leave most unread are closed, and of the results on their way one
at a time is read. That one is always taken: it frees what others wait for. It has at
most a quarter of the limit (``largest_packet``).

What is counted is an estimate: peers may share the bytes they are sent, and a transport
may hold more than it tells. So it is compared with the size of the process twenty times
a second, and counts only what has changed since. What was freed may stay with the C
library: that is given back before anything is refused.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from geartrain.engine.engine import Engine
from geartrain.engine.model.peers import Peer
from geartrain.server.machine import memory_limit, resident
from geartrain.texts import shown

__all__ = ["Guarded", "MemoryGuard", "largest_packet", "limit_of"]

_log = logging.getLogger("geartrain.server")

# The rest is for the system, its cache of files, and what is not counted here.
_SHARE = 0.75
# Seconds between two counts of what is unread, and how many times longer than the
# count that is at least: 100,000 slow peers take some milliseconds.
_COUNTED = 0.05
_PATIENCE = 20
# Seconds between two looks while memory is short.
_SHORT = 0.05
# Seconds after which packets and peers that do not go on are given up for others'
# jobs, and in which the one result that is read has to grow.
_STALLED = 5.0
# Seconds in which a peer has to read something while memory is over its limit. If it
# is by more than an eighth, that is not waited for.
_SLOW = 1.0
# Seconds between two returns of free blocks, which take some milliseconds.
_TRIMMED = 1.0
_MB = 1_000_000


class Guarded(Protocol):
    """A connection as the guard sees it."""

    transport: asyncio.Transport

    def wait_for_memory(self, is_waiting: bool) -> None:
        """Read no more, or read on."""

    def discard(self) -> None:
        """Drop the connection with all that it has not read."""


def limit_of(max_memory: int | None) -> int:
    """Return the limit in bytes that an option means; 0 is no limit.

    None is three quarters of the memory of this machine, or of its control group.
    """
    return int(memory_limit() * _SHARE) if max_memory is None else max_memory


def largest_packet(limit: int, wanted: int) -> int:
    """Return the maximum size of a workload or result under a limit; 0 is no limit."""
    return min(wanted, limit // 4) if limit else wanted


class MemoryGuard:
    """Watches over what an engine and its connections hold.

    Attributes:
        is_short: jobs are refused.
        on_more: called when there is more to send or to look up.
    """

    def __init__(
        self,
        engine: Engine,
        connections: Mapping[Peer, Guarded],
        limit: int,
        now: Callable[[], float],
    ) -> None:
        """Hold the process to ``limit`` bytes; ``now`` is the steady clock."""
        self.is_short = False
        self.on_more: Callable[[], None] = lambda: None
        self._engine = engine
        self._memory = engine.memory
        self._memory.limit_to(limit)
        self._connections = connections
        self._limit = limit
        self._now = now
        self._unread: dict[Peer, int] = {}
        self._slow_since: dict[Peer, float] = {}
        self._count_at = 0.0
        self._trim_at = 0.0
        self._short_since = 0.0
        self._waiting: dict[Peer, None] = {}
        self._progress = (0.0, 0)
        self._given_up = 0
        self._closed = 0
        self._timer: asyncio.TimerHandle | None = None
        self._trim = _trimmer()
        self._count(now())

    def look(self, now: float) -> None:
        """Refuse or give up what there is no memory for.

        To be called now and then, and at the end of a turn while jobs are refused or
        are to be.
        """
        if now >= self._count_at:
            self._count(now)
        excess = self._engine.weigh()
        if excess and now >= self._trim_at:
            # Memory that was freed but that the C library keeps is not in use.
            self._trim()
            self._count(now)
            excess = self._engine.weigh()
            self._trim_at = self._now() + _TRIMMED
        if excess:
            self._refuse(excess, now)
        elif self.is_short:
            self._relax()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count(self, now: float) -> None:
        """Count what peers have not read yet, and what else the process has."""
        before, unread = self._unread, dict[Peer, int]()
        for peer in dict.fromkeys([*before, *self._memory.take_written()]):
            connection = self._connections.get(peer)
            if connection is not None:
                size = connection.transport.get_write_buffer_size()
                if size:
                    unread[peer] = size
        self._unread = unread
        since = self._slow_since
        self._slow_since = {
            peer: since[peer] if before.get(peer, size + 1) <= size else now
            for peer, size in unread.items()
        }
        self._engine.measured(resident(), sum(unread.values()))
        ended = self._now()
        self._count_at = ended + max(_COUNTED, _PATIENCE * (ended - now))

    def _refuse(self, excess: int, now: float) -> None:
        """Refuse jobs and, if that is not enough, what holds most."""
        left = self._memory.left()
        if not self.is_short:
            self.is_short = True
            self._memory.refuse_jobs()
            self._short_since = now
            _log.warning(
                "memory is full: %d of %d MB (--max-memory): jobs are refused until"
                " there is room",
                (self._limit - left) // _MB,
                self._limit // _MB,
                extra={"action": "memory_full"},
            )
        beyond = -left
        if beyond > 0:
            beyond -= self._give_up(beyond, now)
        if beyond > 0:
            is_urgent = beyond > self._limit // 8
            beyond -= self._close_slow(beyond, now if is_urgent else now - _SLOW)
        if now - self._short_since > _STALLED:
            # Whoever neither sends on nor reads must not keep others' jobs away.
            self._short_since = now
            excess -= self._give_up(excess, now - _STALLED)
            self._close_slow(excess, now - _STALLED)
        if beyond > 0:
            self._memory.turn_peers_away()
        else:
            self._memory.refuse_jobs()
        self._order_results(beyond > 0, now)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SHORT, self._again)

    def _again(self) -> None:
        self._timer = None
        self.look(self._now())
        if self.is_short and self._memory.left() > 0:
            self._engine.page_on(is_full=True)
            self.on_more()

    def _give_up(self, size: int, until: float) -> int:
        """Give up packets that have not grown since; return the bytes this freed."""
        before = self._memory.packets
        given_up = self._engine.give_up(size, until)
        if given_up:
            self._given_up += given_up
            self._trim_at = 0.0
            self.on_more()
        return before - self._memory.packets

    def _close_slow(self, size: int, until: float) -> int:
        """Close peers that leave much unread; return the bytes this freed.

        Those that have read none of it for longest go first, and none that has since
        ``until``.
        """
        freed = closed = 0
        unread, since = self._unread, self._slow_since
        for peer in sorted(unread, key=lambda each: (since[each], -unread[each])):
            connection = self._connections.get(peer)
            if freed >= size or connection is None or since[peer] > until:
                break
            connection.discard()
            closed += 1
            freed += unread.pop(peer)
        if closed:
            _log.warning(
                "%d connections that left %d MB unread are closed: memory is full",
                closed,
                freed // _MB,
                extra={"action": "peers_too_slow"},
            )
            self._trim_at = 0.0
        self._closed += closed
        self._memory.forget_unread(freed)
        return freed

    def _order_results(self, is_over: bool, now: float) -> None:
        """Read one result at a time while memory is over its limit."""
        results = self._memory.results_under_way() if is_over else []
        later = dict.fromkeys(results[1:])
        for peer in [peer for peer in self._waiting if peer not in later]:
            self._let(peer, False)
        for peer in later:
            if peer not in self._waiting:
                self._let(peer, True)
        if later:
            self._see_progress(results[0], now)

    def _see_progress(self, peer: Peer, now: float) -> None:
        """Drop a worker that holds up others by not sending the rest of its result."""
        since, size = self._progress
        if peer.buffered != size:
            self._progress = (now, peer.buffered)
        elif now - since > _STALLED:
            self._progress = (now, 0)
            connection = self._connections.get(peer)
            if connection is not None:
                _log.warning(
                    "closing %s (%d): its result does not come, and memory is full",
                    shown(peer.address),
                    peer.descriptor,
                    extra={"action": "peer_stalled"},
                )
                connection.discard()

    def _let(self, peer: Peer, is_waiting: bool) -> None:
        if is_waiting:
            self._waiting[peer] = None
        else:
            del self._waiting[peer]
        connection = self._connections.get(peer)
        if connection is not None:
            connection.wait_for_memory(is_waiting)

    def _relax(self) -> None:
        """Take jobs again."""
        self.is_short = False
        refused = self._memory.take_jobs_again()
        self._order_results(False, 0.0)
        _log.warning(
            "memory has room again: %d submissions were refused, %d packets given up,"
            " %d connections closed",
            refused,
            self._given_up,
            self._closed,
            extra={"action": "memory_free"},
        )
        self._given_up = self._closed = 0
        self._engine.page_on(is_full=False)
        self.on_more()


def _trimmer() -> Callable[[], object]:
    """Return what gives free blocks back to the system, where the C library can."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)
