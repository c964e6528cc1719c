"""The memcached store: jobs in memory, and a log of their batches in a cache.

It is a cache: memcached keeps nothing on a disk, forgets everything when it stops, and
what it has no room for. What the log gives is a job server that can be restarted, and
killed, while the cache lives. What was lost is counted and said. While this process
lives nothing is lost: it has all jobs, and writes them anew where the cache has
forgotten some.

The log is replayed at the start. Once it is longer than what is kept, a checkpoint
takes its place.
"""

from __future__ import annotations

import time
from typing import Any, Final

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.health import Health
from geartrain.errors import OptionError, StoreError, StoreInUseError
from geartrain.stores.batch_packing import pack_batch, unpack_batch
from geartrain.stores.memcached.location import memcached_of, shown_server
from geartrain.stores.memcached.lock import Lock
from geartrain.stores.memcached.log import Log, Replay
from geartrain.stores.memcached.servers import AwayError, CacheServer, Servers
from geartrain.stores.memory import MemoryStore

__all__ = ["MemcachedStore", "look_at"]

# A log of fewer bytes is not worth a checkpoint; one that is longer than this many
# times what a checkpoint of it had is.
_LEAST_SIZE: Final = 1_000_000
_GROWTH: Final = 2
# Nor is it to be more batches: reading 10,000 takes about a second.
_MOST_BATCHES: Final = 10_000
# Seconds between two checkpoints because the cache forgets: each is all that is kept.
_PAUSE: Final = 60.0

_IN_FORCE: Final = "memory: memcached is a cache, and may forget jobs at any time"


class MemcachedStore(MemoryStore):
    """Background jobs in memory, with a log in memcached servers."""

    def __init__(self, location: str, durability: str) -> None:
        """Keep a log in the servers of a name.

        Args:
            location: as ``check_memcached`` returns it.
            durability: ``memory``; a cache has no other.

        Raises:
            OptionError: the name cannot be read, or the durability is another.
        """
        super().__init__()
        check_durability(durability)
        self._location = memcached_of(location)
        self._servers = Servers(self._location)
        self._lock: Lock | None = None
        self._log: Log | None = None
        # The bytes of the last checkpoint, and when it was written.
        self._checkpoint_size = 0
        self._checkpoint_at = -_PAUSE
        # For each server, when it was started and how much it has evicted.
        self._seen: dict[str, tuple[int, int]] = {}
        self._is_forgetful = False

    def open(self) -> Inventory:
        """Connect, take the lock, and replay the log.

        Raises:
            StoreError: no server answers, or the prefix is in use by another job
                server.
        """
        if self._is_open:
            raise StoreInUseError(f"{self._location} is in use by another job server")
        lock = Lock(self._location)
        lock.take()
        log = Log(self._servers, lock, self._location.prefix)
        try:
            found = log.read()
            self._forget_all()
            self._is_open = True
            self._replay(found)
        except StoreError:
            self._is_open = False
            lock.release()
            raise
        self._lock, self._log = lock, log
        self._checkpoint_size = len(found.checkpoint)
        self._look_for_losses()
        return self._inventory()

    def _replay(self, found: Replay) -> None:
        unreadable = 0
        if found.checkpoint:
            unreadable += self._apply(found.checkpoint)
        for _, data in sorted(found.batches.items()):
            unreadable += self._apply(data)
        lost = len(found.missing) + unreadable
        said: list[str] = list(found.silent)
        if found.has_lost_checkpoint:
            said.append(
                f"{self._location} has lost its checkpoint: all jobs of before it are"
                " lost"
            )
        if lost:
            said.append(
                f"{lost} of {len(found.batches) + len(found.missing)} batches are"
                f" missing in {self._location}: jobs that came with them are lost, and"
                " jobs whose ends were in them run again"
            )
        self.problems += tuple(said)

    def _apply(self, data: bytes) -> int:
        """Apply the batches in some bytes; return how many could not be."""
        try:
            super().commit(unpack_batch(1, data))
        except (StoreError, ValueError):
            return 1
        return 0

    def commit(self, batch: Batch) -> None:
        """Write a batch to the log, and apply it.

        Raises:
            StoreError: it was not written, with the reason; a later commit may succeed.
        """
        log = self._opened()
        log.write(pack_batch(batch, self.admit(batch)))
        super().commit(batch)
        grown = log.size > max(_LEAST_SIZE, _GROWTH * self._checkpoint_size)
        if grown or log.length >= _MOST_BATCHES:
            self._write_checkpoint(log)

    def _write_checkpoint(self, log: Log) -> None:
        """Write all that is kept in place of the log; a failure is told of."""
        data = b"".join(pack_batch(each, each.added) for each in self.snapshot())
        self._checkpoint_at = time.monotonic()
        try:
            log.write_checkpoint(data)
        except StoreError as error:
            # The next attempt comes when the log has doubled.
            self._checkpoint_size = max(len(data), log.size)
            self.problems += (f"a checkpoint failed: {error}",)
            return
        self._checkpoint_size = len(data)
        self._is_forgetful = False

    def probe(self, health: Health) -> None:
        """Check that a server answers, and that they have forgotten nothing.

        Raises:
            StoreError: none answers, or another job server has taken over.
        """
        log = self._opened()
        health.location = self._location.shown()
        health.durability = _IN_FORCE
        health.size, health.free = self._look_for_losses()
        self._check_lock()
        is_due = time.monotonic() - self._checkpoint_at >= _PAUSE
        if self._is_forgetful and is_due:
            self._write_checkpoint(log)

    def _check_lock(self) -> None:
        assert self._lock is not None
        reason: StoreError | None = None
        for server in self._servers.all:
            try:
                self._lock.check(server)
                return
            except AwayError as error:
                reason = error
        assert reason is not None
        raise reason

    def _look_for_losses(self) -> tuple[int, int]:
        """Notice what servers forgot; return the bytes they have and can still have."""
        size = free = 0
        for server in self._servers.all:
            try:
                stats = server.stats()
            except StoreError as error:
                self._note_away(server, error)
                continue
            size += _count(stats, b"bytes")
            free += _count(stats, b"limit_maxbytes") - _count(stats, b"bytes")
            self._compare(server, stats)
        return size, max(free, 0)

    def _note_away(self, server: CacheServer, error: StoreError) -> None:
        """Say, once, that a server has gone, and write anew what it had."""
        if self._seen.pop(server.name, None) is not None:
            self._is_forgetful = True
            self.problems += (
                f"{error}: the batches that it had are out of reach; all that is kept"
                " is written anew to the others",
            )

    def _compare(self, server: CacheServer, stats: dict[bytes, Any]) -> None:
        started = _count(stats, b"time") - _count(stats, b"uptime")
        evictions = _count(stats, b"evictions")
        before = self._seen.get(server.name)
        self._seen[server.name] = (started, evictions)
        if before is None:
            return
        # Both clocks are read in seconds.
        if abs(started - before[0]) > 2 or evictions < before[1]:
            self._is_forgetful = True
            self.problems += (
                f"memcached on {server.name} was restarted and has forgotten all that"
                " it had; all that is kept is written anew",
            )
        elif evictions > before[1]:
            self._is_forgetful = True
            self.problems += (
                f"memcached on {server.name} has evicted {evictions - before[1]} items"
                " for want of room, jobs perhaps among them; all that is kept is"
                " written anew: give it more memory (-m)",
            )

    def close(self) -> None:
        """Give the lock back and disconnect; closing it twice does nothing."""
        self._is_open = False
        self._log = None
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
        self._servers.close()

    def _opened(self) -> Log:
        if self._log is None:
            raise StoreError(f"the store on {self._location} is not open")
        return self._log


def check_durability(durability: str) -> None:
    """Check that a durability is one that a cache has.

    Raises:
        OptionError: it is not; the message says what to do.
    """
    if durability != "memory":
        raise OptionError(
            f"--durability {durability}: memcached is a cache, which keeps nothing on a"
            " disk and may forget jobs at any time: start with --durability memory, or"
            " name another store"
        )


def look_at(location: str, durability: str) -> str:
    """Return a sentence on the servers of a store; it may be in use.

    Raises:
        OptionError: the name cannot be read, or the durability is another.
        StoreError: a server does not answer.
    """
    check_durability(durability)
    found = memcached_of(location)
    servers = Servers(found)
    try:
        evictions = [_count(each.stats(), b"evictions") for each in servers.all]
    finally:
        servers.close()
    names = ", ".join(map(shown_server, found.servers))
    return f"memcached on {names} answers; {sum(evictions)} evictions; {_IN_FORCE}"


def _count(stats: dict[bytes, Any], name: bytes) -> int:
    return int(stats.get(name, 0))
