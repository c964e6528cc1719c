"""All processes of ``geartrain worker``: started, looked after, and buried."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
from collections.abc import Callable, Iterator
from signal import SIGINT, SIGTERM

from geartrain.errors import StartError
from geartrain.supervisor.command import exit_text
from geartrain.supervisor.counts import Counts
from geartrain.supervisor.notes import Note
from geartrain.supervisor.options import Options
from geartrain.supervisor.process import Closable, Process
from geartrain.supervisor.slot import BACKOFF_MOST, Slot
from geartrain.supervisor.targets import Target
from geartrain.supervisor.verdicts import Verdict, fork_reporter, verdicts_on
from geartrain.supervisor.watch import FileWatch

__all__ = ["Crew"]

# In development the next attempt is worth more than the quiet.
_BACKOFF_MOST_WATCHING = 2.0
# When the system has no room for another process.
_NO_ROOM_PAUSE = 3.0
# Seconds between the end of what a process tells and its own end, at most.
_CUT_OFF = 2.0
_log = logging.getLogger("geartrain.supervisor")


class Crew:
    """The processes, those that should be and those that are.

    Attributes:
        slots: where processes should be.
        files: what was loaded, to be watched.
        is_stopping: nothing is started any more.
    """

    def __init__(
        self, options: Options, selector: selectors.BaseSelector, own: list[Closable]
    ) -> None:
        """Start nothing yet; children close what is this process's ``own``."""
        self.slots = [
            Slot(target) for target in options.targets for _ in range(options.processes)
        ]
        self.files = FileWatch()
        self.is_stopping = False
        self._options = options
        self._selector = selector
        self._own = own
        self._processes: set[Process] = set()
        self._reporters: set[int] = set()
        self._broken: dict[Target, str] = {}
        self._has_loaded = False
        self._done = 0
        self._failed = 0

    @property
    def is_over(self) -> bool:
        """Tell whether all is done after a stop."""
        return self.is_stopping and not self._processes and not self._reporters

    @property
    def is_healthy(self) -> bool:
        """Tell whether every target has a process that has made its worker."""
        return self._each_target_has(lambda process: process.is_loaded)

    @property
    def is_ready(self) -> bool:
        """Tell whether every target has a process that is connected to a job server."""
        return self._each_target_has(lambda process: bool(process.connections))

    def _each_target_has(self, is_so: Callable[[Process], bool]) -> bool:
        found = {
            slot.target
            for slot in self.slots
            if slot.process is not None and is_so(slot.process)
        }
        return len(found) == len(self._options.targets) and not self.is_stopping

    def counts(self) -> Counts:
        """Return what there is to say about all."""
        alive = self._processes
        return Counts(
            wanted=len(self.slots),
            up=sum(process.is_loaded for process in alive),
            busy=sum(len(process.board.jobs()) for process in alive),
            done=self._done + sum(process.board.done for process in alive),
            failed=self._failed + sum(process.board.failed for process in alive),
        )

    def fill(self, now: float) -> None:
        """Start what is due."""
        for slot in self.slots:
            is_due = slot.process is None and slot.due <= now
            if is_due and not self.is_stopping and self._may_start(slot.target):
                self._fill(slot, now)

    def _may_start(self, target: Target) -> bool:
        """Tell whether a target is worth another try: at the start it has to work."""
        return self._has_loaded or self._options.watch or target not in self._broken

    def start(self, target: Target) -> Process:
        """Start a process of a target, in no slot yet.

        Raises:
            OSError: the system has no room for one.
        """
        process = Process(target, self._options, self._all_open())
        self._processes.add(process)
        self._selector.register(process.notes, selectors.EVENT_READ, process)
        _log.debug("process %d of %s started", process.pid, target)
        return process

    def hear(self, process: Process) -> None:
        """Take in what a process tells."""
        for note in process.receive():
            self._heed(process, note)
        if process.notes.is_closed:
            self._selector.unregister(process.notes)

    def enforce(self, now: float) -> None:
        """Kill what takes too long."""
        for process in self._processes:
            if process.is_killed:
                continue
            overdue = process.overdue_jobs(now)
            if overdue:
                handles = ", ".join(os.fsdecode(job.handle) for job in overdue)
                _log.error(
                    "process %d of %s is killed: %s ran longer than %g s",
                    process.pid,
                    process.target,
                    handles,
                    overdue[0].limit,
                )
                process.kill()
            elif process.deadline is not None and now > process.deadline:
                self._kill(process, "it did not stop in time")
            elif process.cut_off is not None and now > process.cut_off + _CUT_OFF:
                process.misdeed = "it closed descriptors that it does not own"
                self._kill(process, process.misdeed)
            elif not process.is_loaded:
                self._tell_slow(process, now)

    def _kill(self, process: Process, why: str) -> None:
        _log.error("process %d of %s is killed: %s", process.pid, process.target, why)
        process.kill()

    def _tell_slow(self, process: Process, now: float) -> None:
        """Log that a process does not get on with loading, ever more rarely."""
        if now > process.started + process.patience:
            _log.warning(
                "process %d of %s has been loading for %.0f s",
                process.pid,
                process.target,
                now - process.started,
            )
            process.patience *= 2

    def bury(self, now: float) -> None:
        """Reap what has ended.

        Raises:
            StartError: not one target can be loaded, and none ever was.
        """
        self._reporters = {pid for pid in self._reporters if not _is_reaped(pid)}
        for process in list(self._processes):
            status = process.reap()
            if status is not None:
                self._bury(process, status, now)
        self._reap_strangers()
        if self._has_loaded or self._options.watch or self.is_stopping:
            return
        is_trying = any(not process.is_over for process in self._processes)
        if len(self._broken) == len(self._options.targets) and not is_trying:
            self.is_stopping = True
            raise StartError("no worker can be loaded")

    def stop(self, reason: str) -> None:
        """Have all processes finish, within the grace."""
        self.is_stopping = True
        for process in self._processes:
            process.stop(self._options.grace, reason)

    def kill(self) -> None:
        """End all processes at once; their jobs go back."""
        self.is_stopping = True
        for process in self._processes:
            process.leaves = process.leaves or "kill"
            process.kill()

    def _reap_strangers(self) -> None:
        """Reap what others left behind, which is for the first process of a container.

        A command that is killed leaves its own children to that process.
        """
        if not hasattr(os, "waitid"):
            return
        ours = {process.pid for process in self._processes} | self._reporters
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, look)) is not None:
                if found.si_pid in ours:
                    break
                os.waitpid(found.si_pid, 0)

    def _fill(self, slot: Slot, now: float) -> None:
        try:
            slot.process = self.start(slot.target)
        except OSError as error:
            slot.due = now + _NO_ROOM_PAUSE
            _log.error(
                "no process for %s can be started: %s, again in %.1f s",
                slot.target,
                error.strerror,
                _NO_ROOM_PAUSE,
            )

    def _all_open(self) -> Iterator[Closable]:
        yield from self._processes
        yield from self._own

    def _heed(self, process: Process, note: Note) -> None:
        if note.kind == "loaded":
            self._has_loaded = True
            if self._broken.pop(process.target, None) is not None:
                _log.info("%s can be loaded again", process.target)
        elif note.kind == "broken":
            self.files.add(note.values["files"])
            self._tell_broken(process.target, note.values["text"])
        elif note.kind == "connected" and note.descriptor is None:
            _log.warning(
                "too many open files: if process %d dies, its job servers see that"
                " before they are told why",
                process.pid,
            )
        elif note.kind == "files":
            self.files.add(note.values["files"])

    def _tell_broken(self, target: Target, text: str) -> None:
        """Log why a target cannot be loaded, unless it is known."""
        if self._broken.get(target) == text:
            return
        self._broken[target] = text
        *lines, last = text.splitlines() or ["no reason was given"]
        _log.error("%s cannot be loaded: %s", target, last.strip())
        for line in lines:
            _log.error("  %s", line)

    def _bury(self, process: Process, status: int, now: float) -> None:
        """Tell the job servers, count, and see to what comes after."""
        if not process.notes.is_closed:
            self.hear(process)
        if not process.notes.is_closed:
            # Something that it started and that left its group holds the other end.
            self._selector.unregister(process.notes)
        self._processes.remove(process)
        self._done += process.board.done
        self._failed += process.board.failed
        verdicts = verdicts_on(process, status, now)
        if verdicts:
            self._report(process, verdicts)
        if _ended_loading(process, status):
            how = process.misdeed or exit_text(status)
            self._tell_broken(process.target, f"{how} while it was loaded")
            process.is_broken = True
        slot = next((each for each in self.slots if each.process is process), None)
        if slot is None:
            _log.info("process %d of %s has ended", process.pid, process.target)
        else:
            self._empty(slot, process, status, now)
        process.close()

    def _report(self, process: Process, verdicts: list[Verdict]) -> None:
        try:
            pid = fork_reporter(process, verdicts, self._all_open())
        except OSError as error:
            _log.error("no job server is told about lost jobs: %s", error.strerror)
        else:
            self._reporters.add(pid)

    def _empty(self, slot: Slot, process: Process, status: int, now: float) -> None:
        """Have the slot of an ended process filled, at once or after a pause."""
        name = f"process {process.pid} of {process.target}"
        if process.leaves and (status == 0 or not process.is_loaded):
            _log.info("%s has ended: %s", name, process.leaves)
            slot.vacated(now)
        elif process.is_killed and not process.misdeed:
            slot.vacated(now)
        elif self.is_stopping:
            _log.error("%s: %s", name, exit_text(status))
            slot.process = None
        else:
            most = _BACKOFF_MOST_WATCHING if self._options.watch else BACKOFF_MOST
            pause = slot.crashed(process, now, most)
            if not process.is_broken:
                _log.error(
                    "%s: %s, started again in %.1f s", name, exit_text(status), pause
                )


def _ended_loading(process: Process, status: int) -> bool:
    """Tell whether the code that a process loaded has ended it, without a word."""
    if not process.is_loading or process.is_loaded or process.is_broken:
        return False
    if process.misdeed:
        return True
    # Those come from outside.
    told = process.is_killed or process.leaves or status in (-SIGTERM, -SIGINT)
    return not told


def _is_reaped(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] != 0
