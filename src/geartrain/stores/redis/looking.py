"""A look at a Redis store from outside: what is there, and would it be taken."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from geartrain.errors import StoreError
from geartrain.stores.holders import Holder
from geartrain.stores.redis.connection import RedisConnection
from geartrain.stores.redis.layout import KeyLayout
from geartrain.stores.redis.location import location_of
from geartrain.stores.redis.settings import read_settings
from geartrain.texts import counted

__all__ = ["FORMAT", "check_format", "look_at"]

FORMAT: Final = b"1"
"""The format of what is kept."""


def check_format(connection: RedisConnection, layout: KeyLayout, shown: str) -> None:
    """Check that this version knows what is kept under a prefix.

    Raises:
        StoreError: it does not, or Redis does not answer.
    """
    (found,) = connection.ask(("HGET", layout.meta, "format"))
    if found not in (None, FORMAT):
        raise StoreError(
            f"{shown}: what is kept under this prefix is of format"
            f" {found.decode('ascii', 'replace')}, which this version does not know"
        )


def look_at(full: str, durability: str) -> str:
    """Return a sentence on what a store keeps; it may be in use.

    Raises:
        OptionError: the name cannot be read.
        StoreError: Redis does not answer, or is not as durable as asked for.
    """
    location = location_of(full)
    layout = KeyLayout(location.prefix)
    with closing(RedisConnection(location)) as connection:
        settings = read_settings(connection)
        try:
            warning = settings.check(durability)
        except StoreError as error:
            raise StoreError(f"{location}: {error}") from None
        check_format(connection, layout, str(location))
        count, dead, holder = connection.ask(
            ("HLEN", layout.states), ("ZCARD", layout.dead), ("GET", layout.lock)
        )
    kept = f"{counted(count - dead, 'job')} and {counted(dead, 'dead letter')}"
    user = f", in use by {Holder.shown(holder)}" if holder else ""
    said = f"{location} {settings.version}: {kept}{user}; {settings.in_force()}"
    return f"{said}; {warning}" if warning else said
