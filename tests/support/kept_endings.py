"""Endings as stores keep them, and what a store has of them."""

from __future__ import annotations

from geartrain.engine.batches import Batch
from geartrain.engine.endings import ENDING_FIELDS, FURTHER, Ending, ListEndings
from geartrain.engine.results import SUCCEEDED
from geartrain.stores.base import Store
from tests.support.store_records import failures

__all__ = ["ending", "ending_values", "keeping", "kept_serials"]


def ending(
    serial: int, until: float = 2000.0, function: bytes = b"f", unique: bytes = b""
) -> Ending:
    """Return the ending of a job that succeeded after it had failed."""
    made = Ending(b"H:x:%d" % (serial + 7), function, SUCCEEDED, 1002.5)
    made.serial = serial
    made.unique = unique
    made.priority = serial % 3
    made.background = bool(serial % 2)
    made.submitted, made.started, made.until = 1000.125, 1001.25, until
    made.worker, made.address = b"id \xff", b"::1"
    made.failures = failures() if serial % 2 else None
    made.size, made.result_size = 2**31 - 1, serial
    return made


def ending_values(made: Ending) -> dict[str, object]:
    """Return all of an ending."""
    values = {each.name: getattr(made, each.name) for each in ENDING_FIELDS}
    told = made.failures
    values["failures"] = told and (told.attempts, told.reason, told.error, told.story)
    return values | {"serial": made.serial}


def keeping(*endings: Ending) -> Batch:
    """Return a batch that keeps endings."""
    made = Batch(1)
    made.endings = list(endings)
    return made


def kept_serials(store: Store, query: ListEndings | None = None) -> list[int]:
    """Return the serials of a list, or of all endings, slice by slice."""
    query = query or ListEndings(0.0, FURTHER - 1, 100)
    found: list[int] = []
    while True:
        store.list_endings(query)
        assert len(query.endings) <= query.most
        found += [each.serial for each in query.endings]
        if not query.following:
            return found
        query.before = query.following
        query.begin_again()
