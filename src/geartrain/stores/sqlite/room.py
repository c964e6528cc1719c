"""The room that a SQLite store has on its disk, and what it keeps back there.

A store that has filled its disk with jobs must still be able to say that they have
ended, or all of them run again after a restart. So new jobs are refused while some room
is left (the margin); and a file of the same size, the reserve, lies beside the store
and is given up when something else has filled the disk.

What is to be written takes room twice: in the write-ahead log, and then in the database
where its free pages do not suffice. A page that is in the log alone takes its room in
the database with the next checkpoint.
"""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from geartrain.engine.batches import Batch
from geartrain.engine.records import Burial
from geartrain.errors import StoreError
from geartrain.texts import visible

__all__ = ["DiskRoom", "NoRoomError", "ending", "parts"]

# Bytes of the margin, and of the reserve: enough for a checkpoint of a log of the usual
# size, 4 MB, and for the ends of a thousand jobs on a page each.
_MARGIN: Final = 8 * 1024 * 1024
# On a small disk, this part of it.
_PART: Final = 8
# With this many bytes free and no large jobs, nothing else is looked at.
_PLENTY: Final = 256 * 1024 * 1024
# Seconds until the next look at the disk after one that found plenty: no disk fills
# that fast. A batch of more bytes than the second number looks all the same.
_AMPLE: Final = 0.1
_MODEST: Final = 16 * 1024 * 1024
# Estimate of the bytes that a batch takes beside its workloads.
_BATCH: Final = 1024 * 1024
_PAGE: Final = 4096

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class NoRoomError(StoreError):
    """New jobs do not fit.

    Attributes:
        most: the bytes of workloads that would fit; None if no new job may be added.
    """

    def __init__(self, reason: str, most: int | None = None) -> None:
        super().__init__(reason)
        self.most = most


class DiskRoom:
    """The room of one open store.

    Attributes:
        is_short: new jobs were refused, and have not been taken since.
        has_emptied_log: the log may have been cut.
    """

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        """Look after the room for the file ``path``, which is no link."""
        self.is_short = False
        self.has_emptied_log = False
        self._path = path
        self._folder = os.path.dirname(path)
        self._log = f"{path}-wal"
        self._reserve = f"{path}-reserve"
        self._connection = connection
        self._has_reserve = False
        self._margin = _MARGIN
        self._ample_until = 0.0

    def keep_reserve(self) -> bool:
        """Make the reserve if there is none; return whether there is room for it."""
        if self._has_reserve:
            return True
        try:
            usage = os.statvfs(self._folder)
            self._margin = min(_MARGIN, usage.f_blocks * usage.f_frsize // _PART)
            # The size of one that a killed server left behind is unknown.
            with suppress(FileNotFoundError):
                os.unlink(self._reserve)
            if _free(usage) < 2 * self._margin:
                return False
            self._allocate()
        except OSError as error:
            if error.errno in _NO_ROOM:
                return False
                # On a file system that cannot reserve room the store does without.
        self._has_reserve = True
        return True

    def _allocate(self) -> None:
        descriptor = os.open(self._reserve, _CREATE, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._margin)
        except OSError:
            os.unlink(self._reserve)
            raise
        finally:
            os.close(descriptor)

    def give_up_reserve(self) -> None:
        """Give the reserve back to the disk."""
        if self._has_reserve:
            self._has_reserve = False
            with suppress(OSError):
                os.unlink(self._reserve)

    def size(self) -> int:
        """Return the bytes of the file and its log."""
        return _size(self._path) + _size(self._log)

    def free(self) -> int | None:
        """Return the bytes that are free for them, None if that cannot be told."""
        try:
            free = _free(os.statvfs(self._folder))
        except OSError:
            return None
        return max(0, min(free, _limit() - _size(self._path)))

    def check(self, size: int) -> None:
        """Check that new jobs with workloads of ``size`` bytes fit beside the margin.

        Raises:
            NoRoomError: they do not.
            StoreError: nothing can be written.
        """
        now = time.monotonic()
        if now < self._ample_until and size < _MODEST:
            return
        try:
            usage = os.statvfs(self._folder)
        except OSError:
            # ``presence`` reports a folder that has gone.
            return
        if usage.f_flag & os.ST_RDONLY:
            raise StoreError(
                f"the store {visible(self._path)} is on a file system that may only be "
                "read now: look for errors of its disk in the system's log, and mount "
                "it anew"
            )
        free, limit = _free(usage), _limit() - _size(self._path)
        is_ample = min(free, limit) > _PLENTY + 4 * size
        if is_ample and self._has_reserve and not self.is_short:
            self._ample_until = now + _AMPLE
            return
        self._ample_until = 0.0
        if not self._has_reserve:
            # The log may have what the reserve takes.
            self.empty_log()
        has_reserve = self.keep_reserve()
        if has_reserve and self._fits(size):
            self.is_short = False
            return
        if size > _BATCH and has_reserve and self._fits(0):
            self.is_short = False
            raise NoRoomError(self.refusal("new jobs", size), self._most(size))
        self.is_short = True
        raise NoRoomError(self.refusal("new jobs", size))

    def refusal(self, what: str, size: int) -> str:
        """Return why ``what``, with workloads of ``size`` bytes, is refused."""
        reserve = self._margin if self._has_reserve else 0
        return (
            f"the store {visible(self._path)} has no room for {what}: with the log "
            f"{self._needed(size)} bytes have to be free, of which {self._margin} are "
            f"for the ends of jobs, and {self.free() or 0} are, beside a reserve of "
            f"{reserve}: free some space, or wait for jobs to end"
        )

    def _most(self, size: int) -> int:
        """Return how many bytes of workloads fit, less than ``size``."""
        low, high = 0, size
        while high - low > _PAGE:
            middle = (low + high) // 2
            if self._fits(middle):
                low = middle
            else:
                high = middle
        return low

    def _needed(self, size: int) -> int:
        """Return how many bytes must be free for workloads of ``size`` bytes."""
        pages, unused = self._pages()
        return (
            self._margin
            + self._growth(size, unused)
            + max(0, pages - _size(self._path))
        )

    def _growth(self, size: int, unused: int) -> int:
        """Return the bytes that the log and the database grow by.

        Once short, twice as much must be free before new jobs are accepted again.
        Otherwise a full store would refuse and accept by turns.
        """
        written = 2 * size + _BATCH
        return written + max(0, written * (1 + self.is_short) - unused)

    def _fits(self, size: int) -> bool:
        """Tell whether workloads of ``size`` bytes fit, in the log and the database."""
        pages, unused = self._pages()
        limit = _limit()
        most = limit - min(self._margin, limit // _PART)
        if size and pages + 2 * size - unused > most:
            return False
        pending = max(0, pages - _size(self._path))
        needed = self._margin + self._growth(size, unused)
        free = _free(os.statvfs(self._folder))
        if needed + pending <= free:
            return True
        if needed + pending > free + _size(self._log):
            return False
        self.empty_log()
        return needed <= _free(os.statvfs(self._folder))

    def _pages(self) -> tuple[int, int]:
        """Return the bytes of all pages, and of the unused ones."""
        counts: list[int] = []
        for pragma in ("page_count", "freelist_count"):
            row = self._connection.execute(f"PRAGMA {pragma}").fetchone()
            counts.append(row[0] * _PAGE)
        return counts[0], counts[1]

    def empty_log(self) -> None:
        """Bring the log into the database and cut it off, as far as there is room."""
        self.has_emptied_log = True
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _free(usage: os.statvfs_result) -> int:
    # Root may use what is kept back from others.
    blocks = usage.f_bavail if os.geteuid() else usage.f_bfree
    return blocks * usage.f_frsize


def _limit() -> int:
    """Return the size that a file of this process can have."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


_Item = TypeVar("_Item")

# Jobs per part. With its entry in an index each may take two pages: 1 MB in all.
_MOST: Final = 128
# Bytes of its worker's error that a dead letter keeps where there is no room.
_MOST_ERROR: Final = 200


def parts(batch: Batch) -> Iterator[Batch]:
    """Cut a batch without new jobs into batches that need little room each.

    The errors of jobs that become dead letters are cut to 200 bytes.
    """
    first = Batch(batch.serial)
    first.reserved = batch.reserved
    first.unscheduled = batch.unscheduled
    first.expired_until = batch.expired_until
    if not first.changes_nothing():
        yield first
    for entries in _chunks([*batch.entries.items()]):
        part = Batch(batch.serial)
        part.entries = dict(entries)
        yield part
    for numbers in _chunks([*batch.ended]):
        yield ending(numbers)
    for revived in _chunks(batch.revived):
        part = Batch(batch.serial)
        part.revived = revived
        yield part
    for changed in _chunks(batch.changed):
        part = Batch(batch.serial)
        part.changed = changed
        yield part
    for moved in _chunks([*batch.moved.items()]):
        part = Batch(batch.serial)
        part.moved = dict(moved)
        yield part
    for buried in _chunks(batch.buried):
        part = Batch(batch.serial)
        part.buried = [_shortened(burial) for burial in buried]
        yield part


def ending(numbers: Iterable[int]) -> Batch:
    """Return a batch that ends jobs and does nothing else."""
    batch = Batch(0)
    batch.ended = dict.fromkeys(numbers)
    return batch


def _shortened(burial: Burial) -> Burial:
    failures = burial.failures.copy()
    failures.error = failures.error[:_MOST_ERROR]
    return Burial(burial.number, burial.died, failures)


def _chunks(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _MOST):
        yield list(items[start : start + _MOST])
