"""Jobs that were submitted and are followed, in the asyncio face."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

from geartrain.client.jobs import FollowedJob
from geartrain.client.updates import JobStatus, Update
from geartrain.client.waiting import Waiter
from geartrain.codecs import Codec
from geartrain.seconds import Seconds

if TYPE_CHECKING:
    from geartrain.client.aio import AsyncClient

__all__ = ["AsyncSubmittedJob"]


class AsyncSubmittedJob(FollowedJob):
    """A job that was submitted: follow it, wait for its result, cancel it.

    Iterating gives an ``Update`` for all data, warnings and status, as they come, and
    ends when the job ends, however it does: ``result`` tells. What iteration has given
    is not in the result again. Awaiting the job is awaiting its result.
    """

    def __init__(self, client: AsyncClient, waiter: Waiter, codec: Codec) -> None:
        """Made by ``AsyncClient.submit``."""
        super().__init__(waiter, codec)
        self._client = client

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result().__await__()

    async def __aiter__(self) -> AsyncIterator[Update]:
        self._check_foreground()
        while True:
            for each in self._taken():
                yield each
            if self.done:
                return
            await self._client._wait_for_update(self._waiter)

    async def result(self, timeout: Seconds | None = None) -> Any:
        """Wait for the job's end; return its result.

        A timeout, or cancelling the task that waits, leaves the job as it is: it can
        be waited for again.

        Raises:
            JobFailedError: it failed; JobExceptionError if its worker said why.
            JobTimeoutError: it did not end within ``timeout`` seconds.
            LostError: the connection was lost, and the job has no unique.
            ClientError: it is a background job.
        """
        self._check_foreground()
        if not self.done:
            await self._client._wait_for_end(self._waiter, timeout)
        return self._settled()

    async def status(self, timeout: Seconds | None = None) -> JobStatus:
        """Ask the job server how far it is; raises what ``status`` raises."""
        return await self._client.status(self.handle, timeout=timeout)

    async def cancel(self, timeout: Seconds | None = None) -> None:
        """Have the job server end it; raises what ``AsyncClient.cancel`` raises."""
        await self._client.cancel(self.handle, timeout=timeout)
