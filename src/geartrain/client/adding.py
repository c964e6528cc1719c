"""The tasks that are added to a client, for ``run_tasks``."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Unpack

from geartrain.client import requests
from geartrain.client.base import BaseClient
from geartrain.client.batches import lost
from geartrain.client.requests import ABSENT, Headers, Job, Name, special
from geartrain.client.tasks import (
    Callback,
    Callbacks,
    Task,
    TaskOptions,
    TaskWaiter,
    checked,
    parted,
)
from geartrain.client.waiting import Waiter
from geartrain.codecs import Codec
from geartrain.protocol.client import Event

__all__ = ["TaskClient"]

# Tasks that are sent at once, at most.
_MAX_SLICE: Final = 128


class TaskClient(BaseClient):
    """A client that collects tasks, and says what to call for what was told of them."""

    def _prepare(self) -> None:
        self._callbacks: Callbacks = {}
        self._tasks: dict[Task, None] = {}
        # What was told of tasks whose callbacks have not been called.
        self._line: deque[tuple[Task, Event | None]] = deque()

    @abstractmethod
    def _told(self) -> None:
        """Notice that something was told of a task, or that it was lost."""

    def set_callbacks(self, **callbacks: Unpack[Callbacks]) -> None:
        """Set what is called for tasks that are added from here on.

        ``on_created``, ``on_data``, ``on_warning``, ``on_status``, ``on_complete``,
        ``on_exception`` and ``on_fail``, each with the task and its context. Those
        that are not named stay as they are.
        """
        self._callbacks = {**self._callbacks, **checked(callbacks)}

    def clear_callbacks(self) -> None:
        """Have nothing called for tasks that are added from here on."""
        self._callbacks = {}

    def add_task(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **given: Unpack[TaskOptions],
    ) -> Task:
        """Add a foreground job for ``run_tasks``.

        ``context`` is given to the callbacks; those named here take the place of what
        ``set_callbacks`` set. Beside them it takes the options of ``JobOptions``.
        Raises what ``do`` raises for names, workloads and options.
        """
        callbacks, options = parted(given)
        extra = special(headers, fail_without_worker, options)
        job = function, workload, unique, codec, "normal", False, extra
        return self._add(job, context, callbacks)

    def add_task_high(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **given: Unpack[TaskOptions],
    ) -> Task:
        """Add a foreground job of high priority, as ``add_task`` does."""
        callbacks, options = parted(given)
        extra = special(headers, fail_without_worker, options)
        job = function, workload, unique, codec, "high", False, extra
        return self._add(job, context, callbacks)

    def add_task_low(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        fail_without_worker: bool | None = None,
        **given: Unpack[TaskOptions],
    ) -> Task:
        """Add a foreground job of low priority, as ``add_task`` does."""
        callbacks, options = parted(given)
        extra = special(headers, fail_without_worker, options)
        job = function, workload, unique, codec, "low", False, extra
        return self._add(job, context, callbacks)

    def add_task_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        **given: Unpack[TaskOptions],
    ) -> Task:
        """Add a background job, as ``add_task`` does: it is done once created."""
        callbacks, options = parted(given)
        extra = special(headers, None, options)
        job = function, workload, unique, codec, "normal", True, extra
        return self._add(job, context, callbacks)

    def add_task_high_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        **given: Unpack[TaskOptions],
    ) -> Task:
        """Add a background job of high priority, as ``add_task_background`` does."""
        callbacks, options = parted(given)
        extra = special(headers, None, options)
        job = function, workload, unique, codec, "high", True, extra
        return self._add(job, context, callbacks)

    def add_task_low_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        headers: Headers | None = None,
        **given: Unpack[TaskOptions],
    ) -> Task:
        """Add a background job of low priority, as ``add_task_background`` does."""
        callbacks, options = parted(given)
        extra = special(headers, None, options)
        job = function, workload, unique, codec, "low", True, extra
        return self._add(job, context, callbacks)

    def add_task_status(
        self, handle: Name, context: Any = None, **callbacks: Unpack[Callbacks]
    ) -> Task:
        """Add a question for a job's status; ``on_status`` is called with the answer.

        Raises:
            OptionError: the handle can be none.
        """
        return self._added(requests.status(handle, False), context, callbacks)

    def add_task_status_by_unique(
        self, unique: Name, context: Any = None, **callbacks: Unpack[Callbacks]
    ) -> Task:
        """Do as ``add_task_status`` does, by the job's unique."""
        return self._added(requests.status(unique, True), context, callbacks)

    def _add(self, job: Job, context: Any, callbacks: Callbacks) -> Task:
        return self._added(requests.job(job, self._codec, 0), context, callbacks)

    def _added(self, waiter: Waiter, context: Any, callbacks: Callbacks) -> Task:
        both: Callbacks = {**self._callbacks, **checked(callbacks)}
        lined = TaskWaiter(waiter, self._line, self._told)
        task = lined.task = Task(lined, context, both)
        self._tasks[task] = None
        return task

    def _unsent(self) -> list[list[Waiter]]:
        """Return the tasks that have to be sent, in slices."""
        waiters = lost(task.waiter for task in self._tasks)
        return [
            waiters[start : start + _MAX_SLICE]
            for start in range(0, len(waiters), _MAX_SLICE)
        ]

    def _questions(self, batch: list[Waiter]) -> Iterator[Waiter]:
        """Give what has to be answered before tasks are sent: one for each server.

        A job server that knows no options refuses; the task is given up then.
        """
        asked: set[bytes] = set()
        for waiter in batch:
            before, waiter.before = waiter.before, None
            if before is None or waiter.route in asked:
                continue
            assert isinstance(waiter, TaskWaiter)
            asked.add(waiter.route)
            del self._tasks[waiter.task]
            yield from before
            self._tasks[waiter.task] = None

    def _due(self) -> Iterator[tuple[Task, Callback]]:
        """Take what has been told of the tasks; give what is to be called for it."""
        while self._line:
            task, event = self._line[0]
            callback = task.next(event)
            if task.done:
                self._tasks.pop(task, None)
            # Only then: an interruption before leaves the event to be told.
            self._line.popleft()
            if callback is not None:
                yield task, callback
