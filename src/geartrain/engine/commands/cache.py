"""Submissions that are answered by a job which has succeeded, and run no more.

A policy's ``cache_ttl`` says for how long after its end a job answers others with its
result, and ``dedupe_window`` for how long after its submission others are dropped. The
store is asked, so such a job is found after a restart, too, and takes no memory.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands.results import send_result
from geartrain.engine.jobs.submissions import is_certain
from geartrain.engine.model import counts
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import DROP
from geartrain.engine.queries import FindKey, Query
from geartrain.engine.results import FindResult, ResultRecord
from geartrain.engine.state import functions
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

__all__ = ["is_answered"]

# The least time since which a job may have ended, because 0 stands for none.
_EARLIEST: Final = 1e-9


def is_answered(
    state: State,
    peer: Peer,
    submitted: Job,
    key: bytes,
    background: bool,
    dedupe: str,
) -> bool:
    """Answer a submission by a job of its function and key that has succeeded.

    Returns False if there is none; True also if the store has to be asked first. A
    submission that joins a job in memory is never answered so, and one that is to run
    later only where it is to be dropped.
    """
    policy = functions.policy(state, submitted.function)
    ttl = policy.cache_ttl if submitted.due <= 0 else 0.0
    window = policy.dedupe_window if dedupe == DROP else 0.0
    if not (ttl or window) or not state.journal.is_on or not is_certain(submitted):
        return False
    if submitted.function.keyed.get(key) is not None:
        return False
    if not peer.answers:
        state.ask(peer, _queries(state, submitted, key, ttl, window, background))
        return True
    record = _take_record(state, peer)
    if record is None:
        return False
    count_job(state, submitted, counts.JOINED)
    if background:
        peer.send(encode(PacketType.JOB_CREATED, record.handle))
    else:
        send_result(peer, record)
    return True


def _queries(
    state: State,
    submitted: Job,
    key: bytes,
    ttl: float,
    window: float,
    background: bool,
) -> list[Query]:
    """Return what to ask the store.

    What will be asked if the submission is not answered is asked along. It also tells
    of a job that is about to end while the store answers.
    """
    name = submitted.function.name
    now = state.server_time()
    found = FindResult(now, 0, name, key, max(now - ttl, _EARLIEST) if ttl else 0.0)
    if window:
        found.submitted_since = max(now - window, _EARLIEST)
    queries: list[Query] = [found]
    if not background or submitted.function.paged_count():
        queries.append(FindKey(key, name))
    return queries


def _take_record(state: State, peer: Peer) -> ResultRecord | None:
    """Take what the store found; leave the other answers, which others look at."""
    found = peer.answers[0]
    if not isinstance(found, FindResult):
        return None
    peer.answers = peer.answers[1:]
    if found.record is None:
        for other in peer.answers:
            if isinstance(other, FindKey) and other.record is not None:
                record = state.journal.result_of(other.record.number)
                if record is not None and found.takes(record):
                    return record
    return found.record
