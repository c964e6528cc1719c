"""A connection for text commands: a line of words out, lines in."""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from geartrain.errors import AdminError, RefusedError
from geartrain.transport.address import parse_address
from geartrain.transport.connect import Connector, SocketConnector, reason
from geartrain.transport.tls import Tls

__all__ = ["Connection", "handle_word", "word"]

# What stands for itself in a word of a command; the rest is percent-encoded.
_SAFE: Final = string.punctuation.replace("%", "")
_SHOWN: Final = 60


def word(text: str) -> str:
    """Return a name or value as a word of a text command, percent-encoded."""
    return quote(text, safe=_SAFE, errors="surrogateescape")


def handle_word(text: str) -> str:
    """Return a handle as a word of a text command, as it is.

    A text that no handle can be becomes one word, too, which no job has.
    """
    return quote(text, safe=string.punctuation, errors="surrogateescape") or "%00"


class Connection:
    """A blocking connection to a job server.

    Every method raises AdminError where the job server is lost, falls silent, or is
    none, and RefusedError where it answers with an error. After an AdminError that is
    not a RefusedError nothing more can be asked.
    """

    def __init__(
        self, server: str | Connector, timeout: float, tls: Tls | None = None
    ) -> None:
        """Connect.

        Raises:
            AddressError: ``server`` is no address.
            OptionError: a file of ``tls`` is wrong.
        """
        if isinstance(server, str):
            server = SocketConnector(parse_address(server), tls)
        self._address = str(server)
        self._timeout = timeout
        try:
            self._socket = server.connect(timeout)
        except OSError as error:
            raise AdminError(
                f"no job server answers on {self._address} ({reason(error)}):"
                " start it, or name another address"
            ) from None
        self._reader = self._socket.makefile("rb")

    def close(self) -> None:
        """Leave the job server; closing twice does nothing."""
        self._reader.close()
        self._socket.close()

    def ask(self, *lines: str) -> list[str]:
        """Send commands with one line for an answer each; return these lines."""
        self._send(lines)
        return [self._next_line() for _ in lines]

    def checked(self, line: str) -> str:
        """Return a line of an answer, unless it is an error."""
        if line.startswith("ERR "):
            raise self._refusal(line)
        return line

    def rows(self, line: str) -> list[str]:
        """Send a command that lists; return the rows."""
        self._send([line])
        rows: list[str] = []
        while (row := self._next_line()) != ".":
            # Where there may be rows, only the first line can be an error instead.
            rows.append(row if rows else self.checked(row))
        return rows

    def objects(self, line: str) -> list[dict[str, Any]]:
        """Send a command that lists; return its rows, each a JSON object."""
        self._send([line])
        rows = []
        while (row := self._next_line()) != ".":
            rows.append(self._object(row))
        return rows

    def not_understood(self, line: str) -> AdminError:
        """Return the error for an answer that no job server gives."""
        self.close()
        shown = repr(line[:_SHOWN]) + ("…" if len(line) > _SHOWN else "")
        return AdminError(
            f"what answers on {self._address} is no job server that can be asked this:"
            f" it said {shown}"
        )

    def _object(self, row: str) -> dict[str, Any]:
        if not row.startswith("{"):
            raise self.not_understood(self.checked(row))
        try:
            found: dict[str, Any] = json.loads(row)
        except ValueError:
            raise self.not_understood(row) from None
        return found

    def _send(self, lines: Sequence[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        try:
            self._socket.sendall(text.encode(errors="surrogateescape"))
        except OSError as error:
            raise self._lost(error) from None

    def _next_line(self) -> str:
        try:
            line = self._reader.readline()
        except OSError as error:
            raise self._lost(error) from None
        if not line.endswith(b"\n"):
            raise self._lost(None)
        return line.decode(errors="surrogateescape").rstrip("\r\n")

    def _refusal(self, line: str) -> AdminError:
        """Return the error for ``ERR CODE text+with+plusses``."""
        code, _, text = line.removeprefix("ERR ").partition(" ")
        if code == "UNKNOWN_COMMAND":
            return RefusedError(
                code,
                f"the job server on {self._address} does not know this command: it is"
                " no Geartrain, or another version",
            )
        text = text.replace("+", " ")
        return RefusedError(
            code, f"the job server on {self._address} refuses: {text or code}"
        )

    def _lost(self, error: OSError | None) -> AdminError:
        self.close()
        if isinstance(error, TimeoutError):
            return AdminError(
                f"{self._address} has been silent for {self._timeout:g} seconds: it is"
                " busy, or no job server"
            )
        why = f" ({reason(error)})" if error else ""
        return AdminError(
            f"{self._address} ended the connection{why}: it stopped, is no job server,"
            " or wants TLS or a certificate"
        )
