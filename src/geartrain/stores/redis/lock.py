"""The lock: which job server may write under a prefix.

It is a value that names its holder and expires after 15 s; a thread renews it. Expiry
only says that somebody else may come: until one does (``meta``'s ``owner``), the holder
goes on, also after Redis was away for long. A holder on the same machine whose process
has ended is replaced at once.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from geartrain.errors import StoreError, StoreInUseError
from geartrain.stores.holders import Holder
from geartrain.stores.redis.connection import RedisConnection
from geartrain.stores.redis.layout import KeyLayout
from geartrain.stores.redis.scripts import RELEASE, RENEW, TAKE
from geartrain.texts import visible

__all__ = ["LOCK_MILLISECONDS", "Lock"]

LOCK_MILLISECONDS: Final = 15_000
"""How long the lock is held without a sign of life."""

# Seconds between two signs of life: two of them may fail.
_RENEWAL: Final = 4.0
# Seconds between two looks at a lock that somebody on another machine holds.
_LOOK: Final = 0.25


class Lock:
    """Takes the lock, renews it, and gives it back."""

    def __init__(
        self, holder: Holder, layout: KeyLayout, connect: Callable[[], RedisConnection]
    ) -> None:
        self._holder = holder
        self._layout = layout
        self._connect = connect
        self._connection = connect()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> None:
        """Take the lock; wait for one whose holder gives no sign of life.

        Raises:
            StoreInUseError: it is held by a job server that is alive.
            StoreError: Redis does not answer.
        """
        least = LOCK_MILLISECONDS + 1
        while True:
            holder, left = self._try_to_take(b"")
            if holder and Holder.is_gone(holder):
                holder, left = self._try_to_take(holder)
            if not holder:
                break
            is_renewed = left > least
            if is_renewed or Holder.is_here(holder):
                raise StoreInUseError(
                    f"{self._holder.location}: the keys"
                    f" {visible(os.fsdecode(self._layout.prefix))}* are in use by"
                    f" another job server ({Holder.shown(holder)}): name another"
                    " ?prefix="
                )
            least = left
            time.sleep(_LOOK)
        self._ended.clear()
        self._thread = threading.Thread(target=self._renew, name="lock", daemon=True)
        self._thread.start()

    def _try_to_take(self, replaced: bytes) -> tuple[bytes, int]:
        keys = (self._layout.lock, self._layout.meta)
        values = (self._holder.packed, LOCK_MILLISECONDS, replaced)
        holder, left = self._connection.run(TAKE, keys, *values)
        return holder, left

    def _renew(self) -> None:
        keys = (self._layout.lock, self._layout.meta)
        while not self._ended.wait(_RENEWAL):
            # While Redis is away the fence alone decides.
            with contextlib.suppress(StoreError):
                self._connection.run(
                    RENEW, keys, self._holder.packed, LOCK_MILLISECONDS
                )

    def release(self) -> None:
        """Give the lock back, if it is held and Redis answers."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            with contextlib.suppress(StoreError):
                self._connection.run(RELEASE, (self._layout.lock,), self._holder.packed)
        self._connection.close()
