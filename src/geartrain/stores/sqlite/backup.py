"""An online backup: a copy of the file that a job server goes on using.

SQLite copies a few pages at a time between two commits, from the connection that the
commits are made on: what these change is changed in the copy, too. So the copy is what
the file was at its end, and a commit waits for a few milliseconds at most.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from contextlib import suppress
from typing import Final

from geartrain.engine.model.health import Health
from geartrain.errors import StoreError
from geartrain.stores.sqlite.file import ERRORS, explain, sync_folder
from geartrain.stores.sqlite.meta import write_in_use

__all__ = ["Backup"]

# Pages of 4 KiB that are copied in a step, and seconds between two steps.
_PAGES: Final = 256
_PAUSE: Final = 0.002
# Room that is left on the disk for jobs to come.
_RESERVE: Final = 64 * 1024 * 1024


class _StoppedError(Exception):
    """The store is being closed."""


class Backup:
    """One copy of an open store's file, made by a thread."""

    def __init__(
        self, connection: sqlite3.Connection, path: str, size: int, health: Health
    ) -> None:
        """Prepare to copy the file ``path`` of ``size`` bytes; tell ``health``."""
        self._connection = connection
        self._path = path
        self._size = size
        self._health = health
        self._is_over = threading.Event()
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self._target = f"{path}.backup-{when}"
        self._thread = threading.Thread(target=self._run, name="backup", daemon=True)

    def start(self) -> None:
        """Copy from now on; ``Health.backup`` tells how it is."""
        self._health.tell_backup("running", self._target, "")
        self._thread.start()

    def stop(self) -> None:
        """Copy no further; return when nothing is left of it."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._check_room()
            self._copy(f"{self._target}.part")
        except _StoppedError:
            self._fail("the job server stopped")
        except StoreError as error:
            self._fail(str(error))
        except ERRORS as error:
            self._fail(str(explain(self._target, error)))
        except OSError as error:
            self._fail(error.strerror or str(error))
        else:
            self._health.tell_backup("done", self._target, "")

    def _fail(self, reason: str) -> None:
        with suppress(OSError):
            os.unlink(f"{self._target}.part")
        self._health.tell_backup("failed", self._target, reason)

    def _check_room(self) -> None:
        free = shutil.disk_usage(os.path.dirname(self._path)).free
        needed = self._size + _RESERVE
        if free < needed:
            raise StoreError(
                f"a copy needs {needed >> 20} MiB and the disk has {free >> 20} MiB:"
                " make room"
            )

    def _copy(self, part: str) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        os.close(os.open(part, flags, 0o600))
        target = sqlite3.connect(part, isolation_level=None, check_same_thread=False)
        try:
            # It is no store until it has its name: nothing need be durable before.
            target.execute("PRAGMA synchronous = OFF")
            target.execute("PRAGMA journal_mode = OFF").fetchall()
            self._connection.backup(
                target, pages=_PAGES, progress=self._look, sleep=_PAUSE
            )
            # As of a store that was closed in order: the copy has no log to miss.
            write_in_use(target, False)
        finally:
            target.close()
        _sync(part)
        os.rename(part, self._target)
        sync_folder(os.path.dirname(self._target))

    def _look(self, *_: int) -> None:
        """Go on after a pause in which a commit may begin, unless told to stop."""
        if self._is_over.wait(_PAUSE):
            raise _StoppedError


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
