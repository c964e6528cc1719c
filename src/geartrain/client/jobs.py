"""Jobs that were submitted and are followed, in the blocking face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from geartrain.client.updates import JobStatus, Update, update
from geartrain.client.waiting import Waiter, outcome
from geartrain.codecs import Codec
from geartrain.errors import ClientError
from geartrain.seconds import Seconds

if TYPE_CHECKING:
    from geartrain.client.sync import Client

__all__ = ["FollowedJob", "SubmittedJob"]


class FollowedJob:
    """What both faces know of a job that was submitted."""

    def __init__(self, waiter: Waiter, codec: Codec) -> None:
        """Made by ``submit``."""
        self._waiter = waiter
        self._codec = codec
        self._result: list[Any] = []
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
        return self._waiter.call.unique.decode("utf-8", "surrogateescape")

    @property
    def done(self) -> bool:
        """Tell whether its end has been told. A background job's never is."""
        waiter = self._waiter
        if not waiter.call.is_foreground:
            return False
        return waiter.call.is_done or waiter.error is not None

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
        if not self._result:
            try:
                self._result.append(outcome(self._waiter, self._codec))
            except ClientError as error:
                self._error = error
                raise
        return self._result[0]

    def _taken(self) -> Iterator[Update]:
        """Give the updates that have arrived."""
        updates = self._waiter.updates
        while updates and not self._result:
            yield update(self._waiter.next_update(), self._codec)


class SubmittedJob(FollowedJob):
    """A job that was submitted: follow it, wait for its result, cancel it.

    Iterating gives an ``Update`` for all data, warnings and status, as they come, and
    ends when the job ends, however it does: ``result`` tells. What iteration has given
    is not in the result again.
    """

    def __init__(self, client: Client, waiter: Waiter, codec: Codec) -> None:
        """Made by ``Client.submit``."""
        super().__init__(waiter, codec)
        self._client = client

    def __iter__(self) -> Iterator[Update]:
        self._check_foreground()
        while True:
            yield from self._taken()
            if self.done:
                return
            self._client._wait_for_update(self._waiter)

    def result(self, timeout: Seconds | None = None) -> Any:
        """Wait for the job's end; return its result.

        A timeout leaves the job as it is: it can be waited for again.

        Raises:
            JobFailedError: it failed; JobExceptionError if its worker said why.
            JobTimeoutError: it did not end within ``timeout`` seconds.
            LostError: the connection was lost, and the job has no unique.
            ClientError: it is a background job.
        """
        self._check_foreground()
        if not self.done:
            self._client._wait_for_end(self._waiter, timeout)
        return self._settled()

    def status(self, timeout: Seconds | None = None) -> JobStatus:
        """Ask the job server how far it is; raises what ``Client.status`` raises."""
        return self._client.status(self.handle, timeout=timeout)

    def cancel(self, timeout: Seconds | None = None) -> None:
        """Have the job server end it; raises what ``Client.cancel`` raises."""
        self._client.cancel(self.handle, timeout=timeout)
