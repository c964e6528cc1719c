"""What entries say of jobs: where these are not kept, the entries must not count them.

A store may refuse what is new in a batch and keep the rest, or find that a job is
another's twin. Were an entry kept as it is, a crash before the next batch would leave a
batch of jobs that waits for ever for those that never were, or an owner with more jobs
than it has.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from geartrain.engine.records import JobRecord, kept_text

__all__ = ["BATCH", "OUTCOME", "OWNER", "SUCCESSOR", "without"]

BATCH: Final = b"batch"
"""How far a batch of jobs is, by its name."""
SUCCESSOR: Final = b"successor"
"""What a job waits for, by its number."""
OUTCOME: Final = b"successor outcome"
"""What one of these has come to, by its number and a place."""
OWNER: Final = b"owner"
"""The jobs of an owner, and their bytes."""

_Entries = dict[tuple[bytes, bytes], bytes | None]
_Members = dict[bytes, list[JobRecord]]


def without(
    entries: _Entries, records: Collection[JobRecord], buried: Collection[int]
) -> tuple[_Entries, _Entries]:
    """Return entries as they are without new jobs, and which of them say otherwise.

    Those of the jobs that are ``buried`` are counted as dead letters.
    """
    if not records:
        return entries, {}
    batches, owners = _members(records)
    numbers = {b"%d" % each.number for each in records}
    kept: _Entries = {}
    changed: _Entries = {}
    for name, value in entries.items():
        kind, key = name
        if value is not None and kind in (SUCCESSOR, OUTCOME):
            is_new = key.partition(b".")[0] in numbers
            (changed if is_new else kept)[name] = value
            continue
        kept[name] = value
        if value is not None and kind == BATCH and key in batches:
            kept[name] = _smaller_batch(value, batches[key], buried)
            changed[name] = value
        elif value is not None and kind == OWNER and key in owners:
            kept[name] = _smaller_load(value, owners[key])
            changed[name] = value
    return kept, changed


def _members(records: Collection[JobRecord]) -> tuple[_Members, _Members]:
    """Return the jobs of each batch, and of each owner."""
    batches: _Members = {}
    owners: _Members = {}
    for record in records:
        batch = kept_text(record.options, b"batch") if record.options else b""
        if batch:
            batches.setdefault(batch, []).append(record)
        if record.owner:
            owners.setdefault(record.owner, []).append(record)
    return batches, owners


def _smaller_batch(
    value: bytes, mine: list[JobRecord], buried: Collection[int]
) -> bytes:
    values = json.loads(value)
    values["total"] -= len(mine)
    values["dead"] -= sum(each.number in buried for each in mine)
    return json.dumps(values).encode()


def _smaller_load(value: bytes, mine: list[JobRecord]) -> bytes:
    jobs, size = map(int, value.split(b" "))
    return b"%d %d" % (jobs - len(mine), size - sum(each.size for each in mine))
