"""What a PostgreSQL store keeps of the ends of jobs: a row each, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ENDING_FIELDS, FURTHER, Ending, ListEndings
from geartrain.stores.job_packing import digest
from geartrain.stores.packing import Packing
from geartrain.stores.postgresql.arrays import bigints, byteas, doubles
from geartrain.stores.postgresql.expiry import ExpiryTable
from geartrain.stores.postgresql.session import DatabaseSession

__all__ = ["last_ending", "list_endings", "write_endings"]

_PACKING: Final = Packing(ENDING_FIELDS)
# Rows that are looked at for one slice of a list: about 30 ms.
_MOST_LOOKED_AT: Final = 2000

_KEEP: Final = (
    "INSERT INTO @ending(lane, serial, expires, handle, function, unique_key, record)"
    " SELECT %s::smallint, serial, expires, handle, function, nullif(unique_key, 0),"
    " record FROM unnest(%s::int8[], %s::float8[], %s::int8[], %s::int8[], %s::int8[],"
    " %s::bytea[]) AS new(serial, expires, handle, function, unique_key, record)"
    " ON CONFLICT (lane, serial) DO UPDATE SET expires = excluded.expires,"
    " handle = excluded.handle, function = excluded.function,"
    " unique_key = excluded.unique_key, record = excluded.record"
)
_LIST: Final = (
    "SELECT serial, record FROM @ending WHERE lane = %s::smallint AND serial < %s{}"
    f" ORDER BY serial DESC LIMIT {_MOST_LOOKED_AT}"
)


def write_endings(
    session: DatabaseSession, lane: int, batch: Batch, expiry: ExpiryTable
) -> None:
    """Send what keeps the endings of a batch."""
    if not batch.endings:
        return
    # Of two with one serial the later counts; a statement may write a row only once.
    endings = [*{each.serial: each for each in batch.endings}.values()]
    expiry.note([each.until for each in endings])
    session.send(
        _KEEP,
        lane,
        bigints([each.serial for each in endings]),
        doubles([each.until for each in endings]),
        bigints([digest(each.handle) for each in endings]),
        bigints([digest(each.function) for each in endings]),
        bigints([digest(each.unique) if each.unique else 0 for each in endings]),
        byteas([_PACKING.pack(each) for each in endings]),
    )


def last_ending(session: DatabaseSession, lane: int) -> int:
    """Return the highest serial of an ending; 0 if none is kept."""
    text = "SELECT max(serial) FROM @ending WHERE lane = %s::smallint"
    ((found,),) = session.ask(text, lane)
    return found or 0


def list_endings(
    session: DatabaseSession, lanes: Sequence[int], query: ListEndings
) -> None:
    """Answer a query; endings that cannot be read are named and left out.

    Those of the first lane come first: serials of two lanes have no order.
    """
    places = _places(lanes, query.before)
    for turn, (lane, before) in enumerate(places, 1):
        last = _list(session, lane, before, query)
        if last:
            following = places[turn] if turn < len(places) else (0, 0)
            if last > 1:
                following = lane, last
            query.following = _place(lanes, *following)
            return


def _places(lanes: Sequence[int], before: int) -> list[tuple[int, int]]:
    """Return which lanes are to be looked at, and before which serial of each."""
    at, serial = divmod(before, FURTHER)
    first, *others = lanes
    if not at:
        return [(first, serial), *[(lane, FURTHER - 1) for lane in others]]
    # That lane may be another's since.
    left = [lane for lane in others if lane >= at]
    return [(lane, serial if lane == at else FURTHER - 1) for lane in left]


def _place(lanes: Sequence[int], lane: int, serial: int) -> int:
    """Return where a list goes on before a serial of a lane; 0 for nowhere."""
    return serial if lane in (0, lanes[0]) else lane * FURTHER + serial


def _list(session: DatabaseSession, lane: int, before: int, query: ListEndings) -> int:
    """Look at the endings of a lane; return the serial of the last if that is enough.

    0 is for a lane in which there are no more.
    """
    where, values = _condition(query)
    for serial, record in session.ask(_LIST.format(where), lane, before, *values):
        query.looked_at += 1
        try:
            ending = _unpack(serial, record)
        except ValueError:
            query.damaged.append(serial)
            continue
        if query.takes(ending):
            query.endings.append(ending)
        is_full = len(query.endings) == query.most
        if is_full or query.looked_at == _MOST_LOOKED_AT:
            return int(serial)
    return 0


def _condition(query: ListEndings) -> tuple[str, list[int]]:
    """Return what finds the fewest rows that may be wanted."""
    for column, name in (
        ("handle", query.handle),
        ("unique_key", query.unique),
        ("function", query.function),
    ):
        if name:
            return f" AND {column} = %s", [digest(name)]
    return "", []


def _unpack(serial: int, record: bytes) -> Ending:
    ending = Ending(b"", b"", b"", 0.0)
    ending.serial = serial
    _PACKING.unpack(ending, record)
    return ending
