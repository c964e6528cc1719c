"""The lock: a value on each server that expires after 15 s; a thread renews it."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Final

from geartrain.errors import StoreError, StoreInUseError
from geartrain.stores.holders import Holder
from geartrain.stores.memcached.location import MemcachedLocation
from geartrain.stores.memcached.servers import CacheServer, Servers

__all__ = ["Lock"]

_SECONDS: Final = 15
# Seconds between two signs of life.
_RENEWAL: Final = 4.0
# Seconds between two looks at a lock that somebody on another machine holds.
_LOOK: Final = 0.5


class Lock:
    """Takes the lock on all servers that answer, renews it, and gives it back."""

    def __init__(self, location: MemcachedLocation) -> None:
        self.holder = Holder(str(location))
        self.key = location.prefix + b".lock"
        self._prefix = location.prefix.decode()
        # Its own connections: it is renewed while a batch is written.
        self._servers = Servers(location)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> None:
        """Take the lock; wait for one whose holder gives no sign of life.

        Raises:
            StoreError: it is held by a job server that is alive, or no server answers.
        """
        taken = 0
        reason = ""
        for server in self._servers.all:
            try:
                self._take_on(server)
                taken += 1
            except _HeldError:
                self.release()
                raise
            except StoreError as error:
                reason = str(error)
        if not taken:
            self.release()
            raise StoreError(reason)
        self._ended.clear()
        self._thread = threading.Thread(target=self._renew, name="lock", daemon=True)
        self._thread.start()

    def _take_on(self, server: CacheServer) -> None:
        until = time.monotonic() + _SECONDS + 1
        first: bytes | None = None
        while not server.add(self.key, self.holder.packed, _SECONDS):
            held, seen = server.gets(self.key)
            if held is None:
                continue
            if Holder.is_gone(_name(held)):
                server.swap(self.key, self.holder.packed, seen, 1)
                server.delete([self.key])
                continue
            first = first or held
            is_late = time.monotonic() > until
            if Holder.is_here(_name(held)) or held != first or is_late:
                raise _HeldError(
                    f"memcached on {server.name}: the keys {self._prefix}.* are in use"
                    f" by another job server ({Holder.shown(_name(held))}): name"
                    " another prefix"
                )
            time.sleep(_LOOK)

    def check(self, server: CacheServer) -> None:
        """Check that nobody else has the lock on a server.

        Raises:
            StoreError: somebody has, or the server does not answer.
        """
        held = server.get(self.key)
        if held is not None and _name(held) != self.holder.packed:
            raise StoreError(
                f"memcached on {server.name}: another job server has taken over this"
                f" prefix ({Holder.shown(_name(held))}): restart this one with a prefix"
                " of its own"
            )

    def _renew(self) -> None:
        sign = 0
        while not self._ended.wait(_RENEWAL):
            sign += 1
            for server in self._servers.all:
                with contextlib.suppress(StoreError):
                    self._renew_on(server, sign)

    def _renew_on(self, server: CacheServer, sign: int) -> None:
        # Each sign of life is another value, so that others see it.
        packed = b"%s %d" % (self.holder.packed, sign)
        held, seen = server.gets(self.key)
        if held is None:
            server.add(self.key, packed, _SECONDS)
        elif _name(held) == self.holder.packed:
            server.swap(self.key, packed, seen, _SECONDS)

    def release(self) -> None:
        """Give the lock back, where it is held and the server answers."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for server in self._servers.all:
            with contextlib.suppress(StoreError):
                held = server.get(self.key)
                if held is not None and _name(held) == self.holder.packed:
                    server.delete([self.key])
        self._servers.close()


class _HeldError(StoreInUseError):
    """Somebody else holds the lock."""


def _name(held: bytes) -> bytes:
    """Return the holder in a value of the lock."""
    return held[: held.rindex(b"}") + 1] if b"}" in held else held
