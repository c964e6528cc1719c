"""Read the values of flags; each says what is wrong with one and what is right."""

from __future__ import annotations

import re
import socket
from zoneinfo import ZoneInfo

import click

from geartrain.errors import OptionError
from geartrain.server.config import Config, read_config
from geartrain.server.options import MAX_HANDLE_PREFIX, Keepalive
from geartrain.server.process import User, find_user
from geartrain.stores.locations import check_store
from geartrain.transport.address import DEFAULT_PORT

__all__ = [
    "Whole",
    "config",
    "file_mode",
    "gear_port",
    "handle_prefix",
    "keepalive",
    "memory",
    "port",
    "size",
    "store",
    "time_zone",
    "user",
]

MAX_SIZE = 4 * 1024**3
# The server itself takes 50 MB, and needs some to work with.
MIN_MEMORY = 64 * 1024**2
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_SIZE = re.compile(r"([0-9]{1,12})([KMG]?)(?:i?B)?", re.IGNORECASE | re.ASCII)


class Whole(click.IntRange):
    """A whole number within bounds, called by that name in errors and help."""

    name = "number"


def size(text: str) -> int:
    """Read a number of bytes such as ``4096``, ``64M`` or ``1G``, up to ``4G``.

    Raises:
        click.BadParameter: it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a size: write 4096, 64M or 1G")
    number = int(match[1]) * _UNITS[match[2].upper()]
    if not 1 <= number <= MAX_SIZE:
        raise click.BadParameter(f"{text!r} is out of range: 1 byte to 4G")
    return number


def memory(text: str) -> int:
    """Read a number of bytes of memory, from ``64M`` on; 0 is without limit.

    Raises:
        click.BadParameter: it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a size: write 512M, 4G or 0")
    number = int(match[1]) * _UNITS[match[2].upper()]
    if number and not MIN_MEMORY <= number < 2**60:
        raise click.BadParameter(f"{text!r} is out of range: 64M or more, or 0")
    return number


def port(text: str) -> int:
    """Read a TCP port, by number or by the name of a service.

    Raises:
        click.BadParameter: it is neither.
    """
    if text.isascii() and text.isdigit():
        if int(text) > 65535:
            raise click.BadParameter(f"{text} is not a port from 0 to 65535")
        return int(text)
    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, ValueError):
        raise click.BadParameter(
            f"{text!r} is neither a port from 0 to 65535 nor a service this machine"
            " knows"
        ) from None


def file_mode(text: str) -> int:
    """Read the mode of a file, in octal digits such as ``0660``.

    Raises:
        click.BadParameter: it is none.
    """
    if re.fullmatch("(0o?)?[0-7]{3}", text) is None:
        raise click.BadParameter(f"{text!r} is no mode of a file: write 0666 or 0600")
    return int(text, 8)


def gear_port(given: int | None, environment: str | None) -> tuple[int, str | None]:
    """Choose gearmand's port: the option, else ``GEARMAND_PORT``, else 4730.

    Returns the port, and what there is to say about the environment's value.

    Raises:
        click.BadParameter: the environment's value is used and is no port.
    """
    if given is not None:
        return given, None
    if not environment:
        return DEFAULT_PORT, None
    if "://" in environment:
        return DEFAULT_PORT, (
            f"GEARMAND_PORT={environment} is what Kubernetes sets for a service named"
            f" gearmand, not a port: listening on {DEFAULT_PORT}"
        )
    try:
        return port(environment), None
    except click.BadParameter as error:
        error.param_hint = "GEARMAND_PORT"
        raise


def handle_prefix(text: str) -> str:
    """Read what job handles begin with: visible characters, few enough for C clients.

    Raises:
        click.BadParameter: it is too long, empty, or breaks the text protocol.
    """
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise click.BadParameter(f"{text!r}: use visible ASCII characters, no spaces")
    if len(text) > MAX_HANDLE_PREFIX:
        raise click.BadParameter(
            f"{len(text)} characters leave no room for the job's number in a handle:"
            f" use at most {MAX_HANDLE_PREFIX}"
        )
    return text


def store(text: str) -> str:
    """Read the name of a store.

    Raises:
        click.BadParameter: it names none.
    """
    try:
        return check_store(text)
    except OptionError as error:
        raise click.BadParameter(str(error)) from None


def config(path: str) -> Config:
    """Read the configuration file of this path.

    Raises:
        click.BadParameter: it cannot be read, or something in it is wrong.
    """
    try:
        return read_config(path)
    except OptionError as error:
        raise click.BadParameter(str(error)) from None


def time_zone(text: str) -> str:
    """Read the name of a time zone this machine knows.

    Raises:
        click.BadParameter: it knows none of that name.
    """
    try:
        ZoneInfo(text)
    except (KeyError, OSError, ValueError):
        raise click.BadParameter(
            f"no time zone {text!r} on this machine: use a name such as Europe/Vienna"
        ) from None
    return text


def user(name: str) -> User:
    """Read the name of an account this process can switch to.

    Raises:
        click.BadParameter: there is none, or only root could switch to it.
    """
    try:
        return find_user(name)
    except OptionError as error:
        raise click.BadParameter(str(error)) from None


def keepalive(idle: int | None, interval: int | None, count: int | None) -> Keepalive:
    """Put keepalive's numbers together; None and -1 leave one to the system."""
    numbers = [
        None if number in (None, -1) else number for number in (idle, interval, count)
    ]
    return Keepalive(idle=numbers[0], interval=numbers[1], count=numbers[2])
