"""What was sent and what came back, in a form two servers can share."""

from __future__ import annotations

import re
import time
import zlib
from dataclasses import dataclass, field

from proof.differential.wire import Packet, name_of

MONITOR = "differential-monitor"
_HANDLE = re.compile(rb"H:[\w.-]+:\d+")
_VERSION = re.compile(rb"^OK \d+\.\d+\S*$", re.MULTILINE)
_CONNECTION_ROW = re.compile(rb"^\d+ (127\.0\.0\.1 )", re.MULTILINE)
_MONITOR_ROW = re.compile(rb"^\d+ \S+ %s :.*\n" % MONITOR.encode(), re.MULTILINE)
_DUE_COLUMN = re.compile(rb"\t\d{10}$", re.MULTILINE)
_TIME = re.compile(rb"\b\d{10}\b")
_LONGEST_SHOWN = 220


class Handles:
    """Numbers job handles by their first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def real(self, number: int) -> bytes:
        """Return the handle that appeared as the ``number``-th, counted from 1."""
        for handle, known in self._numbers.items():
            if known == number:
                return handle
        raise AssertionError(
            f"only {len(self._numbers)} handles appeared: no H#{number}"
        )

    def normalise(self, data: bytes) -> bytes:
        """Replace each handle in ``data`` with ``H#<number>``."""
        return _HANDLE.sub(self._replace, data)

    def _replace(self, match: re.Match[bytes]) -> bytes:
        number = self._numbers.setdefault(match[0], len(self._numbers) + 1)
        return b"H#%d" % number


@dataclass
class Trace:
    r"""The events of one scenario on one server, one line each.

    A packet reads ``worker < JOB_ASSIGN H#1|reverse|text``, with ``|`` for each
    NUL byte; text reads ``admin < "OK\r\n"``.
    """

    pid: int
    lines: list[str] = field(default_factory=list)
    handles: Handles = field(default_factory=Handles)
    sent: set[int] = field(default_factory=set)
    received: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)

    @property
    def answers(self) -> tuple[str, ...]:
        """Return what the server did: the lines without what was sent to it."""
        return tuple(line for line in self.lines if " > " not in line)

    def note(self, who: str, what: str) -> None:
        """Record an event that is neither packet nor text, such as CLOSED."""
        self.lines.append(f"{who} {what}")

    def sent_packet(self, who: str, kind: int, body: bytes) -> None:
        self.sent.add(kind)
        self.lines.append(f"{who} > {name_of(kind)} {self._show_body(body)}".rstrip())

    def sent_bytes(self, who: str, data: bytes) -> None:
        shown = self._show_text(self.handles.normalise(data))
        self.lines.append(f"{who} > {shown}")

    def sent_command(self, who: str, line: bytes) -> None:
        self.commands.append(line.decode("latin-1"))
        self.sent_bytes(who, line)

    def came_packet(self, who: str, packet: Packet) -> None:
        self.received.add(packet.kind)
        shown = f"{name_of(packet.kind)} {self._show_body(packet.body)}"
        self.lines.append(f"{who} < {shown}".rstrip(" "))

    def came_text(self, who: str, text: bytes) -> None:
        text = self.handles.normalise(text)
        text = _VERSION.sub(b"OK VERSION", text)
        text = re.sub(rb"^OK %d$" % self.pid, b"OK PID", text, flags=re.MULTILINE)
        text = _DUE_COLUMN.sub(b"\tDUE", text)
        text = _MONITOR_ROW.sub(b"", text)
        text = _CONNECTION_ROW.sub(rb"FD \1", text)
        self.lines.append(f"{who} < {self._show_text(_sort_table(text))}")

    def _show_body(self, body: bytes) -> str:
        normal = _TIME.sub(_soon, self.handles.normalise(body))
        return _shorten(_escape(normal.replace(b"\0", b"|")), normal)

    def _show_text(self, text: bytes) -> str:
        return '"' + _shorten(_escape(text), text) + '"'


def _soon(match: re.Match[bytes]) -> bytes:
    """Replace a time of about now, which every run has another of."""
    is_near = abs(int(match[0]) - time.time()) < 3600
    return b"SOON" if is_near else match[0]


def _escape(data: bytes) -> str:
    return data.decode("latin-1").encode("unicode_escape").decode()


def _shorten(shown: str, data: bytes) -> str:
    """Show long bytes by their beginning, size and checksum."""
    if len(shown) <= _LONGEST_SHOWN:
        return shown
    return f"{shown[:40]}...({len(data)} bytes, crc {zlib.crc32(data):08x})"


def _sort_table(text: bytes) -> bytes:
    """Sort the rows of a single table: their order is nobody's promise."""
    lines = text.splitlines(keepends=True)
    if lines[-1:] != [b".\n"] or lines.count(b".\n") != 1:
        return text
    return b"".join([*sorted(lines[:-1]), b".\n"])
