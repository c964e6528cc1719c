"""The tasks of an asyncio worker's handlers, which may ignore cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from geartrain.protocol.worker import Assignment
from geartrain.worker.log import LOG

__all__ = ["Tasks"]

# How often a task is cancelled at the end, and seconds to wait each time.
_TRIES: Final = 3
_PATIENCE: Final = 1.0


class Tasks:
    """The tasks in which handlers run, one per job.

    They tell cancellations by the worker from those that a handler causes itself, which
    end its job and nothing else.

    Attributes:
        running: the tasks of jobs that have not ended. Public, because a method that
            returns its length would take 500 instructions more per job.
    """

    def __init__(self) -> None:
        self.running: dict[Assignment, asyncio.Task[None]] = {}
        # These are still running although their jobs have ended. They do not count.
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
        """Forget the task of a job, which is about to end."""
        task = self.running.pop(assignment, None)
        if not self._strays and not self._doomed:
            return
        task = task or asyncio.current_task()
        if task is not None:
            self._strays.discard(task)
            self._doomed.discard(task)

    def let_stray(self, assignment: Assignment) -> None:
        """Stop counting a task that is still running although its job has ended."""
        task = self.running.pop(assignment, None)
        if task is not None:
            self._strays.add(task)

    def holds_current(self) -> bool:
        """Return whether the current task is a handler's."""
        task = asyncio.current_task()
        return task is not None and (
            task in self.running.values() or task in self._strays
        )

    def is_doomed(self) -> bool:
        """Return whether the worker has cancelled the current task."""
        return asyncio.current_task() in self._doomed

    def cancel(self) -> None:
        """Cancel all but the current task."""
        current = asyncio.current_task()
        for task in [*self.running.values(), *self._strays]:
            if task is not current:
                self._doomed.add(task)
                task.cancel()

    async def finish(self) -> None:
        """Cancel all and wait a few seconds for their end.

        A handler may swallow its cancellation. Then it is left running, and hidden from
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
            LOG.warning(
                "a handler ignores its cancellation, and is left running",
                extra={"action": "handler_left"},
            )
            # Documented for extensions of asyncio. There is no other way to take a
            # task off the list of those that asyncio.run() waits for.
            asyncio.tasks._unregister_task(task)
        self.running = {}
        self._strays = set()
