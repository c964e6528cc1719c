"""URLs of PostgreSQL stores: libpq's, and options of our own after the question mark.

Nothing here needs the driver, so that a URL can be read without it. Where it is there,
its libpq says which options there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from geartrain.errors import OptionError
from geartrain.stores.urls import check_password, unknown_option
from geartrain.texts import nearest, visible

__all__ = [
    "PostgresqlLocation",
    "check_location",
    "cluster_of",
    "libpq_options",
    "read_location",
    "show_location",
]

DEFAULT_SCHEMA: Final = "geartrain"

_SCHEME: Final = re.compile(r"postgres(?:ql)?://")
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_OURS: Final = ("schema", "shared")
# What libpq takes in a URL although it is none of its options.
_OF_JDBC: Final = "ssl"
_SECRETS: Final = ("password", "sslpassword")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlLocation:
    """A PostgreSQL store, as its URL names it.

    Attributes:
        url: what libpq takes.
        schema: the schema that has the tables.
        is_shared: other job servers may keep their jobs there, too.
        shown: the whole URL without passwords.
    """

    url: str
    schema: str
    is_shared: bool
    shown: str


def check_location(text: str) -> str:
    """Return the full name of a store: it begins with ``postgresql://``.

    Raises:
        OptionError: the text names none.
    """
    location = _SCHEME.sub("postgresql://", text, count=1)
    read_location(location)
    return location


def read_location(location: str) -> PostgresqlLocation:
    """Take a full name apart.

    >>> read_location("postgresql://jobs@db/app?schema=queue").schema
    'queue'

    Raises:
        OptionError: it cannot be read.
    """
    check_password(location, is_strict=True)
    try:
        parts = urlsplit(location)
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        if "?" not in location or location.endswith("?"):
            parts, given = urlsplit(location), []
        else:
            shown = show_location(location)
            raise OptionError(f"the store {shown} cannot be read: {error}") from None
    _check_names(location, dict(given))
    if parts.fragment:
        raise OptionError(
            f"the store {show_location(location)} has a #, which libpq does not know:"
            " write %23"
        )
    schema = dict(given).get("schema", DEFAULT_SCHEMA)
    if _SCHEMA.fullmatch(schema) is None:
        raise OptionError(
            f"the schema {visible(schema)!r} of the store: use a name of up to 40"
            " lower-case letters, digits and underscores"
        )
    shared = dict(given).get("shared", "yes")
    if shared not in {"yes", "no"}:
        raise OptionError(f"shared={visible(shared)} of the store: use yes or no")
    theirs = [each for each in given if each[0] not in _OURS]
    if "," in parts.netloc and "target_session_attrs" not in dict(theirs):
        # Of several servers one takes writes; after a failover it is another.
        theirs.append(("target_session_attrs", "read-write"))
    url = urlunsplit(parts._replace(query=urlencode(theirs)))
    # urlunsplit leaves out the slashes of an empty host before an empty path.
    url = f"postgresql://{url.partition(':')[2].removeprefix('//')}"
    shown = show_location(location)
    return PostgresqlLocation(
        url=url, schema=schema, is_shared=shared == "yes", shown=shown
    )


def _check_names(location: str, given: Collection[str]) -> None:
    """Check that there are such options.

    Raises:
        OptionError: there is none of one of these names.
    """
    if all(name in _OURS for name in given):
        return
    theirs = libpq_options()
    known = (*_OURS, *theirs)
    for name in given:
        if theirs and name not in known and name != _OF_JDBC:
            hint = nearest(name, known, "use schema, shared or one of libpq's")
            raise unknown_option(show_location(location), name, hint)


@lru_cache(1)
def libpq_options() -> tuple[str, ...]:
    """Return the options that libpq knows; nothing if there is no driver to ask."""
    # It takes a tenth of a second to load, and most stores are none of PostgreSQL.
    try:
        from psycopg.pq import Conninfo
    except ImportError:
        return ()
    return tuple(each.keyword.decode() for each in Conninfo.get_defaults())


def cluster_of(location: str) -> str:
    """Return what job servers that share a store have in common; empty without any."""
    read = read_location(location)
    return read.schema if read.is_shared else ""


def show_location(location: str) -> str:
    """Return a store's full name without passwords, escaped."""
    head, question, query = location.partition("?")
    scheme, _, rest = head.partition("://")
    user, at, host = rest.rpartition("@")
    if at and ":" in user:
        user = f"{user.partition(':')[0]}:…"
    shown = [
        f"{name}=…" if name in _SECRETS else pair
        for pair in query.split("&")
        for name in (pair.partition("=")[0],)
    ]
    return visible(f"{scheme}://{user}{at}{host}{question}{'&'.join(shown)}")
