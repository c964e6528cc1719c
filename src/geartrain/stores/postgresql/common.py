"""Entries that all job servers of a store have in common, such as policies.

They are of lane 0. Whoever writes some raises their version first, which has others
wait until its transaction has ended: so a version that can be seen is that of all that
can be seen. Entries are few, and change when an operator says so: who sees another
version reads all of them, and compares.

How far the schedules have come that all have is of lane 0, too. The node that has that
lane writes it, and who has it next reads it once: it has no version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from geartrain.engine.records import COMMON_KINDS, LEADERS_KINDS, Entry
from geartrain.stores.postgresql.arrays import byteas, smallints
from geartrain.stores.postgresql.entry_keys import unpack_entry
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = [
    "COMMON_LANE",
    "CommonEntries",
    "parted",
    "raise_version",
    "read_progress",
    "share",
]

COMMON_LANE: Final = 0
"""The lane of entries that are everybody's."""

# Where somebody has deleted it by hand, it is the time from then on: nobody has seen
# that.
_RAISE: Final = (
    "WITH raised AS (UPDATE @common SET version = version + 1 RETURNING 1)"
    " INSERT INTO @common SELECT (extract(epoch FROM clock_timestamp())"
    " * 1000000)::int8 WHERE NOT EXISTS (SELECT 1 FROM raised)"
)
_VERSION: Final = "SELECT coalesce(sum(version), 0)::int8 FROM @common"
_ALL: Final = (
    "SELECT kind, key, value FROM @entry WHERE lane = %s::smallint"
    " AND kind = ANY(%s::bytea[])"
)
_THESE: Final = "lane = ANY(%s::smallint[]) AND kind = ANY(%s::bytea[])"
_ARE_SOME: Final = f"SELECT EXISTS (SELECT 1 FROM @entry WHERE {_THESE})"
_SHARE: Final = (
    f"WITH own AS (DELETE FROM @entry WHERE {_THESE} RETURNING kind, key, value)"
    " INSERT INTO @entry(lane, kind, key, value) SELECT %s::smallint, kind, key, value"
    " FROM own ON CONFLICT DO NOTHING"
)

_Name = tuple[bytes, bytes]


class CommonEntries:
    """What one job server knows of the entries that are everybody's."""

    def __init__(self) -> None:
        self._version = -1
        self._known: dict[_Name, bytes] = {}

    def read(self, session: DatabaseSession, entries: list[Entry]) -> None:
        """Put all beside a job server's own entries, in the order of kinds and keys."""
        self._version = -1
        self.look(session)
        entries += [Entry(*name, value) for name, value in self._known.items()]
        entries.sort(key=_name)

    def look(self, session: DatabaseSession) -> dict[_Name, bytes | None]:
        """Return what others have put, or removed, since the last look."""
        ((version,),) = session.ask(_VERSION)
        if version == self._version:
            return {}
        entries = _read(session, COMMON_KINDS)
        found = {_name(each): each.value for each in entries}
        known = self._known
        changes: dict[_Name, bytes | None] = {
            name: value for name, value in found.items() if known.get(name) != value
        }
        changes.update(dict.fromkeys(name for name in known if name not in found))
        self._version, self._known = version, found
        return changes

    def note(self, written: Mapping[_Name, bytes | None]) -> None:
        """Note what a transaction of ours has written; the next look sees the rest."""
        for name, value in written.items():
            if value is None:
                self._known.pop(name, None)
            else:
                self._known[name] = value


def _name(entry: Entry) -> _Name:
    return entry.kind, entry.key


def _read(session: DatabaseSession, kinds: Sequence[bytes]) -> list[Entry]:
    rows = session.ask(_ALL, COMMON_LANE, byteas(kinds))
    return [unpack_entry(*row) for row in rows]


def read_progress(session: DatabaseSession) -> list[Entry]:
    """Return what the node that led has left to the one that leads now."""
    return _read(session, LEADERS_KINDS)


def raise_version(session: DatabaseSession) -> None:
    """Say, and wait to be the one who may, that some are to be written."""
    session.send(_RAISE)


def parted(entries: Mapping[_Name, bytes | None]) -> list[dict[_Name, bytes | None]]:
    """Return the entries that are everybody's, those of who leads, and the others."""
    parts: list[dict[_Name, bytes | None]] = [{}, {}, {}]
    for name, value in entries.items():
        is_common, is_leaders = name[0] in COMMON_KINDS, name[0] in LEADERS_KINDS
        parts[0 if is_common else 1 if is_leaders else 2][name] = value
    return parts


def share(session: DatabaseSession, lanes: Sequence[int]) -> None:
    """Let everybody have what these lanes have of such entries.

    A job server of an earlier version has left them there; what is there in common
    already counts.
    """
    these = smallints(lanes), byteas(COMMON_KINDS)
    if session.ask(_ARE_SOME, *these)[0][0]:
        raise_version(session)
        session.send(_SHARE, *these, COMMON_LANE)
