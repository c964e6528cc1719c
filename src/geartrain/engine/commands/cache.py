"""The cache of results: a submission may be answered by a job that has succeeded.

A policy's ``cache_ttl`` says for how long. The store is asked, so the result is found
after a restart, too, and nothing of it takes memory.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.results import send_result
from geartrain.engine.jobs.submissions import is_certain
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindKey, Query
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

__all__ = ["is_answered"]

# The least time since which a job may have ended, because 0 stands for none.
_EARLIEST: Final = 1e-9


def is_answered(
    state: State, peer: Peer, submitted: Job, key: bytes, background: bool
) -> bool:
    """Answer a submission by a job of its function and key that has succeeded.

    Returns False if there is none; True also if the store has to be asked first. A
    submission that joins a job in memory, or is to run later, is never answered so.
    """
    ttl = functions.policy(state, submitted.function).cache_ttl
    if ttl == 0 or not state.journal.is_on or not is_certain(submitted):
        return False
    if submitted.due > 0 or submitted.function.keyed.get(key) is not None:
        return False
    if not peer.answers:
        state.ask(peer, _queries(state, submitted, key, ttl, background))
        return True
    record = _take_record(peer)
    if record is None:
        return False
    if background:
        peer.send(encode(PacketType.JOB_CREATED, record.handle))
    else:
        send_result(peer, record)
    return True


def _queries(
    state: State, submitted: Job, key: bytes, ttl: float, background: bool
) -> list[Query]:
    """Return what to ask the store.

    What one in the foreground will ask if it is not answered is asked along.
    """
    name = submitted.function.name
    now = state.server_time()
    queries: list[Query] = [FindResult(now, 0, name, key, max(now - ttl, _EARLIEST))]
    if not background:
        queries.append(FindKey(key, name))
    return queries


def _take_record(peer: Peer) -> ResultRecord | None:
    """Take what the store found; leave the other answers, which others look at."""
    found = peer.answers[0]
    if not isinstance(found, FindResult):
        return None
    peer.answers = peer.answers[1:]
    return found.record
