"""A connection for text commands: it sends lines of words, and reads lines."""

from __future__ import annotations

import contextlib
import functools
import getpass
import json
import os
import socket
import string
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from geartrain.admin.spans import checked_span, tell_unanswered
from geartrain.errors import AdminError, OptionError, RefusedError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.seconds import Seconds, limit
from geartrain.texts import cut, quoted, visible
from geartrain.transport.address import parse_address
from geartrain.transport.connect import Connector, SocketConnector, reason
from geartrain.transport.lines import MOST_LINE, Lines, TooMuchError
from geartrain.transport.tls import Tls
from geartrain.transport.tokens import GivenToken

__all__ = ["AdminConnection", "handle_word", "word"]

# Punctuation that a word of a command holds as it is, and not percent-encoded.
_SAFE: Final = string.punctuation.replace("%", "")
_SHOWN: Final = 60
_REASON_SHOWN: Final = 1000
# Seconds to wait for an answer that takes long, before it is asked for again.
_LONGEST_WAIT: Final = 3600.0


def word(text: str) -> str:
    """Return a name or value as a word of a text command, percent-encoded.

    Raises:
        OptionError: it is not a ``str``, or holds a lone surrogate.
    """
    return _quoted(text, _SAFE)


def handle_word(text: str) -> str:
    """Return a handle as a word of a text command, which is not percent-encoded.

    A text that cannot be a handle becomes one word, too, which no job has. Raises what
    ``word`` raises.
    """
    return _quoted(text, string.punctuation) or "%00"


def _quoted(text: str, safe: str) -> str:
    if not isinstance(text, str):
        raise OptionError(f"a name or handle is text here, not {type(text).__name__}")
    try:
        return quote(text, safe=safe, errors="surrogateescape")
    except UnicodeEncodeError:
        raise OptionError(
            f"{text[:_SHOWN]!r} holds half a character (a lone surrogate): it cannot be"
            " sent"
        ) from None


def _unreached(address: str, error: OSError) -> str:
    """Return why a job server was not reached, and what to do about it."""
    why = reason(error)
    if isinstance(error, PermissionError):
        return (
            f"{address} refuses this connection ({why}): check the token, or who may"
            " use the socket"
        )
    if getattr(error, "verify_message", ""):
        return f"{address} answers, but {why}: name the authority that signed it"
    return (
        f"no job server answers on {address} ({why}): start it, or name another address"
    )


class AdminConnection:
    """A blocking connection to a job server.

    Every method raises AdminError if the job server is lost, falls silent, or turns
    out not to be one, and RefusedError if it answers with an error. After an AdminError
    that is not a RefusedError the connection is closed.

    Attributes:
        address: the address of the job server.
        patience: how many seconds an answer may take on purpose.
        unanswered: why the answers of other job servers are missing in the last list,
            by their names.
    """

    def __init__(
        self,
        server: str | Connector,
        timeout: Seconds | None,
        tls: Tls | None = None,
        token: GivenToken = None,
        span: str | None = None,
    ) -> None:
        """Connect; ``timeout`` is the seconds for that, and for each line of an answer.

        ``span`` is ``Admin``'s.

        Raises:
            AddressError: ``server`` is not an address.
            OptionError: the timeout is not a number, or a file of ``tls`` is wrong.
        """
        self._span = _prefix(span)
        self.unanswered: dict[str, str] = {}
        if isinstance(server, str):
            server = SocketConnector(parse_address(server), tls, token)
        self._timeout = limit(timeout)
        self.patience = _LONGEST_WAIT if self._timeout is None else self._timeout / 2
        self._server = server
        self.address = str(server)
        self._connect()

    def _connect(self) -> None:
        self._process = os.getpid()
        try:
            self._socket = self._server.connect(self._timeout)
        except OSError as error:
            raise AdminError(_unreached(self.address, error)) from None
        self._lines = Lines(self._socket, self._timeout)
        self._version = ""
        # Nobody answers it. Where the job server has gone, the first question says so.
        with contextlib.suppress(OSError):
            self._socket.sendall(_introduction())

    @contextlib.contextmanager
    def about(self, span: str | None) -> Iterator[None]:
        """Ask about other job servers in the block; None is those it asks about anyhow.

        Raises:
            OptionError: ``span`` is none.
        """
        before = self._span
        if span is not None:
            self._span = _prefix(span)
        try:
            yield
        finally:
            self._span = before

    def close(self) -> None:
        """Disconnect; closing twice does nothing."""
        self._socket.close()

    def ask(self, *lines: str) -> list[str]:
        """Send commands that are answered by one line each; return these lines."""
        answers = []
        with self._asking(lines):
            for _ in lines:
                self._lines.begin()
                answers.append(self._next_line())
        return answers

    def checked(self, line: str) -> str:
        """Return a line of an answer; raise the error that it may be."""
        if line.startswith("ERR "):
            raise self._refusal(line)
        return line

    def rows(self, line: str) -> list[str]:
        """Send a command that lists; return the rows."""
        rows: list[str] = []
        with self._asking([line]):
            while (row := self._next_line()) != ".":
                # Only the first line can be an error.
                rows.append(row if rows else self.checked(row))
        return rows

    def raw_rows(self, line: str) -> list[str]:
        """Send a command that lists; return the lines up to the very last dot.

        gearmand does not escape names: one may have line breaks, and even a line with
        only a dot. So the end is recognised by the answer to another command, which is
        sent along.
        """
        if not self._version:
            (self._version,) = self.ask("version")
        rows: list[str] = []
        with self._asking([line, "version"]):
            while (row := self._next_line()) != self._version or rows[-1:] != ["."]:
                if row == self._version and len(rows) == 1:
                    self.checked(rows[0])
                rows.append(row)
        return rows[:-1]

    def objects(self, line: str, most: int = MOST_LINE) -> list[dict[str, Any]]:
        """Send a command that lists; return its rows, each a JSON object.

        ``most`` is the maximum of a row in bytes.
        """
        rows = []
        with self._asking([line]):
            self._lines.begin(most)
            self.unanswered = {}
            while (row := self._next_line()) != ".":
                values = self._object(row)
                if "unanswered" in values:
                    self._note(values)
                else:
                    rows.append(values)
        return rows

    def _note(self, values: dict[str, Any]) -> None:
        """Note that the answer of another job server is missing."""
        name = f"{values['unanswered']} ({values.get('address')})"
        self.unanswered[name] = str(values.get("reason"))
        tell_unanswered(name, self.unanswered[name])

    def stream(self, line: str) -> Iterator[dict[str, Any]]:
        """Send a command that is answered as things happen; return its rows to come.

        Whoever does not wait for their end closes the connection.
        """
        with self._asking([line]):
            self.checked(self._next_line())
        return self._rows_to_come()

    def _rows_to_come(self) -> Iterator[dict[str, Any]]:
        with self._asking([]):
            while (row := self._next_line()) != ".":
                yield self._object(row)

    def not_understood(self, line: str) -> AdminError:
        """Close the connection; return the error for an answer that makes no sense."""
        self.close()
        return AdminError(
            f"{self.address} answered, but not as a Gearman job server that knows this"
            f" command: it said {quoted(line, _SHOWN)}"
        )

    def _object(self, row: str) -> dict[str, Any]:
        if not row.startswith("{"):
            raise self.not_understood(self.checked(row))
        try:
            found: dict[str, Any] = json.loads(row)
        except ValueError:
            raise self.not_understood(row) from None
        return found

    @contextlib.contextmanager
    def _asking(self, lines: Sequence[str]) -> Iterator[None]:
        """Send commands, and let the block read their answers.

        If an exception interrupts it, perhaps from a signal handler, the connection is
        closed: the rest of the answers must not pass for answers to later commands.
        """
        try:
            self._send(lines)
            yield
        except (AdminError, OptionError):
            raise
        except BaseException:
            self.close()
            raise

    def _send(self, lines: Sequence[str]) -> None:
        text = "".join(f"{self._span}{line}\n" for line in lines)
        try:
            data = text.encode(errors="surrogateescape")
        except UnicodeEncodeError:
            raise OptionError(
                "the command holds half a character (a lone surrogate): it cannot be"
                " sent"
            ) from None
        if self._process != os.getpid():
            # The connection belongs to the process that this one was forked from.
            self._socket.close()
            self._connect()
        self._lines.begin()
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(data)
        except OSError as error:
            raise self._lost(error) from None

    def _next_line(self) -> str:
        try:
            line = self._lines.next()
        except TooMuchError as error:
            self.close()
            raise AdminError(
                f"what answers on {self.address} is no job server: it sent {error}"
            ) from None
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
                f"the job server on {self.address} does not know this command: it is"
                " no Geartrain, or another version",
            )
        text = cut(visible(text.replace("+", " ")), _REASON_SHOWN)
        return RefusedError(
            code, f"the job server on {self.address} refuses: {text or code}"
        )

    def _lost(self, error: OSError | None) -> AdminError:
        self.close()
        if isinstance(error, TimeoutError):
            return AdminError(
                f"{self.address} has been silent for {self._timeout or 0:g} seconds:"
                " it is busy, or no job server"
            )
        why = f" ({reason(error)})" if error else ""
        return AdminError(
            f"{self.address} ended the connection{why}: it stopped, is no job server,"
            " or wants TLS or a certificate"
        )


def _prefix(span: str | None) -> str:
    """Return what stands before each command to say which job servers it is about."""
    span = checked_span(span)
    return f"{span} " if span else ""


@functools.cache
def _introduction() -> bytes:
    """Return the packet that tells the log of operators whose connection this is."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # No user has this number, as in some containers.
        user = f"uid-{os.getuid()}"
    name = "".join(f"{user}@{socket.gethostname()}".split())
    return request(PacketType.SET_CLIENT_ID, name.encode("utf-8", "replace"))
