"""What a job server says of itself when it works for another one.

PROTOCOL, "Peers". A node, which is a job server that takes jobs of its peers, connects
as a worker. These options of its connection are Geartrain's own.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BUSY",
    "CRASH",
    "ENDED",
    "ENDINGS",
    "LATER",
    "MAX_NAME",
    "NODE",
    "RELEASE",
    "RELEASED",
    "RETRY",
    "SLOTS",
    "TIMEOUT",
    "ending",
    "introduction",
    "read_ending",
    "read_introduction",
]

NODE: Final = b"node\0"
"""What the option begins with by which a node says its identity and its name, and is
told those of the job server.
"""

BUSY: Final = b"busy"
"""The option of a node that sleeps and has no free worker any more: it is awake."""

LATER: Final = b"later\0"
"""What the option begins with by which a node asks for no more jobs of a function until
it sends CAN_DO of it again: a limit at the node lets none start soon.
"""

RELEASE: Final = b"release\0"
"""What the option begins with by which it gives a job back that has not begun."""

ENDED: Final = b"ended\0"
"""What the option begins with by which it tells how an attempt ended, where no packet
of a worker says so; what follows the handle is made by ``ending``.

To its links an engine tells the same as the text of a WORK_EXCEPTION that begins so, if
they have asked for ``ENDINGS``.
"""

ENDINGS: Final = b"endings"
"""The option of a link, within the process, that is told such endings."""

CRASH: Final = b"crash"
TIMEOUT: Final = b"timeout"
RETRY: Final = b"retry"
RELEASED: Final = b"release"

SLOTS: Final = b"slots\0"
"""What the option begins with by which a worker says how many jobs it has at once.

Only nodes need to know: a worker grabs as many as it can once it is awake.
"""

MAX_NAME: Final = 64
"""The most bytes of a node's name that are kept."""

# Of an identity, which is eight bytes in hexadecimal.
_MAX_IDENTITY: Final = 32
# Of a pause in milliseconds: some years.
_MOST_DIGITS: Final = 12


def introduction(identity: bytes, name: bytes) -> bytes:
    """Return the option by which a node is introduced, or the answer to it."""
    return NODE + identity + b"\0" + name


def read_introduction(option: bytes) -> tuple[bytes, bytes]:
    """Return the identity and name in such an option; empty where they are wrong."""
    identity, _, name = option.removeprefix(NODE).partition(b"\0")
    if not identity or len(identity) > _MAX_IDENTITY or not identity.isalnum():
        return b"", b""
    return identity, name[:MAX_NAME]


def ending(reason: bytes, pause: float, error: bytes) -> bytes:
    """Return how an attempt ended, in one text.

    ``pause`` is the seconds until the next one, where the reason is ``RETRY``.
    """
    return b"\0".join([reason, b"%d" % round(pause * 1000), error])


def read_ending(text: bytes) -> tuple[bytes, float, bytes]:
    """Return reason, pause and error; an empty reason where the text is wrong."""
    parts = text.split(b"\0", 2)
    if len(parts) < 3 or not parts[1].isdigit() or len(parts[1]) > _MOST_DIGITS:
        return b"", 0.0, b""
    return parts[0], int(parts[1]) / 1000, parts[2]
