"""Waits: text commands that are answered when a job has ended, or time is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geartrain.engine.timers import Timed

if TYPE_CHECKING:
    from geartrain.engine.model.peers import Peer

__all__ = ["ResultWait"]


class ResultWait(Timed):
    """A peer that waits for the end of a job; its timer rings when time is up."""

    def __init__(self, peer: Peer, handle: bytes) -> None:
        super().__init__()
        self.peer = peer
        """Who waits."""
        self.handle = handle
        """The job's handle."""
