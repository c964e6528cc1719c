"""What a commit changes in the tables of jobs, as statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.records import JobRecord
from geartrain.stores.job_packing import digest, pack_head, size_of
from geartrain.stores.mysql.pieces import MOST_INLINE, WORKLOAD, Pieces, cut_workload
from geartrain.stores.mysql.statements import among, literal, row_of, wide
from geartrain.stores.plan import Plan

__all__ = ["Jobs"]

_CHANGE: Final = "ON DUPLICATE KEY UPDATE queue = VALUES(queue), due = VALUES(due)"


class Jobs:
    """The tables of jobs and dead letters."""

    def __init__(self, prefix: str, pieces: Pieces) -> None:
        self._jobs = f"{prefix}jobs"
        self._dead = f"{prefix}dead"
        self._pieces = pieces

    def written(self, plan: Plan) -> Iterator[str]:
        """Return the statements that carry out a plan."""
        yield from self._pieces.delete(WORKLOAD, plan.large)
        yield from among(f"DELETE FROM {self._dead} WHERE number", plan.raised)
        yield from among(f"DELETE FROM {self._jobs} WHERE number", plan.deleted)
        large = [each[0] for each in plan.inserted if size_of(each[0]) > MOST_INLINE]
        yield from wide(
            f"INSERT INTO {self._jobs}"
            " (number, queue, due, digest, size, failures, head, workload)",
            (_row(*each) for each in plan.inserted),
        )
        for record in large:
            pieces = cut_workload(record)
            yield from self._pieces.insert(WORKLOAD, record.number, pieces)
        # The rows are there, and so these are never inserted: of all ways to change
        # many rows, each in its own way, this is the one that every server has.
        yield from wide(
            f"INSERT INTO {self._jobs}"
            " (number, queue, due, failures, size, head, workload)",
            (
                f"({number},{queue},{due},{literal(failures)},0,'','')"
                for number, queue, due, failures in plan.changed
            ),
            f"{_CHANGE}, failures = VALUES(failures)",
        )
        yield from wide(
            f"INSERT INTO {self._jobs} (number, queue, due, size, head, workload)",
            (f"({number},{queue},{due},0,'','')" for number, queue, due in plan.moved),
            _CHANGE,
        )
        yield from wide(f"INSERT INTO {self._dead}", map(row_of, plan.buried))


def _row(record: JobRecord, queue: int, due: int, failures: bytes | None) -> str:
    workload, size = record.workload, len(record.workload)
    if record.more:
        size = size_of(record)
        workload = b"".join((workload, *record.more)) if size <= MOST_INLINE else b""
    elif size > MOST_INLINE:
        workload = b""
    key = digest(record.key) if record.key else "NULL"
    kept = "NULL" if failures is None else f"x'{failures.hex()}'"
    head = pack_head(record, workload).hex()
    return (
        f"({record.number},{queue},{due},{key},{size},{kept},x'{head}',"
        f"x'{workload.hex()}')"
    )
