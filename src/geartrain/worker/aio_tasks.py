"""The tasks of an asyncio worker's handlers, which may refuse to end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from geartrain.protocol.worker import Assignment
from geartrain.worker.log import LOG

__all__ = ["Tasks"]

# How often a task is cancelled that is to end, and seconds it is given each time.
_TRIES: Final = 3
_PATIENCE: Final = 1.0


class Tasks:
    """The tasks that handlers run in, each for one job.

    Cancellations by the worker are told from those that a handler makes itself: the
    latter end its job and nothing else.

    Attributes:
        running: those of jobs that have not ended. To ask for its length takes 500
            instructions a job less than a method would.
    """

    def __init__(self) -> None:
        self.running: dict[Assignment, asyncio.Task[None]] = {}
        # Jobs have ended that these were for; they go on, and count no more.
        self._strays: set[asyncio.Task[None]] = set()
        self._doomed: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Return how many jobs have a task."""
        return len(self.running)

    def start(
        self, assignment: Assignment, coroutine: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Start the task of a job."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.running[assignment] = task
        return task

    def end(self, assignment: Assignment) -> None:
        """Take note that the task of a job, if it has one, is about to end."""
        task = self.running.pop(assignment, None)
        if not self._strays and not self._doomed:
            return
        task = task or asyncio.current_task()
        if task is not None:
            self._strays.discard(task)
            self._doomed.discard(task)

    def let_stray(self, assignment: Assignment) -> None:
        """Count a task no more that goes on though its job has ended."""
        task = self.running.pop(assignment, None)
        if task is not None:
            self._strays.add(task)

    def holds_current(self) -> bool:
        """Tell whether it is a handler's task that asks."""
        task = asyncio.current_task()
        return task is not None and (
            task in self.running.values() or task in self._strays
        )

    def is_doomed(self) -> bool:
        """Tell whether the task that asks is cancelled by the worker."""
        return asyncio.current_task() in self._doomed

    def cancel(self) -> None:
        """Cancel all but the task that asks."""
        current = asyncio.current_task()
        for task in [*self.running.values(), *self._strays]:
            if task is not current:
                self._doomed.add(task)
                task.cancel()

    async def finish(self) -> None:
        """Cancel all, and wait until they have ended, though not for ever.

        A handler may swallow its cancellation. It is left alone then, and hidden from
        ``asyncio.run``, which would wait for it.
        """
        current = asyncio.current_task()
        left = {*self.running.values(), *self._strays} - {current}
        for _ in range(_TRIES):
            if not left:
                break
            self.cancel()
            _, left = await asyncio.wait(left, timeout=_PATIENCE)
        for task in left:
            LOG.warning("a handler does not end that was cancelled: it is left")
            # For those that extend asyncio, so it says; nothing else takes a task
            # from the list of those that have to end with the event loop.
            asyncio.tasks._unregister_task(task)
        self.running = {}
        self._strays = set()
