"""Tasks: jobs that are run together, each with its callbacks.

They work as those of PHP's extension and libgearman do: callbacks are those that were
set when the task was added, they get the task and its context, and one that returns a
true value stops ``run_tasks``.
"""

# Not `from __future__ import annotations`: of text, TypedDict has the compiler make
# types, which takes longer than the rest of the module.

from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypedDict

from geartrain.client.options import JobOptions
from geartrain.client.updates import job_status, number
from geartrain.client.waiting import Waiter, outcome, text
from geartrain.errors import ClientError, CodecError, OptionError
from geartrain.protocol.client import Event
from geartrain.protocol.constants import PacketType

__all__ = ["Callback", "Callbacks", "Task", "TaskOptions", "checked", "parted"]

Callback: TypeAlias = Callable[["Task", Any], Any]


class Callbacks(TypedDict, total=False):
    """What is called, with the task and its context, when something is told of it."""

    on_created: Callback | None
    on_data: Callback | None
    on_warning: Callback | None
    on_status: Callback | None
    on_complete: Callback | None
    on_exception: Callback | None
    on_fail: Callback | None


class TaskOptions(Callbacks, JobOptions, total=False):
    """The callbacks of a task, and the options of its submission."""


_NAMES: Final = frozenset(Callbacks.__annotations__)
# The callback of each packet type.
_OF: Final[dict[int, str]] = {
    PacketType.JOB_CREATED: "on_created",
    PacketType.WORK_DATA: "on_data",
    PacketType.WORK_WARNING: "on_warning",
    PacketType.WORK_STATUS: "on_status",
    PacketType.STATUS_RES: "on_status",
    PacketType.STATUS_RES_UNIQUE: "on_status",
    PacketType.WORK_COMPLETE: "on_complete",
    PacketType.WORK_EXCEPTION: "on_exception",
    PacketType.WORK_FAIL: "on_fail",
}


def parted(given: TaskOptions) -> tuple[Callbacks, JobOptions]:
    """Return the callbacks, and what else is given."""
    callbacks: Any = {}
    options: Any = {}
    for name, value in given.items():
        (callbacks if name.startswith("on_") else options)[name] = value
    return callbacks, options


def checked(callbacks: Callbacks) -> Callbacks:
    """Return callbacks; raises OptionError if there is no callback of a name."""
    unknown = sorted(callbacks.keys() - _NAMES)
    if unknown:
        raise OptionError(
            f"{unknown[0]} is no callback: use {', '.join(sorted(_NAMES))}"
        )
    return callbacks


class Task:
    """A job, or a question for one's status, that ``run_tasks`` runs.

    Attributes:
        function: of the job; empty for a question.
        unique: of the job; empty for none.
        context: what was given for the callbacks.
        data: what the last packet brought: decoded data or result, the bytes of a
            warning or exception; None for nothing.
        numerator: how much is done, as its worker said.
        denominator: of how much.
        known: the job server knows the job, if that was asked.
        running: a worker has it, if that was asked.
        result: what the job returned; None until then.
        error: why there is no result; None if nothing is wrong.
    """

    def __init__(
        self,
        waiter: Waiter,
        context: Any,
        callbacks: Callbacks,
    ) -> None:
        """Made by ``add_task`` and its like."""
        self.function = waiter.name if waiter.call.is_submission else ""
        self.unique = text(waiter.call.unique)
        self.context = context
        self.data: Any = None
        self.numerator: float = 0
        self.denominator: float = 0
        self.known = False
        self.running = False
        self.result: Any = None
        self.error: ClientError | None = None
        self.waiter = waiter
        self._callbacks = callbacks
        self._is_ended = False

    @property
    def handle(self) -> str:
        """Return the job's handle; empty until it is created."""
        return self.waiter.handle

    @property
    def done(self) -> bool:
        """Return whether it has ended and its callbacks have been called."""
        return self._is_ended

    def next(self, event: Event | None) -> Callback | None:
        """Take in a packet, None for an error; return the callback to call."""
        if event is None:
            self._is_ended = True
            self.error = self.waiter.error
            return self._callbacks.get("on_fail")
        try:
            self._take(event)
        except CodecError as error:
            self.error = error
            self._is_ended = self._is_ended or event.type == PacketType.WORK_COMPLETE
            return self._callbacks.get("on_fail") if self._is_ended else None
        return self._callbacks.get(_OF[event.type])  # type: ignore[return-value]

    def wants(self, event: Event) -> bool:
        """Return whether a packet is for a callback, and not kept for the result."""
        return _OF[event.type] != "on_data" or bool(self._callbacks.get("on_data"))

    def _take(self, event: Event) -> None:
        callback = _OF[event.type]
        if event is self.waiter.final:
            self._is_ended = True
            if self.waiter.call.is_submission:
                self._end(event)
                return
            found = job_status(event)
            self.known, self.running = found.known, found.running
            self.numerator, self.denominator = found.numerator, found.denominator
        elif callback == "on_status":
            self.numerator = number(event.arguments[1])
            self.denominator = number(event.arguments[2])
        elif callback == "on_data":
            self.data = self.waiter.codec.decode(event.arguments[1])
        elif callback == "on_created":
            self._is_ended = not self.waiter.call.is_foreground
        else:
            self.data = event.arguments[1]

    def _end(self, event: Event) -> None:
        try:
            self.result = self.data = outcome(self.waiter)
        except CodecError:
            raise
        except ClientError as error:
            self.error = error
            self.data = event.arguments[1] if len(event.arguments) > 1 else None


class TaskWaiter(Waiter):
    """A waiter that puts what is told of it in a line for the callbacks."""

    __slots__ = ("_notify", "line", "task")

    def __init__(
        self,
        waiter: Waiter,
        line: deque[tuple[Task, Event | None]],
        notify: Callable[[], None],
    ) -> None:
        super().__init__(waiter.call, waiter.name, waiter.codec)
        self.before = waiter.before
        self.line = line
        self._notify = notify
        self.task: Task

    def take(self, event: Event) -> None:
        """Take in a packet, and put it in the line."""
        super().take(event)
        if self.error is not None:
            self.line.append((self.task, None))
        elif self.task.wants(event):
            if self.updates and self.updates[-1] is event:
                self.drop_last()
            self.line.append((self.task, event))
        self._notify()

    def has_taken(self, event: Event) -> bool:
        """Return whether a packet was taken in although ``take`` was interrupted."""
        is_lined = any(each is event for _, each in self.line)
        return is_lined or super().has_taken(event)

    def lost(self, server: str, why: str) -> None:
        """Note that the connection was lost; put an error in the line if it is one."""
        super().lost(server, why)
        if self.error is not None:
            self.line.append((self.task, None))
        self._notify()
