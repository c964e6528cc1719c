"""How a client waits: what each of its faces does in a way of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from geartrain.client.adding import TaskClient
from geartrain.client.batches import Batches, UniqueOf
from geartrain.client.requests import Job, Name, Special
from geartrain.codecs import Codec, get_codec
from geartrain.seconds import Seconds

__all__ = [
    "DoneT",
    "HandleT",
    "HandlesT",
    "JobT",
    "NothingT",
    "ResultT",
    "ResultsT",
    "SecondsT",
    "StatusT",
    "Ways",
]

# What the methods return: a result, a handle, a job to follow, a status, the seconds of
# a ping, whether all tasks are done, nothing, many handles, many results.
ResultT = TypeVar("ResultT")
HandleT = TypeVar("HandleT")
JobT = TypeVar("JobT")
StatusT = TypeVar("StatusT")
SecondsT = TypeVar("SecondsT")
DoneT = TypeVar("DoneT")
NothingT = TypeVar("NothingT")
HandlesT = TypeVar("HandlesT")
ResultsT = TypeVar("ResultsT")


class Ways(
    TaskClient,
    Generic[
        ResultT,
        HandleT,
        JobT,
        StatusT,
        SecondsT,
        DoneT,
        NothingT,
        HandlesT,
        ResultsT,
    ],
):
    """What the methods of ``Verbs`` leave to the blocking and the asyncio client."""

    def _many(  # noqa: PLR0913
        self,
        function: Name,
        workloads: Iterable[Any],
        unique: UniqueOf | None,
        codec: str | Codec | None,
        priority: str,
        background: bool,
        special: Special,
        *,
        window: int,
        timeout: Seconds | None,
        progress: bool,
    ) -> Any:
        limit = self._limit(timeout)
        used = self._codec if codec is None else get_codec(codec)
        batches = Batches(
            function, workloads, used, unique, priority, background, window, special
        )
        return self._each(batches, limit, progress)

    @abstractmethod
    def _result(self, job: Job, timeout: Seconds | None) -> ResultT:
        """Submit a job; return its result when it is done."""

    @abstractmethod
    def _handle(self, job: Job, timeout: Seconds | None) -> HandleT:
        """Submit a job; return its handle once it is acknowledged."""

    @abstractmethod
    def _submitted(self, job: Job, timeout: Seconds | None) -> JobT:
        """Submit a job; return it once it is acknowledged."""

    @abstractmethod
    def _status(self, name: Name, by_unique: bool, timeout: Seconds | None) -> StatusT:
        """Ask one job server after the other; return the first that knows the job."""

    @abstractmethod
    def _kept_result(
        self, handle: Name, timeout: Seconds | None, codec: str | Codec | None
    ) -> ResultT:
        """Ask one job server after the other; wait on the first that knows the job."""

    @abstractmethod
    def _ping(self, data: Name, timeout: Seconds | None) -> SecondsT:
        """Send an echo; return the seconds until it was answered."""

    @abstractmethod
    def _cancel(self, handle: Name, timeout: Seconds | None) -> NothingT:
        """Cancel a job by the text command."""

    @abstractmethod
    def _each(self, batches: Batches, limit: float | None, progress: bool) -> Any:
        """Send jobs as there is room for them; give what has become of each."""

    @abstractmethod
    def _run_tasks(self, timeout: Seconds | None) -> DoneT:
        """Run the tasks that were added."""

    @abstractmethod
    def _close(self) -> NothingT:
        """End all connections."""
