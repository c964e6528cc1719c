"""The text command that tells how the store is."""

from __future__ import annotations

from geartrain.engine.commands.arguments import invalid
from geartrain.engine.commands.rows import row
from geartrain.engine.model.peers import Peer
from geartrain.engine.state.state import State
from geartrain.protocol.admin import END_OF_LIST, OK, error

__all__ = ["store"]


def store(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell in a row how the store is, and what waits to be saved."""
    if len(words) == 2 and words[1].lower() == b"backup":
        return _backup(state, peer)
    if len(words) > 1:
        return invalid("store takes nothing or the word backup")
    health, commits = state.health, state.health.commits
    said = row(
        {
            "store": health.location,
            "durability": health.durability or None,
            "state": health.state,
            "reason": health.reason or None,
            "since": health.since or None,
            "unsaved": state.journal.unsaved(),
            "unkept": state.journal.unkept(),
            "size": health.size,
            "free": health.free,
            "commits": {
                "count": commits.count,
                "refused": commits.refused,
                "seconds": round(commits.seconds, 6),
                "buckets": commits.durations,
            },
            "records": {"count": commits.records, "buckets": commits.sizes},
            "backup": health.backup or None,
            "backup_state": health.backup_state or None,
            "backup_reason": health.backup_reason or None,
        }
    )
    return said + END_OF_LIST


def _backup(state: State, peer: Peer) -> bytes:
    """Have the store copied, where only this machine can ask for it.

    The copy lies beside it, so nobody can have the job server write elsewhere.
    """
    if not peer.is_trusted:
        return error(
            b"NOT_ALLOWED", "store backup works on loopback and unix listeners only"
        )
    if not state.journal.keeps_jobs:
        return error(b"NO_STORE", "jobs are in memory only: there is nothing to copy")
    if state.health.backup_state == "running":
        return error(b"BUSY", "a backup is under way: store tells how it is")
    state.health.tell_backup("running", "", "")
    state.health.wants_backup = True
    return OK
