"""What both faces share: their options, and the tasks that are added to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Unpack

from geartrain.client import requests
from geartrain.client.batches import lost
from geartrain.client.requests import ABSENT, Name
from geartrain.client.servers import ServerList
from geartrain.client.tasks import Callbacks, Task, TaskWaiter, checked
from geartrain.client.waiting import Waiter
from geartrain.codecs import Codec, get_codec
from geartrain.errors import OptionError
from geartrain.protocol.client import Event
from geartrain.seconds import Seconds, length, limit
from geartrain.transport.connect import Servers

if TYPE_CHECKING:
    from geartrain.transport.tls import Tls

__all__ = ["Face"]

_MAX_SLICE: Final = 128


class Face(ABC):
    """A client without its I/O."""

    def __init__(  # noqa: PLR0913
        self,
        servers: Servers = None,
        *,
        codec: str | Codec = "bytes",
        by: str = "order",
        tls: Tls | None = None,
        timeout: Seconds | None = None,
        connect_timeout: Seconds = 10.0,
        heartbeat: Seconds = 30.0,
        chunk_size: int = 8 * 1024 * 1024,
        max_connections: int = 64,
    ) -> None:
        """Prepare a client; it connects when it is first used.

        Args:
            servers: one or several, ``host:port`` or ``unix:/path``; a text may hold
                several, parted by commas. None is the environment's GEARMAN_SERVERS,
                or 127.0.0.1:4730.
            codec: how workloads and results become bytes; see ``geartrain.codecs``.
            by: ``order``: the first job server that can be reached; ``unique``: the
                one that a hash of the unique names, the next ones if it cannot be
                reached.
            tls: what to connect with; None is plain TCP.
            timeout: the most seconds that each call may take if it does not say
                itself; None without limit.
            connect_timeout: for how many seconds a call goes on trying to reach any
                of the job servers.
            heartbeat: how many seconds of silence end a connection on which something
                is awaited. The job server is asked for a sign of life at half of them.
            chunk_size: the most bytes of a workload in one packet where it is
                ``chunked``.

            max_connections: how many calls of a ``Client`` may be under way at a time,
                each on a connection to each job server it needs; further ones wait for
                one of them to end. Connections that were not needed for a minute are
                ended. An ``AsyncClient`` has one connection to each job server.

        All times are seconds, or a timedelta.

        Raises:
            OptionError: one of these is wrong.
        """
        for name, value in (
            ("chunk_size", chunk_size),
            ("max_connections", max_connections),
        ):
            if type(value) is not int or value < 1:
                raise OptionError(f"{name}={value!r}: give a whole number above 0")
        if chunk_size > requests.MAX_CHUNK:
            raise OptionError(
                f"chunk_size={chunk_size!r}: a packet holds at most"
                f" {requests.MAX_CHUNK} bytes"
            )
        self._servers = ServerList(servers, tls, by)
        self._codec = get_codec(codec)
        self._timeout = limit(timeout)
        self._connect_timeout = length(connect_timeout, "connect_timeout")
        self._heartbeat = length(heartbeat, "heartbeat")
        self._chunk_size = chunk_size
        self._max_connections = max_connections
        self._callbacks: Callbacks = {}
        self._tasks: dict[Task, None] = {}
        self._line: deque[tuple[Task, Event | None]] = deque()
        self._prepare()

    @abstractmethod
    def _prepare(self) -> None:
        """Make what a face needs for its I/O."""

    @abstractmethod
    def _told(self) -> None:
        """Notice that something was told of a task, or that it was lost."""

    def __repr__(self) -> str:
        servers = ", ".join(str(each) for each in self._servers.connectors)
        return f"{type(self).__name__}({servers!r})"

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
        **callbacks: Unpack[Callbacks],
    ) -> Task:
        """Add a foreground job for ``run_tasks``.

        ``context`` is given to the callbacks; those named here take the place of what
        ``set_callbacks`` set. Raises what ``do`` raises for names and workloads.
        """
        return self._add(
            (function, workload, unique), "normal", False, context, codec, callbacks
        )

    def add_task_high(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        **callbacks: Unpack[Callbacks],
    ) -> Task:
        """Add a foreground job of high priority, as ``add_task`` does."""
        return self._add(
            (function, workload, unique), "high", False, context, codec, callbacks
        )

    def add_task_low(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        **callbacks: Unpack[Callbacks],
    ) -> Task:
        """Add a foreground job of low priority, as ``add_task`` does."""
        return self._add(
            (function, workload, unique), "low", False, context, codec, callbacks
        )

    def add_task_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        **callbacks: Unpack[Callbacks],
    ) -> Task:
        """Add a background job, as ``add_task`` does: it is done once created."""
        return self._add(
            (function, workload, unique), "normal", True, context, codec, callbacks
        )

    def add_task_high_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        **callbacks: Unpack[Callbacks],
    ) -> Task:
        """Add a background job of high priority, as ``add_task_background`` does."""
        return self._add(
            (function, workload, unique), "high", True, context, codec, callbacks
        )

    def add_task_low_background(
        self,
        function: Name,
        workload: Any = ABSENT,
        context: Any = None,
        unique: Name = "",
        *,
        codec: str | Codec | None = None,
        **callbacks: Unpack[Callbacks],
    ) -> Task:
        """Add a background job of low priority, as ``add_task_background`` does."""
        return self._add(
            (function, workload, unique), "low", True, context, codec, callbacks
        )

    def add_task_status(
        self, handle: Name, context: Any = None, **callbacks: Unpack[Callbacks]
    ) -> Task:
        """Add a question for a job's status; ``on_status`` is called with the answer.

        Raises:
            OptionError: the handle can be none.
        """
        return self._added(requests.status(handle, False), None, context, callbacks)

    def add_task_status_by_unique(
        self, unique: Name, context: Any = None, **callbacks: Unpack[Callbacks]
    ) -> Task:
        """Do as ``add_task_status`` does, by the job's unique."""
        return self._added(requests.status(unique, True), None, context, callbacks)

    def _add(
        self,
        job: tuple[Name, Any, Name],
        priority: str,
        background: bool,
        context: Any,
        codec: str | Codec | None,
        callbacks: Callbacks,
    ) -> Task:
        function, workload, unique = job
        used = self._codec_of(codec)
        waiter = requests.job(function, workload, used, unique, priority, background)
        names = (waiter.name, requests.shown(unique))
        return self._added(waiter, used, context, callbacks, names)

    def _added(
        self,
        waiter: Waiter,
        codec: Codec | None,
        context: Any,
        callbacks: Callbacks,
        names: tuple[str, str] = ("", ""),
    ) -> Task:
        both: Callbacks = {**self._callbacks, **checked(callbacks)}
        lined = TaskWaiter(waiter, self._line, self._told)
        task = Task(lined, codec or self._codec, context, both, names)
        lined.task = task
        self._tasks[task] = None
        return task

    def _unsent(self) -> list[list[Waiter]]:
        """Return the tasks that have to be sent, in slices."""
        waiters = lost(task.waiter for task in self._tasks)
        return [
            waiters[start : start + _MAX_SLICE]
            for start in range(0, len(waiters), _MAX_SLICE)
        ]

    def _codec_of(self, codec: str | Codec | None) -> Codec:
        return self._codec if codec is None else get_codec(codec)

    def _chunks(self, chunked: bool) -> int:
        """Return the most bytes of a workload in one packet; 0 is without limit."""
        return self._chunk_size if chunked else 0

    def _limit(self, timeout: Seconds | None) -> float | None:
        """Return the timeout of a call in seconds; raises OptionError if it is none."""
        return self._timeout if timeout is None else limit(timeout)
