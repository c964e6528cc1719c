"""Jobs that were submitted and are followed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from geartrain.client.updates import JobStatus, Update, update
from geartrain.client.waiting import Waiter, is_done, outcome, text
from geartrain.errors import ClientError
from geartrain.seconds import Seconds

if TYPE_CHECKING:
    from geartrain.client.sync import Client
    from geartrain.client.verbs import Verbs

__all__ = ["FollowedJob", "SubmittedJob"]

# What the methods return, as those of the client do.
ResultT = TypeVar("ResultT")
StatusT = TypeVar("StatusT")
NothingT = TypeVar("NothingT")


class FollowedJob(ABC, Generic[ResultT, StatusT, NothingT]):
    """A job that was submitted, and the client that follows it."""

    _client: Verbs[Any, Any, Any, StatusT, Any, Any, NothingT, Any, Any]

    def __init__(self, waiter: Waiter) -> None:
        self._waiter = waiter
        self._outcome: list[Any] = []
        self._error: ClientError | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.handle} of {self.function}>"

    @property
    def handle(self) -> str:
        """Return the name that the job server gave it."""
        return self._waiter.handle

    @property
    def function(self) -> str:
        """Return the name of its function."""
        return self._waiter.name

    @property
    def unique(self) -> str:
        """Return its coalescing key; empty for none."""
        return text(self._waiter.call.unique)

    @property
    def done(self) -> bool:
        """Tell whether its end has been told. A background job's never is."""
        return self._waiter.call.is_foreground and is_done(self._waiter)

    def result(self, timeout: Seconds | None = None) -> ResultT:
        """Wait for the job's end; return its result.

        A timeout, or cancelling the task that waits, leaves the job as it is: it can
        be waited for again.

        Raises:
            JobFailedError: it failed; JobExceptionError if its worker said why.
            JobTimeoutError: it did not end within ``timeout`` seconds.
            LostError: the connection was lost, and the job has no unique.
            ClientError: it is a background job.
        """
        return self._result(timeout)

    def status(self, timeout: Seconds | None = None) -> StatusT:
        """Ask the job server how far it is; raises what the client's method raises."""
        return self._client.status(self.handle, timeout=timeout)

    def cancel(self, timeout: Seconds | None = None) -> NothingT:
        """Have the job server end it; raises what the client's method raises."""
        return self._client.cancel(self.handle, timeout=timeout)

    @abstractmethod
    def _result(self, timeout: Seconds | None) -> ResultT:
        """Wait for the job's end; return its result."""

    def _check_foreground(self) -> None:
        if not self._waiter.call.is_foreground:
            raise ClientError(
                f"job {self.handle} runs in the background: its result and progress are"
                " told to nobody. Ask for its status, or submit it without background"
            )

    def _settled(self) -> Any:
        """Return the result of a job that is done, the same each time."""
        if self._error is not None:
            raise self._error
        if not self._outcome:
            try:
                self._outcome.append(outcome(self._waiter))
            except ClientError as error:
                self._error = error
                raise
        return self._outcome[0]

    def _taken(self) -> Iterator[Update]:
        """Give the updates that have arrived."""
        waiter = self._waiter
        while waiter.updates and not self._outcome:
            yield update(waiter.next_update(), waiter.codec)


class SubmittedJob(FollowedJob[Any, JobStatus, None]):
    """A job that was submitted: follow it, wait for its result, cancel it.

    Iterating gives an ``Update`` for all data, warnings and status, as they come, and
    ends when the job ends, however it does: ``result`` tells. What iteration has given
    is not in the result again.
    """

    def __init__(self, client: Client, waiter: Waiter) -> None:
        """Made by ``Client.submit``."""
        super().__init__(waiter)
        self._client: Client = client

    def __iter__(self) -> Iterator[Update]:
        self._check_foreground()
        while True:
            yield from self._taken()
            if self.done:
                return
            self._client._wait_for_update(self._waiter)

    def _result(self, timeout: Seconds | None) -> Any:
        self._check_foreground()
        if not self.done:
            self._client._wait_for_end(self._waiter, timeout)
        return self._settled()
