"""Tokens that clients, workers and tools show a job server."""

from __future__ import annotations

import os
import socket
from errno import EACCES
from typing import Final, NamedTuple, TypeAlias

from geartrain.errors import OptionError, ProtocolError
from geartrain.protocol.token import Introduction
from geartrain.texts import visible
from geartrain.transport.dialling import TimeLimit

__all__ = ["VARIABLE", "GivenToken", "Token", "introduce", "refused", "token_of"]

GivenToken: TypeAlias = str | os.PathLike[str] | None
"""A token, or the path of a file with one, which each connection reads anew."""

VARIABLE: Final = "GEARTRAIN_TOKEN_FILE"
"""The environment variable that names the file where nothing else is given."""

# Bytes of a file that can have a token.
_MOST: Final = 4096


class Token(NamedTuple):
    """A token, or the file that has it.

    Attributes:
        text: the token.
        file: the path of its file, if ``text`` is empty.
    """

    text: str = ""
    file: str = ""

    def check(self) -> None:
        """Raise OptionError if its file cannot be read now, or has no token.

        It is read anew for each connection; but who names a wrong one learns so at
        once, and not that no job server can be reached.
        """
        try:
            self.read()
        except OSError as error:
            raise OptionError(str(error.strerror)) from None

    def read(self) -> bytes:
        """Return the token.

        Raises:
            OSError: its file cannot be read, or has none.
        """
        if self.text:
            return self.text.encode()
        try:
            with open(self.file, "rb") as file:
                found = file.read(_MOST + 1).strip()
        except OSError as error:
            said = f"the token in {self.file} cannot be read: {error.strerror}"
            raise OSError(error.errno, said) from None
        if not found or len(found) > _MOST or len(found.split()) != 1:
            raise OSError(EACCES, f"{self.file} does not hold one token")
        return found


def token_of(given: GivenToken) -> Token | None:
    """Return the token that is given, or else that of the environment's file.

    Raises:
        OptionError: a text is no token.
    """
    if given is None:
        path = os.environ.get(VARIABLE, "")
        return Token(file=path) if path else None
    if isinstance(given, os.PathLike):
        return Token(file=os.fspath(given))
    is_token = given.isascii() and given.isprintable() and len(given) <= _MOST
    if not is_token or len(given.split()) != 1:
        # It is a secret: it is not shown.
        raise OptionError(
            "token= is one word of ASCII, or a Path of the file that has it"
        )
    return Token(given.strip())


def introduce(connection: socket.socket, token: Token, limit: TimeLimit) -> None:
    """Show a job server a token, and take the answer.

    Raises:
        OSError: the token is unknown there, or the connection is lost.
    """
    introduction = Introduction(token.read())
    connection.settimeout(limit.left())
    connection.sendall(introduction.request)
    while wanted := introduction.wanted():
        connection.settimeout(limit.left())
        data = connection.recv(wanted)
        if not data:
            raise ConnectionResetError("it ended the connection when shown a token")
        try:
            introduction.feed(data)
        except ProtocolError as error:
            raise refused(error.text.decode()) from None
    if introduction.refusal:
        raise refused(introduction.refusal)


def refused(reason: str) -> OSError:
    """Return the error of a token that a job server refuses."""
    return PermissionError(EACCES, visible(reason))
