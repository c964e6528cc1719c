"""The worker's side of an inline job server."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from geartrain.protocol.worker import Assignment, JobSlots, WorkerProtocol
from geartrain.testing.awaiting import InlineJob, awaited
from geartrain.testing.direct import DirectEngine
from geartrain.testing.recorder import Tap
from geartrain.transport.connect import Connector
from geartrain.worker.calls import perform
from geartrain.worker.functions import WorkerFunction
from geartrain.worker.jobs import WorkerJob

if TYPE_CHECKING:
    from geartrain.worker.base import BaseWorker

__all__ = ["Bench", "functions_of"]

# Ctrl-C stops the tests, and is not taken for a failure of the job.
_PASSING = (KeyboardInterrupt,)


def functions_of(worker: BaseWorker) -> dict[bytes, WorkerFunction]:
    """Return a worker's functions by their names on the wire."""
    return worker._functions


class Bench:
    """Runs one job at a time, as a worker that is connected to the job server.

    Attributes:
        connector: the connector for requests of jobs.
        protocol: the worker's protocol.
        is_busy: whether a job is running here.
    """

    def __init__(
        self, direct: DirectEngine, worker: BaseWorker, connector: Connector, tap: Tap
    ) -> None:
        self.connector = connector
        self.protocol = WorkerProtocol(
            JobSlots(1), worker.id.encode(), wants_options=True
        )
        self.is_busy = False
        self._direct = direct
        self._tap = tap
        self._worker = worker
        self._assigned: deque[Assignment] = deque()
        self._arrived: list[bytes] = []
        self._known: dict[bytes, WorkerFunction] = {}
        self._peer = direct.connect(0, self._arrived.extend)
        self.announce()
        self.protocol.begin()
        self.speak()

    @property
    def is_wanted(self) -> bool:
        """Return whether a job was assigned here that has not begun."""
        return bool(self._assigned)

    def announce(self) -> None:
        """Register and withdraw functions as the worker has since the last call."""
        functions = functions_of(self._worker)
        if functions == self._known:
            return
        for name in self._known.keys() - functions.keys():
            self.protocol.unregister(name)
        for name, function in functions.items():
            if self._known.get(name) is not function:
                self.protocol.register(name, function.milliseconds)
        self._known = dict(functions)

    def speak(self) -> bool:
        """Pass bytes on both ways until none are left; return whether any were."""
        spoke = False
        while self._arrived or self.protocol.has_output:
            spoke = True
            data = b"".join(self._arrived)
            self._arrived.clear()
            self._assigned.extend(self.protocol.receive(data))
            said = self.protocol.take()
            if said:
                self._direct.receive(self._peer, self._tap.incoming(said))
        return spoke

    def run(self) -> None:
        """Run the job that was assigned here."""
        assignment = self._assigned.popleft()
        function = functions_of(self._worker)[assignment.function]
        self.is_busy = True
        try:
            if function.is_async:
                job = InlineJob(self, assignment, function, self._worker.context)
                # It ends a job of either kind by the same names.
                perform(awaited(function), cast("WorkerJob", job), _PASSING)
            else:
                plain = WorkerJob(self, assignment, function, self._worker.context)
                perform(function, plain, _PASSING)
        finally:
            self.is_busy = False
            self.drop(assignment)

    def post(
        self, say: Callable[..., bool], assignment: Assignment, *arguments: bytes
    ) -> bool:
        """Send a packet about a job."""
        mine = say(assignment, *arguments)
        self.speak()
        return mine

    def look(self) -> None:
        """Receive what has come."""
        self.speak()

    def hang_up(self, error: Exception) -> None:
        """Do nothing: there is no connection to lose."""

    def drop(self, assignment: Assignment) -> None:
        """Give a job up without a packet."""
        self.protocol.drop(assignment)
        self.speak()
