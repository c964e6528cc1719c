"""The keys of gearmand's ``redis`` queue."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from geartrain.errors import OptionError, StoreError
from geartrain.importing.keys import split_key
from geartrain.importing.locations import Location
from geartrain.importing.records import CHUNK, QueuedJob, Unreadable, queued_job
from geartrain.stores.urls import DatabaseServer, server_of
from geartrain.texts import quoted

__all__ = ["RedisSource", "open_source"]

_GLOB = re.compile(rb"([*?\[\]\\])")


def open_source(location: Location) -> RedisSource:
    """Open the database of a ``redis://`` URL.

    Raises:
        OptionError: the URL cannot be read.
        StoreError: the server does not answer, or refuses the login.
    """
    server = server_of(location.url, 6379)
    if server.database and not server.database.isdecimal():
        raise OptionError(f"{server.database!r} is no Redis database: use its number")
    prefix = "_gear_" if location.prefix is None else location.prefix
    return RedisSource(server, prefix.encode(), location.functions)


class RedisSource:
    """The keys ``<prefix>-<function>-<unique>`` of one database."""

    def __init__(
        self, server: DatabaseServer, prefix: bytes, functions: tuple[str, ...]
    ) -> None:
        self._server = server
        self._prefix = prefix + b"-"
        self._functions = [name.encode() for name in functions]
        self._client = redis.Redis(
            host=server.host,
            port=server.port,
            db=int(server.database or 0),
            username=server.user or None,
            password=server.password or None,
            # Older servers know no other, and its errors are plainer.
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=10,
            socket_timeout=60,
        )
        with self._store_errors():
            self._client.ping()

    def jobs(self) -> Iterator[QueuedJob | Unreadable]:
        """Yield each key as a job.

        A scan may return a key twice: the second job coalesces with the first.
        """
        pattern = _GLOB.sub(rb"\\\1", self._prefix) + b"*"
        cursor = 0
        while True:
            with self._store_errors():
                cursor, keys = cast(
                    tuple[int, list[bytes]],
                    self._client.scan(cursor, match=pattern, count=CHUNK),
                )
                found = list(self._read(keys))
            yield from found
            if not cursor:
                return

    def _read(self, keys: Sequence[bytes]) -> Iterator[QueuedJob | Unreadable]:
        kinds = self._types(keys)
        for key, kind in zip(keys, kinds, strict=True):
            if kind == b"hash":
                fields = cast(dict[bytes, bytes], self._client.hgetall(key))
            elif kind == b"string":
                # gearmand wrote these up to 1.1.15, without a priority.
                value = cast("bytes | None", self._client.get(key))
                fields = {} if value is None else {b"data": value}
            else:
                yield Unreadable(
                    origin=f"key {quoted(key)}",
                    reason="it is neither a hash nor a string, as a job would be",
                )
                continue
            if fields:
                yield self._job(key, fields)

    def _types(self, keys: Sequence[bytes]) -> list[Any]:
        with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.type(key)
            return list(pipeline.execute())

    def _job(self, key: bytes, fields: dict[bytes, bytes]) -> QueuedJob | Unreadable:
        origin = f"key {quoted(key)}"
        if b"function" in fields and b"unique" in fields:
            function, unique = fields[b"function"], fields[b"unique"]
        else:
            rest = key.removeprefix(self._prefix)
            parts = split_key(rest, self._functions, origin)
            if isinstance(parts, Unreadable):
                return parts
            function, unique = parts
        digits = fields.get(b"priority", b"1")
        priority = int(digits) if digits.isdigit() else digits
        return queued_job(
            (unique, function, priority, fields.get(b"data"), 0),
            origin=origin,
            identity=key,
            key=key,
        )

    def delete(self, jobs: Sequence[QueuedJob]) -> None:
        """Delete keys."""
        with self._store_errors():
            self._client.delete(*[cast(bytes, job.key) for job in jobs])

    def close(self) -> None:
        """Disconnect."""
        self._client.close()

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise the server's errors as StoreError."""
        try:
            yield
        except redis.RedisError as error:
            raise StoreError(f"Redis on {self._server}: {error}") from None
