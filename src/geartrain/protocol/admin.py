r"""The text protocol: a line of words in, lines out.

PROTOCOL, "Administrative Protocol". Answers end with ``\r\n`` or, where gearmand
lists rows, with ``\n`` and a lone ``.``; both are kept byte for byte.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ALL",
    "COMMAND_WORDS",
    "END_OF_LIST",
    "LOCAL",
    "OK",
    "PART",
    "SPANS",
    "UNTIL",
    "Command",
    "error",
    "ok",
    "parse_command",
]

OK: Final = b"OK\r\n"
END_OF_LIST: Final = b".\n"

# The first words of all commands. What looks like HTTP and begins with one of these
# may be a command all the same.
COMMAND_WORDS: Final = (
    b"actions",
    b"announce",
    b"cancel",
    b"cluster",
    b"counters",
    b"create",
    b"dead",
    b"drain",
    b"drop",
    b"events",
    b"fail",
    b"failures",
    b"follow",
    b"getpid",
    b"history",
    b"hooks",
    b"job",
    b"jobs",
    b"batch",
    b"batches",
    b"keys",
    b"marks",
    b"maxqueue",
    b"move",
    b"pause",
    b"policy",
    b"priority",
    b"prioritystatus",
    b"problems",
    b"purge",
    b"release",
    b"resume",
    b"result",
    b"retry",
    b"run",
    b"schedule",
    b"server",
    b"show",
    b"shutdown",
    b"statistics",
    b"status",
    b"store",
    b"upcoming",
    b"trace",
    b"verbose",
    b"version",
    b"why",
    b"workers",
)

LOCAL: Final = b"local"
"""Before a command: it is about the job server alone that is asked."""

ALL: Final = b"all"
"""Before a command: it is about all job servers, whatever store they have."""

PART: Final = b"part"
"""Before a command of a job server that puts together what all say."""

UNTIL: Final = b"until="
"""Behind ``PART``: the server time until which a change is to be made, or never."""

SPANS: Final = (LOCAL, ALL, PART)


class Command:
    """A line of the text protocol."""

    def __init__(self, words: list[bytes]) -> None:
        self.words = words
        """The line's words; a blank line has one empty word."""


def parse_command(line: bytes) -> Command:
    r"""Read a line without its ``\n``; a ``\r`` before that is no part of it."""
    if line.endswith(b"\r"):
        line = line[:-1]
    if not line or line.startswith(b" "):
        # gearmand takes a leading space for the end of an empty command.
        return Command([b""])
    return Command([word for word in line.split(b" ") if word])


def ok(text: bytes) -> bytes:
    r"""Return ``OK text\n``."""
    return b"OK " + text + b"\n"


def error(code: bytes, text: str = "") -> bytes:
    r"""Return ``ERR code text\r\n`` with ``+`` for the text's spaces."""
    return b"ERR " + code + _quoted(text) + b"\r\n"


def _quoted(text: str) -> bytes:
    return b" " + text.replace(" ", "+").encode() if text else b""
