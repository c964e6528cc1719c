r"""gearmand's HTTP protocol: one request of HTTP is one job.

``gearmand --protocol=http`` has a port for it. The path is the function's name, the
body the workload; two headers of the request say whether the job is in the background
and how urgent it is, one has its unique. The answer comes when the job has ended, and
the connection is closed. This is no API of the job server's own: it is here for those
who have built on it.

What differs from gearmand, which corrupts answers, ends them early or never sends them,
stands in PROTOCOL.md, "gearmand's HTTP protocol".
"""

from __future__ import annotations

import re
from typing import Final

from geartrain.errors import ProtocolError
from geartrain.protocol.constants import MAX_ARGUMENTS_SIZE, PacketType
from geartrain.protocol.cross_site import is_cross_site, is_rebound
from geartrain.protocol.packets import request_header
from geartrain.protocol.replies import ReplyParser

__all__ = ["WebJob"]

# Bytes of a request's line and headers: what Apache and nginx take by default.
_LONGEST_HEAD: Final = 32 * 1024
# More digits than any length has, and the largest workload that, with its names, a
# packet's header can tell the size of.
_MOST_DIGITS: Final = 18
_LARGEST: Final = 0xFFFFFFFF - MAX_ARGUMENTS_SIZE

_METHODS: Final = (b"GET", b"HEAD", b"POST", b"PUT", b"TRACE")
_WITH_BODY: Final = (b"POST", b"PUT")
_FIRST_LINE: Final = re.compile(rb"([A-Z]+) (\S+) (HTTP/1\.[01])")

_WHERE_FROM: Final = (b"sec-fetch-site", b"origin", b"host")

_PRIORITIES: Final = {b"high": "_HIGH", b"low": "_LOW"}

# What ends a job, by the word that gearmand's answer has for it: it knows no
# WORK_EXCEPTION.
_ENDS: Final[dict[int, bytes]] = {
    PacketType.WORK_COMPLETE: b"WORK_COMPLETE",
    PacketType.WORK_FAIL: b"WORK_FAIL",
    PacketType.WORK_EXCEPTION: b"WORK_FAIL",
}
_STATUSES: Final = {
    b"QUEUE_ERROR": b"503 SERVICE_UNAVAILABLE",
    b"DATA_TOO_LARGE": b"413 TOO_LARGE",
}


class WebJob:
    """One connection's request, and its answer.

    Give it what arrives by ``receive``, and pass on the packets that this returns to
    the job server as a client's; give it what the job server answers by ``answer``.
    When ``is_over``, the connection is to be closed once what was returned is sent.
    """

    def __init__(self, server: bytes, says_version: bool) -> None:
        """Answer as ``server``; ``says_version`` answers HTTP/1.1 in kind, as 2.0."""
        self._server = server
        self._says_version = says_version
        self._head = b""
        self._missing = -1
        self._method = b""
        self._version = b"HTTP/1.0"
        self._is_background = False
        self._handle = b""
        self._result: list[bytes] = []
        self._replies = ReplyParser()
        self.reply = b""
        """What is to be sent without the job server: set by ``receive``."""
        self.is_over = False
        """The connection is at its end."""

    def receive(self, data: bytes) -> list[bytes]:
        """React to bytes of the peer; return packets, in pieces, for the job server."""
        if self.is_over:
            return []
        if self._missing >= 0:
            return self._body(data)
        self._head += data
        end, size = _end_of_head(self._head)
        if end < 0:
            self.is_over = len(self._head) > _LONGEST_HEAD
            return []
        head, rest = self._head[:end], self._head[end + size :]
        self._head = b""
        if end > _LONGEST_HEAD:
            self.is_over = True
            return []
        return self._begin(head, rest)

    def _begin(self, head: bytes, rest: bytes) -> list[bytes]:
        lines = [line.rstrip(b"\r") for line in head.split(b"\n")]
        first = _FIRST_LINE.fullmatch(lines[0])
        # gearmand, too, closes the connection and says nothing.
        if first is None or first[1] not in _METHODS or b"\0" in head:
            self.is_over = True
            return []
        self._method = first[1]
        if self._says_version:
            self._version = first[3]
        headers = _headers(lines[1:])
        function = _path(first[2], headers).lstrip(b"/")
        fault = self._fault(function, headers)
        return self._refuse(fault) if fault else self._submit(function, headers, rest)

    def _fault(self, function: bytes, headers: dict[bytes, bytes]) -> bytes:
        """Return the status that refuses a request; empty for one that is taken."""
        length = headers.get(b"content-length", b"0")
        if not function:
            return b"404 NOT_FOUND"
        if self._method == b"TRACE":
            return b"405 METHOD_NOT_ALLOWED"
        told = [headers.get(name, b"") for name in _WHERE_FROM]
        if is_cross_site(*told) or is_rebound(headers):
            return b"403 FORBIDDEN"
        if b"transfer-encoding" in headers:
            return b"411 LENGTH_REQUIRED"
        names = len(function) + len(headers.get(b"x-gearman-unique", b"-")) + 2
        is_number = length.isdigit() and len(length) <= _MOST_DIGITS
        if not is_number or names > MAX_ARGUMENTS_SIZE:
            return b"400 BAD_REQUEST"
        return b"413 TOO_LARGE" if int(length) > _LARGEST else b""

    def _submit(
        self, function: bytes, headers: dict[bytes, bytes], rest: bytes
    ) -> list[bytes]:
        unique = headers.get(b"x-gearman-unique", b"-")
        background = headers.get(b"x-gearman-background", b"")
        self._is_background = background.lower() == b"true"
        if self._method in _WITH_BODY:
            self._missing = int(headers.get(b"content-length", b"0"))
        else:
            self._missing = 0
        names = function + b"\0" + unique + b"\0"
        size = len(names) + self._missing
        return [
            request_header(self._packet_type(headers), size),
            names,
            *self._body(rest),
        ]

    def _packet_type(self, headers: dict[bytes, bytes]) -> int:
        """Return the type of the packet that submits the job."""
        priority = headers.get(b"x-gearman-priority", b"").lower()
        name = "SUBMIT_JOB" + _PRIORITIES.get(priority, "")
        return PacketType[name + ("_BG" if self._is_background else "")]

    def _body(self, data: bytes) -> list[bytes]:
        """Pass on what belongs to the body; what follows it is not read."""
        piece = data[: self._missing]
        self._missing -= len(piece)
        return [piece] if piece else []

    def is_read(self) -> bool:
        """Tell whether the whole request has come, or no more of it is wanted."""
        return self._missing == 0 or self.is_over

    def answer(self, data: bytes) -> bytes:
        """React to bytes that the job server sends its client; return what to send."""
        try:
            self._replies.feed(data)
            packet = self._replies.next()
            while packet is not None and not self.is_over:
                reply = self._react(packet.type, packet.arguments)
                if reply:
                    return reply
                packet = self._replies.next()
        except ProtocolError:
            # Text for those who do not speak Gearman: it was about to close.
            self.is_over = True
        return b""

    def _react(self, packet_type: int, arguments: list[bytes]) -> bytes:
        if packet_type == PacketType.JOB_CREATED:
            self._handle = arguments[0]
            return self._ended(b"JOB_CREATED") if self._is_background else b""
        if packet_type == PacketType.WORK_DATA:
            self._result.append(arguments[1])
        elif packet_type == PacketType.ERROR:
            return self._refused(arguments[0], arguments[1])
        elif packet_type in _ENDS:
            if packet_type == PacketType.WORK_COMPLETE:
                self._result.append(arguments[1])
            else:
                self._result = []
            return self._ended(_ENDS[packet_type])
        return b""

    def _ended(self, command: bytes) -> bytes:
        """Return the answer about a job, whose result a HEAD only asks about."""
        result = b"" if self._method == b"HEAD" else b"".join(self._result)
        headers = [b"X-Gearman-Job-Handle: " + self._handle]
        if self._method != b"HEAD":
            headers.append(b"X-Gearman-Command: " + command)
        headers.append(b"Content-Length: %d" % len(result))
        return self._whole(b"200 OK", [*headers, self._server_line()], result)

    def _refused(self, code: bytes, text: bytes) -> bytes:
        """Return the answer to a submission that the job server did not take."""
        status = _STATUSES.get(code, b"400 BAD_REQUEST")
        said = code + b": " + text + b"\n"
        headers = [b"X-Gearman-Command: ERROR", b"Content-Length: %d" % len(said)]
        body = b"" if self._method == b"HEAD" else said
        return self._whole(status, [*headers, self._server_line()], body)

    def _refuse(self, status: bytes) -> list[bytes]:
        """Have this said, and nothing be submitted."""
        headers = [self._server_line(), b"Content-Length: 0"]
        self.reply = self._whole(status, headers, b"")
        return []

    def _server_line(self) -> bytes:
        return b"Server: Gearman/" + self._server

    def _whole(self, status: bytes, headers: list[bytes], body: bytes) -> bytes:
        self.is_over = True
        if self._version == b"HTTP/1.1":
            headers = [*headers, b"Connection: close"]
        lines = [self._version + b" " + status, *headers, b"", b""]
        return b"\r\n".join(lines) + body


def _end_of_head(head: bytes) -> tuple[int, int]:
    """Return where the headers end and how long the blank line is; -1 if they do not.

    Lines may end without a carriage return, as they may at gearmand.
    """
    found = [(head.find(mark), len(mark)) for mark in (b"\r\n\r\n", b"\n\n")]
    ends = [each for each in found if each[0] >= 0]
    return min(ends) if ends else (-1, 0)


def _path(target: bytes, headers: dict[bytes, bytes]) -> bytes:
    """Return a target's path; what was sent to a proxy has the host before it."""
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        return target
    headers[b"host"], _, path = rest.partition(b"/")
    return path


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    """Return the headers by their names in lower case; of two, the first."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found
