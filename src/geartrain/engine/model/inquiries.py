"""Inquiries: what this job server asks others for somebody who asked it.

A driver sends each its line, and tells the engine what they said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import Query

__all__ = ["PATIENCE", "Inquiry", "Said", "is_unknown"]

PATIENCE: Final = 2.0
"""Seconds that a job server has for its answer, beyond what the command waits for."""

# How an answer begins of one that does not know what it was asked for.
_UNKNOWN: Final = (
    b"ERR UNKNOWN_JOB",
    b"ERR UNKNOWN_BATCH",
    b"ERR UNKNOWN_FUNCTION",
)
# How one begins of one that could not say whether it does.
_REFUSED: Final = (
    b"ERR NOT_ALLOWED",
    b"ERR UNKNOWN_COMMAND",
    b"ERR STORE_ERROR",
    b"ERR QUEUE_ERROR",
)
# Bytes of a row before which its state is, names included.
_HEAD: Final = 8192


class Said:
    """What one job server was asked, and said."""

    def __init__(self, identity: bytes, name: bytes, address: str) -> None:
        self.identity = identity
        """What tells its process apart."""
        self.name = name
        """What it is called."""
        self.address = address
        """Where it is."""
        self.link: LinkReport | None = None
        """The link by which it is asked; None if it is not."""
        self.line = b""
        """The command, with its end."""
        self.data = b""
        """Its whole answer."""
        self.error = ""
        """Why there is none; empty if there is, or none is needed any more."""


class Inquiry(Query):
    """A text command for other job servers."""

    def __init__(self, peer: Peer, said: list[Said], *, is_list: bool) -> None:
        super().__init__()
        self.peer = peer
        """For whom it is."""
        self.said = said
        """Who is asked, and who should be and cannot."""
        self.is_list = is_list
        """It is answered by rows up to a dot, unless it is refused; else by a line."""
        self.seconds = PATIENCE
        """How long to wait at most."""
        self.then: Callable[[Inquiry], None] | None = None
        """What takes the answers; None goes on with the peer's message."""
        self.about = b""
        """What is asked for, for who takes the answers."""
        self.is_for_one = False
        """One at most knows what is asked for: nobody need wait for the others then."""

    def is_over(self) -> bool:
        """Tell whether the one that knows has answered."""
        return self.is_for_one and self.found() is not None

    def found(self) -> Said | None:
        """Return the first that knows what it was asked for."""
        for each in self.said:
            data = each.data
            if data and not (is_unknown(data) or data.startswith(_REFUSED)):
                return each
        return None


def is_unknown(answer: bytes) -> bool:
    """Tell whether an answer says that nothing is known of what was asked for."""
    return answer.startswith(_UNKNOWN) or (
        # A quotation mark within a name has a backslash before it.
        answer.startswith(b"{") and b'"state": "unknown"' in answer[:_HEAD]
    )
