"""Which of a batch's jobs are kept, and whose twins the others are.

A job with a key is inserted as the one that holds it, and PostgreSQL leaves it out if
another does: nothing is looked up for a key that is new. What an index cannot tell is
looked up first, where there is such a thing: jobs that have a key that another holds,
and holders that this batch makes dead letters of.
"""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.engine.batches import Batch
from geartrain.engine.records import JobRecord
from geartrain.errors import StoreError
from geartrain.stores.postgresql.arrays import bigints, smallints, uuids
from geartrain.stores.postgresql.insertion import Insertion
from geartrain.stores.postgresql.keys import key_of
from geartrain.stores.postgresql.ownership import Ownership
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = ["Admission"]

_Name = tuple[bytes, bytes]

_KEPT = (
    "SELECT DISTINCT ON (key) key, number FROM @job WHERE key = ANY(%s::uuid[])"
    " AND NOT is_dead AND number <> ALL(%s::int8[])"
    " AND (is_joined OR lane = ANY(%s::smallint[])) ORDER BY key, claim"
)
_JOIN = (
    "UPDATE @job SET is_joined = true WHERE key = ANY(%s::uuid[]) AND NOT is_dead"
    " AND NOT is_joined AND lane <> ALL(%s::smallint[])"
)
_GIVE_UP = (
    "UPDATE @job SET claim = number WHERE number = ANY(%s::int8[]) AND claim = 0"
    " AND key IS NOT NULL AND NOT is_dead"
)
# Another node's job can end between the insertion that met it and the look at it.
_TRIES = 10


class Admission:
    """The jobs that one transaction adds.

    Attributes:
        has_doubles: jobs have keys that they do not hold, after this.
    """

    def __init__(
        self,
        session: DatabaseSession,
        ownership: Ownership,
        serial: int,
        *,
        has_doubles: bool,
    ) -> None:
        self.has_doubles = has_doubles
        self._session = session
        self._insertion = Insertion(session, ownership.lane, serial)
        self._lanes = ownership.lanes
        self._is_shared = ownership.is_shared

    def add(self, batch: Batch) -> None:
        """Insert the jobs; tentative ones get twins instead.

        Raises:
            StoreError: a job has a number that is kept, or twins come and go.
        """
        buried = {each.number for each in batch.buried}
        kept: dict[bytes, int] = {}
        tentative = [each for each in batch.added if each.is_tentative and each.key]
        if tentative and (self.has_doubles or buried):
            kept = self._look_up(tentative, buried)
            if buried:
                self._session.send(_GIVE_UP, bigints([*buried]))
        groups = _Groups(batch.added, buried, kept)
        self._insertion.add(groups.plain)
        if self._is_shared:
            # Two that insert the same keys in other orders would wait for each other.
            groups.claiming.sort(key=lambda each: key_of(each.function, each.key))
        self._claim(groups.claiming)
        for follower, leader in groups.followers:
            follower.twin = leader.twin or leader.number

    def _claim(self, records: Sequence[JobRecord]) -> None:
        """Insert jobs with keys; tentative ones get twins where others hold these."""
        left = self._insertion.claim(records)
        for _ in range(_TRIES):
            if not left:
                return
            self._double([each for each in left if not each.is_tentative])
            tentative = [each for each in left if each.is_tentative]
            kept = self._look_up(tentative, ())
            for record in tentative:
                record.twin = kept.get(key_of(record.function, record.key), 0)
            left = self._insertion.claim([each for each in tentative if not each.twin])
        raise StoreError("other job servers added and ended the same jobs: try again")

    def put_back(self, records: Sequence[JobRecord]) -> None:
        """Insert jobs whose former rows this transaction has deleted."""
        self._insertion.add([each for each in records if not each.key])
        self._double(self._insertion.claim([each for each in records if each.key]))

    def _double(self, records: Sequence[JobRecord]) -> None:
        """Insert jobs beside others that hold their keys."""
        if records:
            self.has_doubles = True
            self._insertion.add(records)

    def settle(self) -> None:
        """Count what was inserted; the last that is to be called."""
        self._insertion.settle()

    def _look_up(
        self, records: Sequence[JobRecord], without: Sequence[int] | set[int]
    ) -> dict[bytes, int]:
        """Return the numbers of the kept jobs that have the keys of others."""
        keys = {key_of(each.function, each.key) for each in records}
        if not keys:
            return {}
        wanted, lanes = uuids(sorted(keys)), smallints(self._lanes)
        if self._is_shared:
            self._session.send(_JOIN, wanted, lanes)
        rows = self._session.ask(_KEPT, wanted, bigints([*without]), lanes)
        return {key.bytes: number for key, number in rows}


class _Groups:
    """The jobs of a batch by what becomes of them; some get their twins.

    Attributes:
        plain: jobs that hold no key.
        claiming: jobs that are to hold theirs.
        followers: tentative jobs, each with one before it that has its key.
    """

    def __init__(
        self, added: Sequence[JobRecord], buried: set[int], kept: dict[bytes, int]
    ) -> None:
        self.plain: list[JobRecord] = []
        self.claiming: list[JobRecord] = []
        self.followers: list[tuple[JobRecord, JobRecord]] = []
        leaders: dict[_Name, JobRecord] = {}
        for record in added:
            record.twin = 0
            if not record.key:
                self.plain.append(record)
                continue
            name = (record.function, record.key)
            if record.is_tentative:
                if (leader := leaders.get(name)) is not None:
                    self.followers.append((record, leader))
                    continue
                record.twin = kept.get(key_of(*name), 0) if kept else 0
                if record.twin:
                    continue
            if record.number in buried:
                self.plain.append(record)
            else:
                leaders.setdefault(name, record)
                self.claiming.append(record)
