r"""Other protocols on the job server's port, told apart from lines of text.

Any web page can have its reader's browser send bytes to 127.0.0.1:4730, and a form's
or ``fetch``'s body may hold whole lines and packets. Text commands are lines that
anything may precede, so a server that answers an unknown line and reads on carries
out what the page put into the body. No header tells such a request from an honest
one (after DNS rebinding even ``Host`` and ``Origin`` are the page's own): what looks
like HTTP is refused as a whole, before the first of the lines that came with it.

A browser can begin a stream otherwise only by TLS, where a session ticket of the
page's server is sent along as it is. Mail and chat clients greet with words of their
own. No line that Gearman has a meaning for matches any of this.
"""

from __future__ import annotations

import re
from typing import Final

from geartrain.errors import ForeignError
from geartrain.protocol.admin import COMMAND_WORDS, SPANS, error

__all__ = ["check_lines"]

_TLS: Final = b"\x16\x03"
_MOST_SHOWN: Final = 80

_COMMAND: Final = b"(?:" + b"|".join([*COMMAND_WORDS, *SPANS]) + rb")[ \t\r\n]"

# Each part costs a time in proportion to the line's length, whatever is in it.
_FOREIGN: Final = re.compile(
    rb"""
    ^[ \t\r\v\f]*+(?:
      (?P<http>
      # A header field: no command's first word has a colon.
        (?:host|origin|referer|cookie|user-agent|connection|(?:accept|content|sec)\b
           [a-z-]*)[ \t]*:
      | [a-z][0-9a-z_-]*:[ \t]
      | (?:get|head|post|put|delete|options|connect|patch|pri)\b(?=[ \t\r\n])
      # The command takes a number or an address, HTTP's method a path or URL.
      | trace[ \t]+(?:[/*]|https?:)
      | http/[0-9]
      # A method of any name with a path, or with a version at the end.
      | (?!"""
    + _COMMAND
    + rb""")[^ \t\n]+[ \t]+/
      | (?!"""
    + _COMMAND
    + rb""")[^ \t\n]+[ \t][^\n]*(?<=[ \t])http/[0-9.]*[ \t\r]*$
      # create and its like are methods as well: a path is no argument of theirs.
      | [^ \t\n]+[ \t]+(?:[/*]|[^ \t\n]*://)[^\n]*(?<=[ \t])http/[0-9.]*[ \t\r]*$
      )
      | (?:ehlo|helo|lhlo|starttls|auth|nick|user|pass|proxy|mail|rcpt)(?=[ \t\r\n])
      | ssh-[0-9] | (?:rtsp|sip|icap)/[0-9]
      | [^ \t\n]+[ \t][^\n]*(?<=[ \t])(?:rtsp|sip|icap)/[0-9.]*[ \t\r]*$
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)

_BODY: Final = b"This is the port of a Gearman job server, which does not speak HTTP.\n"
_HTTP_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n"
    b"\r\n" % len(_BODY)
) + _BODY
_ANSWER: Final = error(b"UNKNOWN_PROTOCOL", "this is the port of a Gearman job server")


def check_lines(data: bytes, start: int, most: int) -> int:
    r"""Refuse the lines of text from ``start`` on if one belongs to another protocol.

    These are whole lines, of ``most`` bytes or one line more. A last line without its
    end is looked at, too, for how it begins.

    Returns:
        Where they end: behind the data, where a packet begins, or where there are
        more lines to look at.

    Raises:
        ForeignError: with what that protocol's speaker is to be answered.
    """
    if data.startswith(_TLS, start):
        raise ForeignError(b"TLS", _shown(data[start:]), _ANSWER)
    end = data.find(b"\n", start + most) + 1 or len(data)
    packet = data.find(b"\n\0", start, end + 1)
    if packet >= 0:
        end = packet + 1
    found = _FOREIGN.search(data[start:end])
    if found is not None:
        line = data[start + found.start() : end].lstrip().partition(b"\n")[0]
        if found["http"] is not None:
            raise ForeignError(b"HTTP", _shown(line), _HTTP_ANSWER)
        raise ForeignError(b"another protocol", _shown(line), _ANSWER)
    return end


def _shown(line: bytes) -> bytes:
    """Return the beginning of a line as a log may show it."""
    return repr(line[:_MOST_SHOWN].rstrip()).removeprefix("b").encode()
