"""Names of memcached stores: ``memcached://host1[:port],host2[:port]/prefix``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from geartrain.errors import OptionError
from geartrain.texts import visible

__all__ = ["MemcachedLocation", "check_memcached", "memcached_of"]

_SCHEME: Final = "memcached://"
_PORT: Final = 11211
_PREFIX: Final = "geartrain"
# A key has 250 bytes, none of them a space; ours need some behind the prefix.
_GOOD_PREFIX: Final = re.compile(r"[!-~]{1,180}")
_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@/\s]+)(?::(\d{1,5}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemcachedLocation:
    """Where a memcached store is.

    Attributes:
        servers: host and port of each server.
        prefix: what all keys begin with.
    """

    servers: tuple[tuple[str, int], ...]
    prefix: bytes

    def shown(self) -> str:
        """Return the name of the store."""
        names = ",".join(map(shown_server, self.servers))
        return f"{_SCHEME}{names}/{self.prefix.decode()}"

    def __str__(self) -> str:
        return "memcached on " + ", ".join(map(shown_server, self.servers))


def shown_server(server: tuple[str, int]) -> str:
    """Return host and port as messages show them."""
    host, port = server
    return visible(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def check_memcached(location: str) -> str:
    """Return the name of a memcached store if it can be read.

    Raises:
        OptionError: it cannot; the message says why.
    """
    memcached_of(location)
    return location


def memcached_of(location: str) -> MemcachedLocation:
    """Read the name of a memcached store.

    Raises:
        OptionError: it cannot be read.
    """
    shown = f"'{visible(location)}'"
    names, _, prefix = location.removeprefix(_SCHEME).partition("/")
    if not names:
        raise OptionError(f"{shown} names no server: write {_SCHEME}host1,host2/prefix")
    if "@" in names:
        raise OptionError(
            f"{shown}: memcached has no users: leave out what is before @"
        )
    prefix = prefix or _PREFIX
    if not _GOOD_PREFIX.fullmatch(prefix) or "?" in prefix:
        raise OptionError(
            f"{shown}: a prefix has up to 180 ASCII characters, and no space or ?"
        )
    servers = tuple(_server(name, shown) for name in names.split(","))
    if len(set(servers)) < len(servers):
        raise OptionError(f"{shown} names a server twice")
    return MemcachedLocation(servers=servers, prefix=prefix.encode())


def _server(name: str, shown: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(name)
    port = int(found[2] or _PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise OptionError(f"{shown}: '{visible(name)}' is no host:port")
    return found[1].strip("[]"), port
