"""Kinds of values: how one is read, checked, and shown."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from geartrain.durations import read_duration
from geartrain.errors import OptionError
from geartrain.transport.address import Address, parse_address

__all__ = [
    "ADDRESS",
    "FILE_MODE",
    "FLAG",
    "NO_PORT",
    "PATH",
    "PORT",
    "SECRET",
    "TEXT",
    "Kind",
    "choice",
    "file_mode",
    "port",
    "seconds",
    "size",
    "whole",
]

T = TypeVar("T")

NO_PORT: Final = -1
"""The port of an address that names none."""

_GIB: Final = 1024**3
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": _GIB}
# Not compiled here: most starts read no size.
_SIZE: Final = r"(?ai)([0-9]{1,12})([KMG]?)(?:i?B)?"
_WORDS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


# A dataclass compiles __eq__ and __repr__ at each start of a program. For the four
# classes that do without them, that would be 1 % of the start of a job server.
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Kind(Generic[T]):
    """The values that an option may have, and how they are written.

    Attributes:
        metavar: stands for a value in help texts, such as ``SIZE``.
        meaning: what a value is, to follow "it is".
        read: makes a value of a text, or raises ``OptionError``.
        show: makes the text again.
        types: the types that a value may have in a TOML file.
        bounds: minimum and maximum as help texts show them; empty without bounds.
    """

    metavar: str
    meaning: str
    read: Callable[[str], T]
    show: Callable[[T], str] = str
    types: tuple[type, ...] = (str,)
    bounds: str = ""

    def take(self, value: object) -> T:
        """Return the value that a value of a TOML file stands for.

        Raises:
            OptionError: it is of another type, or out of bounds.
        """
        # A bool is an int to Python, and not to people.
        if type(value) not in self.types:
            raise OptionError(f"cannot be {value!r}: it is {self.meaning}")
        return self.read(str(value))


def whole(least: int | None = None, most: int | None = None) -> Kind[int]:
    """Return the kind of whole numbers within bounds."""
    left = "" if least is None else f"{least}<="
    right = "" if most is None else f"<={most}"
    bounds = f"{left}x{right}" if right else f"x>={least}" if left else ""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise OptionError(f"{text!r} is not a valid number") from None
        is_low = least is not None and number < least
        if is_low or (most is not None and number > most):
            raise OptionError(f"{number} is not in the range {bounds}")
        return number

    end = "on" if most is None else f"to {most}"
    return Kind(
        metavar="NUMBER",
        meaning="a whole number" + (f" from {least} {end}" if left else ""),
        read=read,
        types=(int,),
        bounds=bounds,
    )


def seconds(*, zero: bool = False) -> Kind[float]:
    """Return the kind of durations in seconds; ``zero`` allows 0.

    >>> seconds().read("20m")
    1200.0
    """

    def read(text: str) -> float:
        number = read_duration(text)
        is_some = number is not None and (number > 0 or (zero and number == 0))
        if number is None or not is_some or math.isinf(number):
            raise OptionError(
                f"{text!r} is not a number of seconds: write 30 or 0.5, or 20m or 1h30m"
            )
        return number

    return Kind(
        metavar="SECONDS",
        meaning="a number of seconds, such as 30 or 0.5, or a time such as 20m",
        read=read,
        show="{:g}".format,
        types=(int, float, str),
    )


def size(
    least: int = 1,
    most: int = 4 * _GIB,
    *,
    zero: bool = False,
    example: str = "4096, 64M or 1G",
    bounds: str = "1 byte to 4G",
) -> Kind[int]:
    """Return the kind of sizes in bytes; ``zero`` allows 0 below ``least``.

    >>> size().read("64M")
    67108864
    """

    def read(text: str) -> int:
        match = re.fullmatch(_SIZE, text.strip())
        if match is None:
            raise OptionError(f"{text!r} is not a size: write {example}")
        number = int(match[1]) * _UNITS[match[2].upper()]
        if not (least <= number <= most or (zero and number == 0)):
            raise OptionError(f"{text!r} is out of range: {bounds}")
        return number

    return Kind(
        metavar="SIZE",
        meaning=f"a size, such as {example}",
        read=read,
        show=_shown_size,
        types=(int, str),
    )


def choice(words: Sequence[str], *, ignore_case: bool = False) -> Kind[str]:
    """Return the kind that is one of these words."""
    known = {word.casefold() if ignore_case else word: word for word in words}
    listed = ", ".join(map(repr, words))

    def read(text: str) -> str:
        word = known.get(text.casefold() if ignore_case else text)
        if word is None:
            raise OptionError(f"{text!r} is not one of {listed}")
        return word

    return Kind(metavar=f"[{'|'.join(known)}]", meaning=f"one of {listed}", read=read)


def port(text: str) -> int:
    """Read a TCP port, by number or by the name of a service.

    Raises:
        OptionError: it is neither.
    """
    if text.isascii() and text.isdigit():
        if int(text) > 65535:
            raise OptionError(f"{text} is not a port from 0 to 65535")
        return int(text)
    import socket

    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, ValueError):
        raise OptionError(
            f"{text!r} is neither a port from 0 to 65535 nor a service this machine"
            " knows"
        ) from None


def file_mode(text: str) -> int:
    """Read the mode of a file, in octal digits such as ``0660``.

    Raises:
        OptionError: it is not a mode.
    """
    if re.fullmatch("(0o?)?[0-7]{3}", text) is None:
        raise OptionError(f"{text!r} is no mode of a file: write 0666 or 0600")
    return int(text, 8)


def _flag(text: str) -> bool:
    word = _WORDS.get(text.casefold())
    if word is None:
        raise OptionError(f"{text!r} is neither true nor false")
    return word


def _path(text: str) -> str:
    """Return a path that stays right wherever the process goes; empty for none."""
    return os.path.abspath(text) if text else ""


def _shown_size(number: int) -> str:
    for unit in "GMK":
        if number and number % _UNITS[unit] == 0:
            return f"{number // _UNITS[unit]}{unit}"
    return str(number)


def _shown_address(address: Address) -> str:
    if address.port != NO_PORT:
        return str(address)
    # Without a port a bare IPv6 address is one, too.
    return address.host or "*"


TEXT: Final = Kind[str](metavar="TEXT", meaning="a text", read=str)
SECRET: Final = Kind[str](
    metavar="SECRET",
    meaning="a text",
    read=str,
    show=lambda text: "********" if text else "",
)
"""A text that is never shown: a password or a token."""
PATH: Final = Kind[str](metavar="PATH", meaning="the path of a file", read=_path)
FLAG: Final = Kind[bool](
    metavar="",
    meaning="true or false",
    read=_flag,
    show=lambda value: str(value).lower(),
    types=(bool,),
)
PORT: Final = Kind[int](
    metavar="PORT", meaning="a port from 0 to 65535", read=port, types=(int, str)
)
FILE_MODE: Final = Kind[int](
    metavar="MODE",
    meaning='the mode of a file, such as "0660"',
    read=file_mode,
    show="{:04o}".format,
)
ADDRESS: Final = Kind[Address](
    metavar="ADDRESS",
    meaning='an address, such as "127.0.0.1:4730" or "unix:/path"',
    read=lambda text: parse_address(text, NO_PORT),
    show=_shown_address,
)
