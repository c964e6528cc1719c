"""Functions that split their workload and combine the results of the pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from geartrain.errors import WorkerError
from geartrain.worker.functions import as_bytes, is_async, takes_job

if TYPE_CHECKING:
    from geartrain.worker.jobs import BaseJob

__all__ = ["Aggregator", "Partition", "Partitioner"]

Partitioner: TypeAlias = Callable[..., Iterable[bytes | str]]
Aggregator: TypeAlias = Callable[[list[bytes]], bytes | str | None]


class Partition:
    """A handler that splits, submits each piece to the reducer, and aggregates.

    Equal to ``gearman_function_create_partition`` of libgearman.
    """

    def __init__(
        self, split: Partitioner, aggregator: Aggregator, reducer: str
    ) -> None:
        if is_async(split) or is_async(aggregator):
            raise WorkerError("a partitioner and its aggregator are plain functions")
        self._split = split
        self._aggregate = aggregator
        self._reducer = reducer
        self._takes_job = takes_job(split)

    def __call__(self, job: BaseJob) -> Any:
        """Return the job's result; raises JobFailedError if a piece's job fails."""
        given: Any = job if self._takes_job else job.workload
        pieces = (as_bytes(piece) for piece in self._split(given))
        reducer = job.reducer or self._reducer
        if not reducer:
            return self._aggregate(list(pieces))
        from geartrain.client import Client

        with Client(job.connector) as client:
            return self._aggregate(list(client.map(reducer, pieces)))
