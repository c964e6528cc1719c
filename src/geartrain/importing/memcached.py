"""The keys of gearmand's ``libmemcached`` queue."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, cast
from urllib.parse import unquote_to_bytes

from pymemcache.client.base import Client  # type: ignore[import-untyped]
from pymemcache.exceptions import MemcacheError  # type: ignore[import-untyped]

from geartrain.errors import OptionError, StoreError
from geartrain.importing.keys import split_key
from geartrain.importing.locations import Location
from geartrain.importing.records import (
    QueuedJob,
    Source,
    Unreadable,
    queued_job,
)
from geartrain.stores.urls import DatabaseServer, server_of
from geartrain.texts import quoted

__all__ = ["MemcachedSource", "open_source"]


class _Flagged:
    """Returns a value with its flags, in which gearmand keeps the priority."""

    def serialize(self, key: bytes, value: bytes) -> tuple[bytes, int]:
        """Return a value as it is."""
        return value, 0

    def deserialize(self, key: bytes, value: bytes, flags: int) -> tuple[bytes, int]:
        """Return a value and its flags."""
        return value, flags


def open_source(location: Location) -> Source:
    """Open the server, or servers, of a ``memcached://`` URL: ``host1,host2``.

    Raises:
        OptionError: the URL cannot be read.
        StoreError: the server does not answer.
    """
    scheme, _, names = location.url.partition("://")
    servers = [server_of(f"{scheme}://{name}", 11211) for name in names.split(",")]
    if any(server.database or server.user for server in servers):
        raise OptionError("memcached has no users or databases: memcached://host:port")
    prefix = "gear_" if location.prefix is None else location.prefix
    if len(servers) == 1:
        return MemcachedSource(servers[0], prefix.encode(), location.functions)
    return _SeveralSources(
        [MemcachedSource(each, prefix.encode(), location.functions) for each in servers]
    )


class _SeveralSources:
    """The keys of several servers, one after the other."""

    def __init__(self, sources: Sequence[MemcachedSource]) -> None:
        self._sources = sources

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each key of each server as a job."""
        for source in self._sources:
            yield from source.jobs()

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete keys on whichever server has them."""
        for source in self._sources:
            source.delete(jobs)

    def close(self) -> None:
        """Disconnect."""
        for source in self._sources:
            source.close()


class MemcachedSource:
    """The keys ``<prefix><function>-<unique>`` of one server."""

    def __init__(
        self, server: DatabaseServer, prefix: bytes, functions: tuple[str, ...]
    ) -> None:
        self._server = server
        self._prefix = prefix
        self._functions = [name.encode() for name in functions]
        self._client = Client(
            (server.host, server.port),
            serde=_Flagged(),
            connect_timeout=10,
            timeout=60,
            no_delay=True,
        )
        with self._store_errors():
            self._client.version()

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each key as a job; the keys are listed in a file first.

        A server stops listing for a client that does not keep up.
        """
        with tempfile.TemporaryFile() as listing:
            with self._store_errors():
                self._list(listing)
            listing.seek(0)
            for line in listing:
                key = unquote_to_bytes(line.split()[0].removeprefix(b"key="))
                job = self._job(key) if key.startswith(self._prefix) else None
                if job is not None:
                    yield job

    def _list(self, listing: IO[bytes]) -> None:
        address = (self._server.host, self._server.port)
        with (
            socket.create_connection(address, 60) as connection,
            connection.makefile("rb") as answers,
        ):
            connection.sendall(b"lru_crawler metadump all\r\n")
            for line in answers:
                if line.rstrip() == b"END":
                    return
                if not line.startswith(b"key="):
                    answer = line.decode("ascii", "replace").strip()
                    raise MemcacheError(f"it does not list its keys: {answer}")
                listing.write(line)
            raise MemcacheError(
                "it closed the connection before it had listed all keys"
            )

    def _job(self, key: bytes) -> QueuedJob | Unreadable | None:
        """Read a key; None if it has gone."""
        with self._store_errors():
            found = cast("tuple[bytes, int] | None", self._client.get(key))
        if found is None:
            return None
        origin = f"key {quoted(key)}"
        rest = key.removeprefix(self._prefix)
        parts = split_key(rest, self._functions, origin)
        if isinstance(parts, Unreadable):
            return parts
        function, unique = parts
        data, flags = found
        return queued_job(
            (unique, function, flags, data, 0), origin=origin, identity=key, key=key
        )

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete keys."""
        with self._store_errors():
            self._client.delete_many([cast(bytes, job.key) for job in jobs])

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise the server's errors as StoreError."""
        try:
            yield
        except (MemcacheError, OSError) as error:
            raise StoreError(f"memcached on {self._server}: {error}") from None
