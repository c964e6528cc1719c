"""Old queues, named by URL."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, replace
from typing import cast

from geartrain.errors import OptionError
from geartrain.importing.records import Source
from geartrain.stores.urls import without_password

__all__ = ["Location", "open_source"]

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
            f"{without_password(location.url)!r} names no queue: use sqlite:///path,"
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
