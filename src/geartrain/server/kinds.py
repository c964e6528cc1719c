"""Kinds of values that only a job server has."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from geartrain.configuration.kinds import ADDRESS, Kind, size
from geartrain.errors import OptionError
from geartrain.transport.address import Address, parse_address

if TYPE_CHECKING:
    from geartrain.engine.model.principals import Network
    from geartrain.server.process import User

__all__ = [
    "BACKLOG",
    "HANDLE_PREFIX",
    "HEADER",
    "HTTP_ADDRESS",
    "HTTP_PORT",
    "HTTP_PREFIX",
    "MAX_HANDLE_PREFIX",
    "MAX_NODE_NAME",
    "MEMORY",
    "NODE_ADDRESS",
    "NODE_NAME",
    "NO_ADDRESS",
    "PROXY",
    "STORE",
    "TIME_ZONE",
    "USER",
]

MAX_HANDLE_PREFIX = 48
"""A handle has at most 63 bytes in C clients: 14 are left for the number."""

MAX_NODE_NAME: Final = 48
"""The longest name of a node: ``node:`` and it are the id of a worker."""

HTTP_PORT: Final = 4731
"""The port of HTTP where none is named."""

NO_ADDRESS: Final = Address(port=0)
"""The address of a node that is not to be reached by others."""

_NOWHERE: Final = "none"
_UNIX: Final = "unix"

# The server itself takes 50 MB, and needs some to work with.
_MIN_MEMORY = 64 * 1024**2


def _handle_prefix(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise OptionError(f"{text!r}: use visible ASCII characters, no spaces")
    if len(text) > MAX_HANDLE_PREFIX:
        raise OptionError(
            f"{len(text)} characters leave no room for the job's number in a handle:"
            f" use at most {MAX_HANDLE_PREFIX}"
        )
    return text


def _node_name(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise OptionError(f"{text!r}: use visible ASCII characters, no spaces")
    if len(text) > MAX_NODE_NAME:
        raise OptionError(f"{text!r} is longer than {MAX_NODE_NAME} characters")
    return text


def _node_address(text: str) -> Address:
    """Read where others reach a job server.

    An empty host and ``NO_PORT`` stand for what is not said.
    """
    if text == _NOWHERE:
        return NO_ADDRESS
    address = ADDRESS.read(text)
    if address.path or address.port == 0:
        raise OptionError(f"{text!r}: others reach a job server by host:port")
    return address


def _time_zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        raise OptionError(
            f"no time zone {text!r} on this machine: use a name such as Europe/Vienna"
        ) from None
    return text


# The functions below are imported when they are called: the modules they are in are
# large, and an embedded job server has no such texts to read.


def _store(text: str) -> str:
    from geartrain.stores.locations import check_store

    return check_store(text)


def _shown_store(location: str) -> str:
    from geartrain.stores.locations import show_store

    return show_store(location)


def _user(name: str) -> User:
    from geartrain.server.process import find_user

    return find_user(name)


def _http_address(text: str) -> Address | None:
    """Read an address; None is none at all."""
    return None if text == _NOWHERE else parse_address(text, HTTP_PORT)


def _header(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9-]+", text) is None:
        raise OptionError(f"{text!r}: a header has letters, digits and hyphens")
    return text


def _proxy(text: str) -> Network | None:
    """Read a range of addresses; None is unix sockets."""
    if text == _UNIX:
        return None
    try:
        return ip_network(text)
    except ValueError as error:
        raise OptionError(f"{error}: use 10.0.0.1, 10.0.0.0/8, or unix") from None


def _http_prefix(text: str) -> str:
    """Read a path without the slash at its end."""
    path = text.rstrip("/")
    # No part of it is a dot or two: browsers would go up.
    if path and not re.fullmatch(r"(?a)(/(?!\.{1,2}(?:/|$))[\w.~-]+)+", path):
        raise OptionError(
            f"{text!r} is not a path: write /geartrain; letters, digits and ._~- only"
        )
    return path


HANDLE_PREFIX: Final = Kind[str](
    metavar="PREFIX",
    meaning=f"at most {MAX_HANDLE_PREFIX} visible ASCII characters",
    read=_handle_prefix,
)
NODE_NAME: Final = Kind[str](
    metavar="NAME",
    meaning=f"at most {MAX_NODE_NAME} visible ASCII characters",
    read=_node_name,
)
NODE_ADDRESS: Final = Kind[Address](
    metavar="HOST:PORT",
    meaning='an address, such as "jobs1.example.com:4730", or "none"',
    read=_node_address,
    show=lambda address: _NOWHERE if address == NO_ADDRESS else ADDRESS.show(address),
)
PROXY: Final = Kind["Network | None"](
    metavar="RANGE",
    meaning='an address, a range such as "10.0.0.0/8", or "unix"',
    read=_proxy,
    show=lambda network: _UNIX if network is None else str(network),
)
HEADER: Final = Kind[str](
    metavar="NAME", meaning="the name of an HTTP header", read=_header
)
HTTP_PREFIX: Final = Kind[str](
    metavar="PATH",
    meaning='a path, such as "/geartrain"',
    read=_http_prefix,
)
HTTP_ADDRESS: Final = Kind["Address | None"](
    metavar="ADDRESS",
    meaning='an address, such as "127.0.0.1:4731" or "unix:/path", or "none"',
    read=_http_address,
    show=lambda address: _NOWHERE if address is None else str(address),
)
MEMORY: Final = size(
    _MIN_MEMORY,
    2**60 - 1,
    zero=True,
    example="512M, 4G or 0",
    bounds="64M or more, or 0",
)
BACKLOG: Final = size(
    1,
    2**60 - 1,
    zero=True,
    example="64M, 4G or 0",
    bounds="1 byte or more, or 0",
)
STORE: Final = Kind[str](
    metavar="STORE",
    meaning="the name of a store or the path of a file",
    read=_store,
    show=_shown_store,
)
TIME_ZONE: Final = Kind[str](
    metavar="ZONE", meaning="a time zone, such as Europe/Vienna", read=_time_zone
)
USER: Final = Kind["User"](
    metavar="USER",
    meaning="the name of an account",
    read=_user,
    show=lambda user: user.name,
)
