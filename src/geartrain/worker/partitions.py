"""Functions that split their workload and combine the results of the pieces.

A piece is a foreground job with a unique, made of the job's handle, the piece's place
and its bytes. So a piece that is under way when a connection breaks, or when the worker
that split is lost and another begins anew, is joined there and not run twice; and with
a ``cache_ttl`` of the reducer, pieces that were done are not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

from geartrain.errors import JobFailedError, WorkerError
from geartrain.texts import quoted
from geartrain.worker.functions import as_bytes, is_async, takes_job

if TYPE_CHECKING:
    from geartrain.client.options import JobOptions
    from geartrain.worker.jobs import BaseJob

__all__ = ["Aggregator", "Partition", "Partitioner"]

Partitioner: TypeAlias = Callable[..., Iterable[bytes | str]]
Aggregator: TypeAlias = Callable[[Iterator[bytes]], bytes | str | None]


class Partition:
    """A handler that splits, submits each piece to the reducer, and aggregates.

    Equal to ``gearman_function_create_partition`` of libgearman.
    """

    def __init__(
        self,
        split: Partitioner,
        aggregator: Aggregator,
        reducer: str,
        window: int,
        options: JobOptions,
    ) -> None:
        if is_async(split) or is_async(aggregator):
            raise WorkerError("a partitioner and its aggregator are plain functions")
        if type(window) is not int or window < 1:
            raise WorkerError(f"window={window!r}: give a number of pieces, 1 or more")
        self._split = split
        self._aggregate = aggregator
        self._reducer = reducer
        self._window = window
        self._options = options
        self._takes_job = takes_job(split)

    def __call__(self, job: BaseJob) -> Any:
        """Return the job's result; raises JobFailedError if a piece's job fails."""
        given: Any = job if self._takes_job else job.workload
        pieces = self._split(given)
        reducer = job.reducer or self._reducer
        if not reducer:
            return self._aggregate(as_bytes(piece) for piece in pieces)
        from geartrain.client import Client

        with Client(job.connector) as client:
            results = client.map(
                reducer,
                (as_bytes(piece) for piece in pieces),
                unique=_Uniques(job.handle),
                window=self._window,
                **self._options,
            )
            total = len(pieces) if isinstance(pieces, Sized) else 0
            return self._aggregate(_told(job, reducer, results, total))


class _Uniques:
    """Makes the unique of each piece of a job, in order."""

    def __init__(self, handle: str) -> None:
        self._handle = handle
        self._place = 0

    def __call__(self, piece: bytes) -> str:
        self._place += 1
        digest = blake2b(f"{self._handle} {self._place} ".encode(), digest_size=16)
        digest.update(piece)
        return digest.hexdigest()


def _told(
    job: BaseJob, reducer: str, results: Iterator[bytes], total: int
) -> Iterator[bytes]:
    """Give results while the job is wanted; tell how many, if the total is known."""
    done = 0
    try:
        for result in results:
            done += 1
            if not job.is_still_ours():
                raise WorkerError(f"job {job.handle} is not wanted any more")
            if total:
                job.send_status(done, total)
            yield result
    except JobFailedError as error:
        error.add_note(f"This was piece {done + 1}, a job of {quoted(reducer)}.")
        raise
