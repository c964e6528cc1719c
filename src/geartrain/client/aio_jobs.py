"""Jobs that were submitted and are followed on an event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Generator
from typing import TYPE_CHECKING, Any

from geartrain.client.jobs import FollowedJob
from geartrain.client.updates import JobStatus, Update
from geartrain.client.waiting import Waiter
from geartrain.seconds import Seconds

if TYPE_CHECKING:
    from geartrain.client.aio import AsyncClient

__all__ = ["AsyncSubmittedJob"]


class AsyncSubmittedJob(
    FollowedJob[
        Coroutine[Any, Any, Any],
        Coroutine[Any, Any, JobStatus],
        Coroutine[Any, Any, None],
    ]
):
    """A ``SubmittedJob`` to await: awaiting the job is awaiting its result.

    It is iterated with ``async for``, and its methods are awaited.
    """

    def __init__(self, client: AsyncClient, waiter: Waiter) -> None:
        """Made by ``AsyncClient.submit``."""
        super().__init__(waiter)
        self._client: AsyncClient = client

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

    async def _result(self, timeout: Seconds | None) -> Any:
        self._check_foreground()
        if not self.done:
            await self._client._wait_for_end(self._waiter, timeout)
        return self._settled()
