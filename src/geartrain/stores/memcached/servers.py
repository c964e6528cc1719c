"""Several memcached servers: asked one by one, each of them may be away."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pymemcache.client.base import Client  # type: ignore[import-untyped]
from pymemcache.exceptions import (  # type: ignore[import-untyped]
    MemcacheError,
    MemcacheUnexpectedCloseError,
)

from geartrain.errors import StoreError
from geartrain.stores.memcached.location import MemcachedLocation, shown_server

__all__ = ["AwayError", "CacheServer", "Servers"]

# Seconds. All servers are near, and each that is away costs this much once a while.
_CONNECT_TIMEOUT: Final = 2.0
_TIMEOUT: Final = 5.0
_WHILE: Final = 1.0
# Keys of one question.
_AT_ONCE: Final = 200


class AwayError(StoreError):
    """A server does not answer: another one may."""


class CacheServer:
    """One server.

    Attributes:
        name: its host and port.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.name = shown_server(address)
        self._client: Any = Client(
            address,
            connect_timeout=_CONNECT_TIMEOUT,
            timeout=_TIMEOUT,
            no_delay=True,
            default_noreply=False,
        )
        self._away_until = 0.0
        self._reason = ""

    def is_here(self) -> bool:
        """Tell whether it answers."""
        try:
            self._ask("version")
        except StoreError:
            return False
        return True

    def set(self, key: bytes, value: bytes) -> None:
        """Keep a value; raises StoreError if that is refused."""
        if not self._ask("set", key, value):
            raise StoreError(f"memcached on {self.name} does not take a value")

    def add(self, key: bytes, value: bytes, seconds: int = 0) -> bool:
        """Keep a value if there is none; return whether there was none.

        After a lost connection that may have been the one that this call kept.
        """
        return bool(self._ask("add", key, value, expire=seconds))

    def swap(self, key: bytes, value: bytes, seen: bytes, seconds: int) -> bool:
        """Replace a value that ``gets`` has seen; return False if it has changed."""
        return bool(self._ask("cas", key, value, seen, expire=seconds))

    def gets(self, key: bytes) -> tuple[bytes | None, bytes]:
        """Return a value, or None, and what ``swap`` wants to know it by."""
        value, seen = self._ask("gets", key)
        return value, seen or b""

    def get(self, key: bytes) -> bytes | None:
        """Return a value, or None."""
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return those values that there are."""
        wanted = list(keys)
        found: dict[bytes, bytes] = {}
        for at in range(0, len(wanted), _AT_ONCE):
            found |= self._ask("get_many", wanted[at : at + _AT_ONCE])
        return found

    def delete(self, keys: Iterable[bytes]) -> None:
        """Forget values, as far as it answers."""
        with contextlib.suppress(StoreError), self._store_errors():
            self._client.delete_many(list(keys), noreply=True)
            # Its answer comes when those are gone: none of them has one.
            self._client.version()

    def stats(self) -> dict[bytes, Any]:
        """Return what it tells of itself."""
        stats: dict[bytes, Any] = self._ask("stats")
        return stats

    def largest(self) -> int:
        """Return how many bytes an item may have."""
        return int(self._ask("stats", "settings")[b"item_size_max"])

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    def _ask(self, method: str, *values: Any, **options: Any) -> Any:
        """Call a method of the client, and once more over another connection.

        A server that was restarted closes the one that there is.
        """
        with self._store_errors():
            try:
                return getattr(self._client, method)(*values, **options)
            except (MemcacheUnexpectedCloseError, ConnectionError):
                self._client.close()
                return getattr(self._client, method)(*values, **options)

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise the server's errors as StoreError, and note that it is away."""
        # One that did not answer a moment ago is left alone for another.
        if time.monotonic() < self._away_until:
            raise AwayError(f"memcached on {self.name}: {self._reason}")
        try:
            yield
        except (MemcacheError, OSError) as error:
            self._client.close()
            said = str(error).removeprefix("b'").rstrip("'") or type(error).__name__
            if isinstance(error, OSError | MemcacheUnexpectedCloseError):
                self._reason = f"no answer: {getattr(error, 'strerror', '') or said}"
                self._away_until = time.monotonic() + _WHILE
                raise AwayError(f"memcached on {self.name}: {self._reason}") from error
            raise StoreError(f"memcached on {self.name}: {said}") from error


class Servers:
    """All servers of a store."""

    def __init__(self, location: MemcachedLocation) -> None:
        self.all = [CacheServer(address) for address in location.servers]

    def read(self, keys: Iterable[bytes]) -> tuple[dict[bytes, list[bytes]], list[str]]:
        """Return all values of keys on any server, and who did not answer why."""
        wanted = list(keys)
        values: dict[bytes, list[bytes]] = {}
        silent: list[str] = []
        for server in self.all:
            try:
                found = server.get_many(wanted)
            except StoreError as error:
                silent.append(str(error))
                continue
            for key, value in found.items():
                values.setdefault(key, []).append(value)
        return values, silent

    def delete(self, keys: Iterable[bytes]) -> None:
        """Forget values on all servers, as far as these answer."""
        wanted = list(keys)
        for server in self.all:
            server.delete(wanted)

    def close(self) -> None:
        """Disconnect from all."""
        for server in self.all:
            server.close()
