"""Old queues, named by URL."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

from geartrain.errors import OptionError
from geartrain.importing.records import Source

__all__ = ["DatabaseServer", "Location", "open_source", "server_of"]

# The module of each scheme, and the package that it needs.
_SCHEMES = {
    "sqlite": ("sqlite", ""),
    "mysql": ("mysql", "pymysql"),
    "postgresql": ("postgresql", "psycopg"),
    "postgres": ("postgresql", "psycopg"),
    "redis": ("redis", "redis"),
    "memcached": ("memcached", "pymemcache"),
}
_WITH_KEYS = ("redis", "memcached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The location of an old queue.

    Attributes:
        url: the URL as it was given.
        table: the name of the table; None for the plug-in's default.
        prefix: the prefix of keys; None for the plug-in's default.
        functions: functions in ambiguous keys.
        delete: whether jobs will be deleted from it.
    """

    url: str
    table: str | None = None
    prefix: str | None = None
    functions: tuple[str, ...] = ()
    delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """The parts of a URL that names a database server."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def open_source(location: Location) -> Source:
    """Open the old queue at a location.

    Raises:
        OptionError: there is no such kind of queue, or its driver is not installed.
        StoreError: it cannot be opened.
    """
    if _is_file(location.url):
        full = os.path.abspath(os.path.expanduser(location.url))
        location = replace(location, url=f"sqlite://{full}")
    scheme = location.url.partition("://")[0]
    if scheme not in _SCHEMES or "://" not in location.url:
        raise OptionError(
            f"{_without_password(location.url)!r} names no queue: use sqlite:///path,"
            " mysql://user:password@host/database, postgresql://…, redis://host:port"
            " or memcached://host:port"
        )
    name, driver = _SCHEMES[scheme]
    _check_flags(location, name)
    try:
        module = importlib.import_module(f"geartrain.importing.{name}")
    except ModuleNotFoundError as error:
        if error.name != driver:
            raise
        raise OptionError(
            f"{scheme}:// needs the Python package {driver}, which is not installed:"
            f" pip install 'geartrain[{name}]'"
        ) from None
    return cast(Source, module.open_source(location))


def _is_file(text: str) -> bool:
    """Return whether a text is the path of a file, and not a URL."""
    return text.startswith(("/", "./", "../", "~/")) or os.path.isfile(text)


def _check_flags(location: Location, name: str) -> None:
    keys = name in _WITH_KEYS
    if keys and location.table is not None:
        raise OptionError(f"--table: {name} has no tables, use --prefix")
    if not keys and location.prefix is not None:
        raise OptionError(f"--prefix: {name} has tables, use --table")
    if not keys and location.functions:
        raise OptionError(f"--function: {name} has the function in a column")


def _without_password(url: str) -> str:
    """Return a URL that is safe to show."""
    head, at, host = url.rpartition("@")
    user, colon, _ = head.partition("://")[2].partition(":")
    if not at or not colon:
        return url
    return f"{head.partition('://')[0]}://{user}:…@{host}"


def server_of(url: str, default_port: int) -> DatabaseServer:
    """Split a URL into its parts.

    Raises:
        OptionError: the URL cannot be read.
    """
    shown = _without_password(url)
    try:
        parts = urlsplit(url)
        port = default_port if parts.port is None else parts.port
    except ValueError as error:
        raise OptionError(f"{shown!r}: {error}") from None
    if not parts.hostname:
        raise OptionError(f"{shown!r} names no host: write {parts.scheme}://host:port")
    if parts.query or parts.fragment:
        raise OptionError(f"{shown!r}: nothing may follow the path")
    return _server(parts, parts.hostname, port)


def _server(parts: SplitResult, host: str, port: int) -> DatabaseServer:
    return DatabaseServer(
        host=host,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.removeprefix("/")),
    )
