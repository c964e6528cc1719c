"""What a MySQL store keeps of the ends of jobs: a row each, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ENDING_FIELDS, Ending, ListEndings
from geartrain.stores.job_packing import bits_of, digest
from geartrain.stores.mysql.connection import MysqlConnection
from geartrain.stores.mysql.statements import row_of, wide
from geartrain.stores.packing import Packing

__all__ = ["Endings"]

_PACKING: Final = Packing(ENDING_FIELDS)

# The most that one commit drops, and that one slice of a list looks at.
_MOST_DROPPED: Final = 1000
_MOST_LOOKED_AT: Final = 2000


class Endings:
    """The table of endings."""

    def __init__(self, prefix: str) -> None:
        self._table = f"{prefix}endings"

    def written(self, batch: Batch) -> Iterator[str]:
        """Return the statements that keep the endings of a batch, and drop some."""
        yield from wide(f"REPLACE INTO {self._table}", map(_row, batch.endings))
        if batch.expired_until:
            yield (
                f"DELETE FROM {self._table} WHERE expires <="
                f" {bits_of(batch.expired_until)} ORDER BY expires, serial"
                f" LIMIT {_MOST_DROPPED}"
            )

    def next_expiry(self) -> str:
        """Return the statement that finds when the first ending expires, as bits."""
        return f"SELECT MIN(expires) FROM {self._table}"

    def last(self) -> str:
        """Return the statement that finds the highest serial."""
        return f"SELECT MAX(serial) FROM {self._table}"

    def list(self, connection: MysqlConnection, query: ListEndings) -> None:
        """Answer a query; endings that cannot be read are named and left out."""
        rows = connection.rows(
            f"SELECT serial, record FROM {self._table}{_condition(query)}"
            f" ORDER BY serial DESC LIMIT {_MOST_LOOKED_AT}"
        )
        for serial, record in rows:
            query.looked_at += 1
            ending = Ending(b"", b"", b"", 0.0)
            ending.serial = serial
            try:
                _PACKING.unpack(ending, record)
            except ValueError:
                query.damaged.append(serial)
                continue
            if query.takes(ending):
                query.endings.append(ending)
            is_full = len(query.endings) == query.most
            if is_full or query.looked_at == _MOST_LOOKED_AT:
                query.following = serial if serial > 1 else 0
                return


def _row(ending: Ending) -> str:
    return row_of(
        ending.serial,
        bits_of(ending.until),
        digest(ending.handle),
        digest(ending.unique) if ending.unique else None,
        digest(ending.function),
        _PACKING.pack(ending),
    )


def _condition(query: ListEndings) -> str:
    """Return what finds the fewest rows that may be wanted."""
    before = f"serial < {query.before}"
    for column, name, index in (
        ("handle", query.handle, "handles"),
        ("unique_", query.unique, "uniques"),
        ("function", query.function, "functions"),
    ):
        if name:
            wanted = f"{column} = {digest(name)}"
            return f" FORCE INDEX ({index}) WHERE {wanted} AND {before}"
    return f" WHERE {before}"
