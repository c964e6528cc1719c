"""Trials: foreground jobs that were submitted from the dashboard, and what they tell.

A page cannot wait for a job, as it is asked for anew each second. So the dashboard is
the client that waits, and keeps the end of what it is told for whoever looks at it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from geartrain.client.updates import number
from geartrain.http.bridge import Bridge
from geartrain.http.problems import ProblemError
from geartrain.http.submissions import Bytes, JobLink, submit
from geartrain.http.visitors import Visitor
from geartrain.protocol.client import Event
from geartrain.protocol.constants import PacketType

__all__ = ["Trial", "Trials"]

# Bytes of data, and of a result, that are kept.
_KEPT: Final = 65536
# Jobs that are waited for at once, and that are remembered in all.
_MOST_RUNNING: Final = 20
_MOST: Final = 50
# Seconds for which a job is waited for: then it is given up, as nobody waits any more.
_LONGEST: Final = 3600.0


class Trial:
    """A foreground job, and what it has told.

    Attributes:
        handle: its handle.
        function: the name of its function.
        began: when it was submitted, in seconds since 1970.
        ended: when it ended; None if it has not.
        state: ``waiting``, ``succeeded`` or ``failed``.
        problem: why it failed, as its worker says, or the job server; empty if it has
            not.
        progress: numerator and denominator; None if its worker has told none.
        data: the last of the data that it streamed.
        data_size: the bytes of all of it.
        warnings: the last of its warnings.
        result: the beginning of the result that ended it.
        result_size: the bytes of that.
    """

    def __init__(self, handle: str, function: str, link: JobLink) -> None:
        self.handle = handle
        self.function = function
        self.began = time.time()
        self.ended: float | None = None
        self.state = "waiting"
        self.problem = ""
        self.progress: tuple[float, float] | None = None
        self.data = b""
        self.data_size = 0
        self.warnings: list[bytes] = []
        self.result = b""
        self.result_size = 0
        self._link = link

    async def run(self) -> None:
        """Take what is told until the job ends."""
        try:
            async with asyncio.timeout(_LONGEST):
                while self.ended is None:
                    self._take(await self._link.next())
        except TimeoutError:
            self._end("failed", f"it was given up after {_LONGEST:g} s")
        except ProblemError as problem:
            self._end("failed", str(problem))
        finally:
            self._link.close()

    def close(self) -> None:
        """Wait no longer; the job is given up."""
        self._link.close()

    def _take(self, event: Event) -> None:
        kind, arguments = event.type, event.arguments
        if kind == PacketType.WORK_STATUS:
            self.progress = number(arguments[1]), number(arguments[2])
        elif kind == PacketType.WORK_WARNING:
            self.warnings = [*self.warnings, arguments[1][:1000]][-20:]
        elif kind == PacketType.WORK_DATA:
            self.data_size += len(arguments[1])
            self.data = (self.data + arguments[1][-_KEPT:])[-_KEPT:]
        elif kind == PacketType.WORK_COMPLETE:
            self.result_size = len(arguments[1])
            self.result = arguments[1][:_KEPT]
            self._end("succeeded")
        elif kind == PacketType.WORK_EXCEPTION:
            self._end("failed", arguments[1][:_KEPT].decode("utf-8", "replace"))
        elif kind == PacketType.WORK_FAIL:
            self._end("failed", "its worker did not say why")

    def _end(self, state: str, problem: str = "") -> None:
        self.state, self.problem, self.ended = state, problem, time.time()


class Trials:
    """The latest of them."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._trials: OrderedDict[str, Trial] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(
        self,
        values: Mapping[str, Any],
        workload: bytes,
        visitor: Visitor,
        *,
        waits: bool,
    ) -> str:
        """Submit a job for a client; return its handle.

        Args:
            values: ``function``, ``priority``, and if need be ``unique``, ``delay``.
            workload: its workload.
            visitor: who submits it.
            waits: run it in the foreground, and keep what it tells.

        Raises:
            ProblemError: the job server refuses it, or too many are waited for.
        """
        if waits and len(self._tasks) >= _MOST_RUNNING:
            raise ProblemError(
                "unavailable",
                f"{_MOST_RUNNING} jobs are waited for already: submit it in the"
                " background",
            )
        link = JobLink()
        self._bridge.open(link, visitor)
        try:
            handle = await submit(link, dict(values), {}, Bytes(workload), waits)
        except BaseException:
            link.close()
            raise
        if waits:
            self._follow(Trial(handle, str(values["function"]), link))
        else:
            link.close()
        return handle

    def find(self, handle: str) -> Trial | None:
        """Return a trial by the handle of its job, if it is remembered."""
        return self._trials.get(handle)

    def close(self) -> None:
        """Wait for none any longer: the job server stops."""
        for trial in self._trials.values():
            trial.close()

    def _follow(self, trial: Trial) -> None:
        self._trials[trial.handle] = trial
        ended = [each for each in self._trials.values() if each.ended is not None]
        for old in ended[: max(len(self._trials) - _MOST, 0)]:
            del self._trials[old.handle]
        task = asyncio.ensure_future(trial.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
