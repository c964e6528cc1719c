"""The results that a PostgreSQL store keeps: a row for each job that has ended."""

from __future__ import annotations

from typing import Any, Final

from geartrain.engine.batches import Batch
from geartrain.engine.results import RESULT_FIELDS, FindResult, ResultRecord
from geartrain.stores.packing import Packing
from geartrain.stores.postgresql.arrays import bigints, byteas, doubles, uuids
from geartrain.stores.postgresql.expiry import ExpiryTable
from geartrain.stores.postgresql.keys import key_of
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = ["find_result", "write_results"]

_PACKING: Final = Packing(RESULT_FIELDS)

_KEEP: Final = (
    "INSERT INTO @result(number, expires, lane, key, head, data)"
    " SELECT number, expires, %s::smallint, key, head, data FROM unnest(%s::int8[],"
    " %s::float8[], %s::uuid[], %s::bytea[], %s::bytea[])"
    " AS new(number, expires, key, head, data) ON CONFLICT (number) DO UPDATE SET"
    " expires = excluded.expires, lane = excluded.lane, key = excluded.key,"
    " head = excluded.head, data = excluded.data"
)
_FIND: Final = "SELECT number, head, data FROM @result WHERE number = %s"
# Rows of one key that are looked at for the newest that is wanted.
_LATEST: Final = (
    "SELECT number, head, data FROM @result WHERE key = %s::uuid"
    " ORDER BY number DESC LIMIT 100"
)


def write_results(
    session: DatabaseSession, lane: int, batch: Batch, expiry: ExpiryTable
) -> None:
    """Send what keeps the results of a batch."""
    records = [*batch.results.values()]
    if not records:
        return
    expiry.note([each.expires for each in records])
    keys = [key_of(each.function, each.key) if each.key else None for each in records]
    session.send(
        _KEEP,
        lane,
        bigints([each.number for each in records]),
        doubles([each.expires for each in records]),
        uuids(keys),
        byteas([_PACKING.pack(each) for each in records]),
        byteas([b"".join(each.pieces) for each in records]),
    )


def find_result(session: DatabaseSession, query: FindResult) -> None:
    """Answer a query; a record that cannot be read is named and not returned."""
    if query.number:
        rows = session.ask(_FIND, query.number)
    else:
        rows = session.ask(_LATEST, key_of(query.function, query.key).hex())
    for number, head, data in rows:
        try:
            record = _unpack(number, head, data)
        except ValueError:
            query.damaged.append(query.number)
            continue
        if query.takes(record):
            query.record = record
            return


def _unpack(number: Any, head: bytes, data: bytes) -> ResultRecord:
    record = ResultRecord(number, b"", b"")
    _PACKING.unpack(record, head)
    record.pieces = [data] if data else []
    return record
