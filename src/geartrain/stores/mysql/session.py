"""An open MySQL store: one transaction a batch, and what is known of its rows.

A commit takes two turns with the server, however many jobs there are: the first one
begins, passes the fence and reads the rows that the batch is about, the second one
writes and commits. Only where they do not fit in a packet there are more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from geartrain.engine.batches import Batch
from geartrain.engine.inventory import Inventory
from geartrain.engine.queries import DuePage, ListDead, ListJobs, Page
from geartrain.errors import StoreError
from geartrain.stores.job_packing import due_of
from geartrain.stores.mysql.connection import MysqlConnection, ServerAnswer
from geartrain.stores.mysql.endings import Endings
from geartrain.stores.mysql.entries import Entries, KeptSchedules
from geartrain.stores.mysql.jobs import Jobs
from geartrain.stores.mysql.lists import Lists
from geartrain.stores.mysql.ownership import Ownership
from geartrain.stores.mysql.pieces import MOST_INLINE, SCHEDULE, Pieces
from geartrain.stores.mysql.queues import MysqlQueues
from geartrain.stores.mysql.reading import Reader, kept_rows
from geartrain.stores.mysql.results import Results
from geartrain.stores.plan import Plan, admit, touched, wanted_keys
from geartrain.stores.queues import Queue

__all__ = ["MysqlSession"]


class MysqlSession:
    """One connection to a store whose tables are there, and the counts of its jobs.

    Attributes:
        connection: the connection.
        reader: reads single jobs and pages.
        results: the table of results.
        endings: the table of endings.
    """

    def __init__(
        self, connection: MysqlConnection, prefix: str, ownership: Ownership
    ) -> None:
        self.connection = connection
        self._prefix = prefix
        self._ownership = ownership
        self._queues = MysqlQueues(prefix)
        pieces = Pieces(prefix)
        self.reader = Reader(connection, prefix, self._queues, pieces)
        self.results = Results(prefix, pieces)
        self.endings = Endings(prefix)
        self._jobs = Jobs(prefix, pieces)
        self._lists = Lists(connection, prefix, self._queues, self.reader)
        self._entries = Entries(prefix)
        self._schedules = KeptSchedules(pieces)

    def load(self) -> None:
        """Read the counts of queues."""
        self._queues.load(self.connection)

    def inventory(self) -> Inventory:
        """Read what is kept, but no job; queues that are empty are forgotten."""
        self._queues.clean(self.connection)
        self.load()
        inventory = Inventory(self._highest())
        for queue in self._queues.by_id.values():
            said = queue.inventory()
            if queue.delayed:
                said.next_due = self.reader.next_due(queue, 0, False)
                said.next_steady = self.reader.next_due(queue, 0, True)
            inventory.queues.append(said)
        asked = self.connection.run(
            (
                self.results.next_expiry(),
                self.endings.next_expiry(),
                self.endings.last(),
                f"SELECT steady, calendar FROM {self._prefix}store",
            )
        )
        inventory.next_expiry = _earliest(asked[:2])
        inventory.last_ending = asked[2].rows[0][0] or 0
        steady, calendar = asked[3].rows[0]
        inventory.steady, inventory.calendar = due_of(steady)[0], due_of(calendar)[0]
        inventory.schedules = self._schedules.read(self.connection)
        inventory.entries = self._entries.read(self.connection)
        return inventory

    def _highest(self) -> int:
        """Return the highest number that was reserved or is kept."""
        asked = self.connection.run(
            (
                f"SELECT reserved FROM {self._prefix}store",
                f"SELECT MAX(number) FROM {self._prefix}jobs",
                f"SELECT MAX(number) FROM {self._prefix}results",
                f"SELECT MAX(number) FROM {self._prefix}pieces WHERE kind = {SCHEDULE}",
            )
        )
        return max(answer.rows[0][0] or 0 for answer in asked)

    def size(self) -> int | None:
        """Return the bytes of the tables, as far as the server knows them."""
        names = self._prefix.replace("_", r"\_")
        found = self.connection.rows(
            "SELECT SUM(data_length + index_length) FROM information_schema.tables"
            f" WHERE table_schema = DATABASE() AND table_name LIKE '{names}%'"
        )[0][0]
        return None if found is None else int(found)

    def page(self, query: Page | DuePage) -> None:
        """Answer a query for the next jobs of a queue."""
        queue = self._queue_of(query)
        if queue is None:
            return
        if isinstance(query, Page):
            self.reader.fill_page(queue, query)
        else:
            self.reader.fill_due_page(queue, query)

    def list_jobs(self, query: ListJobs) -> None:
        """Answer a query for a slice of the jobs."""
        self._lists.jobs(query)

    def list_dead(self, query: ListDead) -> None:
        """Answer a query for a slice of the dead letters."""
        self._lists.dead(query)

    def _queue_of(self, query: Page | DuePage) -> Queue | None:
        return self._queues.find(query.function, query.priority, query.queue_key)

    def commit(self, batch: Batch | None) -> None:
        """Apply a batch in a transaction; without one, try whether that can be done.

        Raises:
            ServerLostError: the connection is lost, and it is not known what has
                become of the transaction.
            StoreError: nothing of it is kept.
        """
        try:
            self._write(batch)
        except BaseException:
            self._queues.undo()
            with suppress(StoreError):
                self.connection.run(("ROLLBACK",))
            raise
        self._ownership.commits += 1
        self._queues.settle()

    def _write(self, batch: Batch | None) -> None:
        begin = ["BEGIN", self._ownership.fence(batch)]
        if batch is None:
            self._passed(self.connection.run(begin))
            self.connection.run(("COMMIT",))
            return
        kept = self.reader.kept(touched(batch))
        keys = wanted_keys(batch)
        twins = self.reader.twins(keys)
        expired: list[str] = []
        if batch.expired_until:
            expired.append(self.results.expired(batch.expired_until))
        found = self._passed(self.connection.run([*begin, *kept, *twins, *expired]))
        rows = [row for answer in found[: len(kept)] for row in answer.rows]
        heads = found[len(kept) : len(kept) + len(twins)]
        plan = Plan(
            batch,
            admit(batch, self._with_keys(heads, keys)),
            kept_rows(rows),
            self._queues,
            MOST_INLINE,
        )
        over = found[-1].rows if expired else ()
        answers = self.connection.run(self._written(batch, plan, over))
        if batch.expired_until:
            batch.next_expiry = _earliest(answers[-3:-1])

    def _passed(self, answers: Sequence[ServerAnswer]) -> Sequence[ServerAnswer]:
        """Return the answers behind the fence's.

        Raises:
            StoreError: it did not let the transaction through.
        """
        if answers[1].changed != 1:
            self.connection.run(("ROLLBACK",))
            raise self._ownership.refusal(self.connection)
        return answers[2:]

    def _with_keys(
        self, answers: Sequence[ServerAnswer], keys: set[bytes]
    ) -> dict[tuple[bytes, bytes], list[int]]:
        """Return the numbers of jobs with these keys, by function and key."""
        found: dict[tuple[bytes, bytes], list[int]] = {}
        for answer in answers:
            for record in self.reader.heads(answer.rows)[0]:
                if record.key in keys:
                    name = (record.function, record.key)
                    found.setdefault(name, []).append(record.number)
        return found

    def _written(
        self, batch: Batch, plan: Plan, expired: Sequence[Any]
    ) -> Iterator[str]:
        yield from self._jobs.written(plan)
        yield from self.results.written(batch, expired)
        yield from self.endings.written(batch)
        yield from self._schedules.written(batch)
        yield from self._entries.written(batch)
        yield from self._queues.written()
        if batch.expired_until:
            yield self.results.next_expiry()
            yield self.endings.next_expiry()
        yield "COMMIT"


def _earliest(answers: Sequence[ServerAnswer]) -> float:
    """Return the earliest of times as bits; 0 if there is none."""
    found = [answer.rows[0][0] for answer in answers if answer.rows[0][0]]
    return due_of(min(found))[0] if found else 0.0
