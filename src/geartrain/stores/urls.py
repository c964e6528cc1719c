"""URLs of database servers: their parts, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from geartrain.errors import OptionError
from geartrain.texts import nearest, visible

__all__ = [
    "DatabaseServer",
    "check_password",
    "server_of",
    "unknown_option",
    "without_password",
]

_PARTS: Final = re.compile(
    r"(?P<scheme>[^:]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.S
)
_NO_CODE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """The parts of a URL that names a database server.

    Attributes:
        options: what follows ``?``, by name.
    """

    host: str
    port: int
    user: str
    password: str
    database: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def without_password(url: str) -> str:
    """Return a URL that is safe to show.

    >>> without_password("mysql://me:secret@db/jobs")
    'mysql://me:…@db/jobs'
    """
    head, at, host = url.rpartition("@")
    user, colon, _ = head.partition("://")[2].partition(":")
    if at and colon:
        url = f"{head.partition('://')[0]}://{user}:…@{host}"
    return visible(url)


def check_password(url: str, *, is_strict: bool = False) -> None:
    """Check that a URL can be told from the password in it.

    What reads a URL says of one that it cannot read what it took for the host or the
    port, which would be the rest of the password. ``is_strict`` is for readers that
    take no @ and no single % there either.

    Raises:
        OptionError: the password has to be encoded; the message has none of it.
    """
    parts = _PARTS.fullmatch(url)
    if parts is None or not _is_torn(parts, is_strict):
        return
    user = parts["authority"].partition(":")[0].partition("@")[0]
    raise OptionError(
        f"{visible(parts['scheme'])}://{visible(user)}:… cannot be read: in names"
        " and passwords write %40 for @, %2F for /, %3F for ?, %23 for # and %25"
        " for %"
    )


def _is_torn(parts: re.Match[str], is_strict: bool) -> bool:
    """Tell whether a part of the password would be taken for something else."""
    login, at, _ = parts["authority"].rpartition("@")
    if at:
        return is_strict and ("@" in login or _NO_CODE.search(login) is not None)
    _, colon, port = parts["authority"].rpartition(":")
    return bool(colon) and "@" in parts["rest"] and not port.isdecimal()


def server_of(
    url: str, default_port: int, options: Collection[str] = ()
) -> DatabaseServer:
    """Split a URL into its parts; of ``?name=value`` only ``options`` are known.

    Raises:
        OptionError: the URL cannot be read.
    """
    check_password(url)
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        port = default_port if parts.port is None else parts.port
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError as error:
        raise OptionError(f"{shown!r}: {error}") from None
    if not parts.hostname:
        raise OptionError(f"{shown!r} names no host: write {parts.scheme}://host:port")
    if parts.fragment or (parts.query and not options):
        raise OptionError(f"{shown!r}: nothing may follow the path")
    for name in given:
        if name not in options:
            raise unknown_option(shown, name, nearest(name, options))
    return _server(parts, parts.hostname, port, given)


def unknown_option(shown: str, name: str, hint: str) -> OptionError:
    """Return the error for a URL with an option that there is not.

    What is given by such a name may be a password: nothing after ``?`` is shown.
    """
    url = shown.partition("?")[0]
    return OptionError(f"{url!r} has no option '{visible(name)}': {hint}")


def _server(
    parts: SplitResult, host: str, port: int, options: Mapping[str, str]
) -> DatabaseServer:
    return DatabaseServer(
        host=host,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.removeprefix("/")),
        options=options,
    )
