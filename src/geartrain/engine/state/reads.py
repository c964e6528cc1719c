"""Reads of kept jobs with their workloads, for peers that ask about one.

A question is answered without the workload first, which tells how large it is. Only
where there is memory for it is it read, so that many questions about large jobs do not
together take more than there may be.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State

__all__ = ["NO_MEMORY", "begin", "end"]

NO_MEMORY: Final = (
    "memory is full (--max-memory): the workload is not read now, ask again later"
)
"""What a peer is told that asks for a workload there is no memory for."""

# The last quarter of the limit is kept for results, as where jobs are submitted.
_KEPT_FREE: Final = 4


def begin(state: State, peer: Peer, size: int) -> bool:
    """Reserve memory to read ``size`` bytes for a peer; return False if there is none.

    They count until ``end`` is called, or the peer leaves.
    """
    memory = state.memory
    state.weigh()
    least = memory.limit // _KEPT_FREE
    if memory.limit and (memory.room.is_full or memory.room.left - size < least):
        return False
    memory.reads[peer] = memory.reads.get(peer, 0) + size
    memory.jobs += size
    return True


def end(state: State, peer: Peer) -> None:
    """Count what was read for a peer no more."""
    state.memory.jobs -= state.memory.reads.pop(peer, 0)
