"""Names of Redis stores: ``redis://[user:password@]host[:port][/database]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from geartrain.errors import OptionError
from geartrain.stores.urls import DatabaseServer, server_of, without_password
from geartrain.texts import visible

__all__ = ["DEFAULT_PREFIX", "RedisLocation", "check_redis", "location_of"]

DEFAULT_PREFIX: Final = "geartrain:"
"""What all keys begin with unless ``?prefix=`` says otherwise."""

_PORT: Final = 6379
_OPTIONS: Final = ("prefix", "replicas", "ca", "cert", "key")
# Without a slash: a host that stands for nothing while the rest of a URL is read.
_NO_HOST: Final = "localhost"
_MOST_REPLICAS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisLocation:
    """Where a Redis store is.

    Attributes:
        server: host, port, user and password.
        path: the socket of a server on this machine; empty for host and port.
        database: the number of the database.
        prefix: what all keys begin with.
        replicas: how many replicas confirm each commit.
        is_tls: the connection is encrypted.
        ca: the file of the certificates to trust; empty for the system's.
        cert: the file of the own certificate; empty for none.
        key: the file of its key; empty for none.
    """

    server: DatabaseServer
    path: str
    database: int
    prefix: bytes
    replicas: int
    is_tls: bool
    ca: str
    cert: str
    key: str

    def shown(self) -> str:
        """Return the name of the store, without its password."""
        scheme = "rediss" if self.is_tls else "redis"
        url = f"unix://{self.path}" if self.path else f"{scheme}://{self.server}"
        database = f"/{self.database}" if self.database and not self.path else ""
        prefix = self.prefix.decode("utf-8", "replace")
        options = "" if prefix == DEFAULT_PREFIX else f"?prefix={prefix}"
        return visible(f"{url}{database}{options}")

    def __str__(self) -> str:
        where = self.path or str(self.server)
        return f"Redis on {visible(where)}"


def check_redis(location: str) -> str:
    """Return the full name of a Redis store, with the scheme of its transport.

    ``valkey://`` and ``valkeys://`` are other names of ``redis://`` and ``rediss://``.

    Raises:
        OptionError: the text cannot be read.
    """
    scheme, colon, rest = location.partition(":")
    scheme = {"valkey": "redis", "valkeys": "rediss"}.get(scheme.lower(), scheme)
    full = f"{scheme.lower()}{colon}{rest}"
    location_of(full)
    return full


def location_of(full: str) -> RedisLocation:
    """Read the full name of a Redis store.

    Raises:
        OptionError: the text cannot be read; the message names what is wrong.
    """
    shown = without_password(full)
    is_socket = full.startswith("unix:")
    url, path = _with_host(full, shown) if is_socket else (full, "")
    server = server_of(url, _PORT, (*_OPTIONS, "database"))
    given = server.options
    database = given.get("database", "") if is_socket else server.database
    if "database" in given and not is_socket:
        raise OptionError(f"{shown!r}: the database of a host follows it: /1")
    if database and not database.isdecimal():
        raise OptionError(f"{shown!r}: {database!r} is no database: use its number")
    return RedisLocation(
        server=server,
        path=path,
        database=int(database or 0),
        prefix=_prefix(given.get("prefix", DEFAULT_PREFIX), shown),
        replicas=_replicas(given.get("replicas", "0"), shown),
        is_tls=full.startswith("rediss:"),
        ca=given.get("ca", ""),
        cert=given.get("cert", ""),
        key=given.get("key", ""),
    )


def _with_host(full: str, shown: str) -> tuple[str, str]:
    """Return a URL of a socket as that of a host, and the socket's path."""
    parts = urlsplit(full)
    if not full.startswith("unix://") or not parts.path.startswith("/"):
        raise OptionError(f"{shown!r} names no socket: write unix:///full/path")
    if parts.hostname:
        raise OptionError(f"{shown!r}: a socket has no host: write unix:///full/path")
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"unix://{login}{_NO_HOST}{query}", unquote(parts.path)


def _prefix(text: str, shown: str) -> bytes:
    if not text:
        raise OptionError(
            f"{shown!r}: the prefix is empty, but it is what tells the keys of this"
            f" store from others: leave it out for {DEFAULT_PREFIX}"
        )
    return text.encode("utf-8", "surrogateescape")


def _replicas(text: str, shown: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_REPLICAS:
        raise OptionError(
            f"{shown!r}: replicas={quote(text)} is no number up to {_MOST_REPLICAS}"
        )
    return int(text)
