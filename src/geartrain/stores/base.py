"""What a store is: the contract that ``tests/stores/test_contract.py`` holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from geartrain.engine.journal import Batch, JobRecord

__all__ = ["Store"]


class Store(ABC):
    """A durable set of background jobs.

    All methods may block. ``open`` comes first and ``close`` last; ``load`` is read to
    its end before the first ``commit``; no two run at the same time, but each may run
    on another thread.
    """

    @abstractmethod
    def open(self) -> int:
        """Open the store, making it if there is none.

        Returns the highest number that was ever reserved or kept, 0 if none was.

        Raises:
            StoreError: it cannot be opened, is in use by another job server, is
                damaged, or is of a kind or format this version does not know.
        """

    @abstractmethod
    def load(self) -> Iterator[JobRecord]:
        """Return all jobs kept, in the order of their numbers.

        Raises:
            StoreError: it cannot be read.
        """

    @abstractmethod
    def commit(self, batch: Batch) -> None:
        """Make a batch durable: all of it once this returns, nothing if it raises.

        Numbers in ``ended`` that are not kept are ignored; a batch may add a job and
        end it. ``added`` is applied before ``ended``.

        Raises:
            StoreError: it could not be written, with the reason; a later commit may
                succeed.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the store; closing it twice does nothing."""
