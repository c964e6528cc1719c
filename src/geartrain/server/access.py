"""Access in the configuration file: the tables ``[access.NAME]``, one a principal."""

from __future__ import annotations

import binascii
import grp
import hashlib
import pwd
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, Final

from geartrain.configuration.file import ConfigFile
from geartrain.configuration.kinds import whole
from geartrain.engine.model.access import RIGHTS
from geartrain.engine.model.principals import Principal, Rights, is_site
from geartrain.errors import OptionError
from geartrain.server.kinds import BACKLOG
from geartrain.texts import nearest

__all__ = ["access_places", "digest_of", "read_access", "token_line"]

_TABLE: Final = "access"

_SCHEME: Final = "sha256:"
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
# What each limit is called in ``Limits``, and how it is read.
_COUNT: Final = whole(1)
_LIMITS: Final = {
    "max_connections": ("connections", _COUNT),
    "max_submissions": ("submissions", _COUNT),
    "max_jobs": ("jobs", _COUNT),
    "max_bytes": ("size", BACKLOG),
}
_NAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")
# What a glob has at most, in bytes: a longer one takes time to be matched.
_LONGEST: Final = 1_024


def digest_of(token: bytes) -> bytes:
    """Return what a token is compared by."""
    return hashlib.sha256(token).digest()


def token_line(token: bytes) -> str:
    """Return how the configuration file names a token without holding it."""
    return _SCHEME + digest_of(token).hex()


def read_access(file: ConfigFile) -> tuple[Principal, ...]:
    """Return the principals, in the order of the file.

    Raises:
        OptionError: one means nothing; the message names the file, line and table.
    """
    entries = file.tables.get(_TABLE, {}).items()
    return tuple(_principal(file, name, settings) for name, settings in entries)


def access_places(file: ConfigFile) -> list[tuple[str, str]]:
    """Return each table of ``read_access`` by its name, with its file and line."""
    names = file.tables.get(_TABLE, {})
    return [(f"{_TABLE}.{each}", file.place(_TABLE, each)) for each in names]


def _principal(file: ConfigFile, name: str, settings: Any) -> Principal:
    if not _NAME.fullmatch(name):
        words = f"{name!r} is no name of a principal: use letters, digits and . _ @ -"
        raise file.refusal(words, _TABLE, name)
    if is_site(name.encode()):
        words = f"a principal cannot be named like an address, {name!r}: name it"
        words = f"{words} for what it is, and write address = {name!r} in its table"
        raise file.refusal(words, _TABLE, name)
    if not isinstance(settings, dict) and name in (*_READERS, *RIGHTS, *_LIMITS):
        words = f"{name} belongs into the table of a principal, such as [{_TABLE}.web]"
        raise file.refusal(words, _TABLE, name)
    if not isinstance(settings, dict):
        words = f"{_TABLE}.{name} cannot be {settings!r}: write [{_TABLE}.{name}]"
        raise file.refusal(words, _TABLE, name)
    rights: Rights = {}
    principal = Principal(name.encode(), rights)
    for key, value in settings.items():
        try:
            _take(principal, rights, key, value)
        except OptionError as error:
            words = f"[{_TABLE}.{name}] {key}: {error}"
            raise file.refusal(words, _TABLE, name, key) from None
    try:
        _check(principal)
    except OptionError as error:
        keys = [error.setting] if error.setting else []
        words = f"[{_TABLE}.{name}]: {error}"
        raise file.refusal(words, _TABLE, name, *keys) from None
    return principal


def _take(principal: Principal, rights: Rights, key: str, value: Any) -> None:
    """Follow one setting of a principal."""
    if key in RIGHTS:
        rights[key] = tuple(_glob(each) for each in _texts(value))
    elif key in _LIMITS:
        limit, kind = _LIMITS[key]
        most = kind.take(value)
        principal.limits = principal.limits._replace(**{limit: most})
    else:
        _reader(key)(principal, _texts(value))


def _check(principal: Principal) -> None:
    """Check that a principal makes sense as a whole.

    Raises:
        OptionError: it does not.
    """
    if not principal.rights:
        raise OptionError(f"it may do nothing: give it one of {', '.join(RIGHTS)}")
    is_local = bool(principal.uids or principal.gids)
    has_socket = principal.is_unix or principal.is_anywhere
    if is_local and principal.has_addresses and not has_socket:
        raise OptionError(
            "user and group are known on unix sockets only, which have no address",
            setting="user" if principal.uids else "group",
        )


def _reader(key: str) -> Callable[[Principal, list[str]], None]:
    reader = _READERS.get(key)
    if reader is None:
        hint = nearest(key, [*_READERS, *RIGHTS, *_LIMITS])
        raise OptionError(f"there is no such setting: {hint}")
    return reader


def _texts(value: Any) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(each, str) and each for each in texts):
        raise OptionError(f"{value!r} is neither a text nor a list of texts")
    return texts


def _glob(text: str) -> bytes:
    glob = text.encode()
    if len(glob) > _LONGEST:
        raise OptionError(f"a glob has at most {_LONGEST} bytes")
    return glob


def _certificates(principal: Principal, texts: list[str]) -> None:
    principal.set_certificates([_glob(each) for each in texts])


def _logins(principal: Principal, texts: list[str]) -> None:
    principal.set_logins([_glob(each) for each in texts])


def _tokens(principal: Principal, texts: list[str]) -> None:
    principal.tokens = tuple(_digest(each) for each in texts)


def _digest(text: str) -> bytes:
    hexadecimal = text.removeprefix(_SCHEME)
    try:
        digest = binascii.unhexlify(hexadecimal)
    except ValueError:
        digest = b""
    if not text.startswith(_SCHEME) or len(digest) != hashlib.sha256().digest_size:
        # A token that stands here is a secret: it is not shown again.
        raise OptionError(
            "write sha256: and 64 hexadecimal digits, as geartrain token prints them,"
            " and never the token itself"
        )
    return digest


def _users(principal: Principal, texts: list[str]) -> None:
    principal.uids = tuple(_number(each, "user", _uid_of) for each in texts)


def _groups(principal: Principal, texts: list[str]) -> None:
    principal.gids = tuple(_number(each, "group", _gid_of) for each in texts)


def _uid_of(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def _gid_of(name: str) -> int:
    return grp.getgrnam(name).gr_gid


def _number(text: str, kind: str, find: Callable[[str], int]) -> int:
    if text.isdecimal():
        return int(text)
    try:
        return find(text)
    except (KeyError, ValueError):
        raise OptionError(f"this machine has no {kind} {text!r}") from None


def _addresses(principal: Principal, texts: list[str]) -> None:
    principal.has_addresses = True
    principal.is_unix = "unix" in texts
    principal.is_anywhere = "any" in texts
    ranges: list[str] = []
    for each in texts:
        if each == "loopback":
            ranges += _LOOPBACK
        elif each not in ("any", "unix"):
            ranges.append(each)
    try:
        principal.networks = tuple(ip_network(each) for each in ranges)
    except ValueError as error:
        raise OptionError(
            f"{error}: use an address, a range such as 10.0.0.0/8, or one of the words"
            " loopback, unix and any"
        ) from None


_READERS: Final[dict[str, Callable[[Principal, list[str]], None]]] = {
    "certificate": _certificates,
    "token": _tokens,
    "user": _users,
    "group": _groups,
    "address": _addresses,
    "login": _logins,
}
