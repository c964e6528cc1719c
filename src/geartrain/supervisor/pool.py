"""The processes of ``geartrain worker``: started, supervised, and reaped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from signal import SIGINT, SIGTERM

from geartrain.errors import StartError
from geartrain.supervisor.channel import Note
from geartrain.supervisor.command import exit_text
from geartrain.supervisor.options import WorkerOptions
from geartrain.supervisor.postmortem import Verdict, fork_reporter, judge
from geartrain.supervisor.process import Closable, Process
from geartrain.supervisor.slot import BACKOFF_MOST, ProcessSlot
from geartrain.supervisor.status import ProcessCounts
from geartrain.supervisor.targets import Target
from geartrain.supervisor.watch import FileWatch

__all__ = ["ProcessPool"]

# Maximum pause between crashes with --watch, in seconds: in development the next
# attempt matters more than a quiet log.
_BACKOFF_MOST_WATCHING = 2.0
# Seconds to wait when the system has no room for another process.
_NO_ROOM_PAUSE = 3.0
# Maximum number of seconds between the end of a process's channel and its own end.
_UNREACHABLE = 2.0
_log = logging.getLogger("geartrain.supervisor")


class ProcessPool:
    """The processes that run, and the slots where processes should run.

    Attributes:
        slots: one for each process that should run.
        files: the watch on the files that were loaded; None without ``--watch``.
        is_stopping: whether nothing is started any more.
        news: set when a process has sent a note.
    """

    def __init__(self, options: WorkerOptions, own: list[Closable]) -> None:
        """Start nothing yet; children close what the parent has in ``own``."""
        self.slots = [
            ProcessSlot(target)
            for target in options.targets
            for _ in range(options.processes)
        ]
        self.files = FileWatch() if options.watch else None
        self.is_stopping = False
        self.news = asyncio.Event()
        self._options = options
        self._own = own
        self._processes: set[Process] = set()
        self._reporters: set[int] = set()
        self._broken: dict[Target, str] = {}
        self._has_loaded = False
        self._done = 0
        self._failed = 0

    @property
    def is_over(self) -> bool:
        """Return whether all processes have ended after a stop."""
        return self.is_stopping and not self._processes and not self._reporters

    @property
    def is_healthy(self) -> bool:
        """Return whether every target has a process that has loaded its worker."""
        return self._each_target_has(lambda process: process.is_loaded)

    @property
    def is_ready(self) -> bool:
        """Return whether every target has a process connected to a job server."""
        return self._each_target_has(lambda process: bool(process.connections))

    def _each_target_has(self, is_so: Callable[[Process], bool]) -> bool:
        found = {
            slot.target
            for slot in self.slots
            if slot.process is not None and is_so(slot.process)
        }
        return len(found) == len(self._options.targets) and not self.is_stopping

    def counts(self) -> ProcessCounts:
        """Return the counts of all processes."""
        alive = self._processes
        return ProcessCounts(
            wanted=len(self.slots),
            up=sum(process.is_loaded for process in alive),
            busy=sum(len(process.scoreboard.jobs()) for process in alive),
            done=self._done + sum(process.scoreboard.done for process in alive),
            failed=self._failed + sum(process.scoreboard.failed for process in alive),
        )

    def fill(self, now: float) -> None:
        """Start the processes that are due."""
        for slot in self.slots:
            is_due = slot.process is None and slot.due <= now
            if is_due and not self.is_stopping and self._may_start(slot.target):
                self._fill(slot, now)

    def _may_start(self, target: Target) -> bool:
        """Return whether to start a target again: the first start has to succeed."""
        return self._has_loaded or self._options.watch or target not in self._broken

    def start(self, target: Target) -> Process:
        """Start a process of a target, outside the slots.

        Raises:
            OSError: the system has no room for another process.
        """
        process = Process(target, self._options, self._all_open())
        self._processes.add(process)
        loop = asyncio.get_running_loop()
        loop.add_reader(process.channel.fileno(), self.receive, process)
        _log.debug(
            "process %d of %s started",
            process.pid,
            target,
            extra={"action": "process_started"},
        )
        return process

    def receive(self, process: Process) -> None:
        """Receive the notes of a process."""
        for note in process.receive():
            self._handle(process, note)
        self.news.set()
        if process.channel.is_closed:
            self._stop_reading(process)

    def _stop_reading(self, process: Process) -> None:
        asyncio.get_running_loop().remove_reader(process.channel.fileno())

    def enforce(self, now: float) -> None:
        """Kill the processes that take too long."""
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
                    extra={"action": "process_killed"},
                )
                process.kill()
            elif process.deadline is not None and now > process.deadline:
                self._kill(process, "it did not stop in time")
            elif process.is_unreachable(now, _UNREACHABLE):
                process.violation = "it closed descriptors that it does not own"
                self._kill(process, process.violation)
            elif not process.is_loaded:
                self._log_slow(process, now)

    def _kill(self, process: Process, why: str) -> None:
        _log.error(
            "process %d of %s is killed: %s",
            process.pid,
            process.target,
            why,
            extra={"action": "process_killed"},
        )
        process.kill()

    def _log_slow(self, process: Process, now: float) -> None:
        """Log that a process has not loaded yet, at growing intervals."""
        if now > process.started + process.patience:
            _log.warning(
                "process %d of %s has been loading for %.0f s",
                process.pid,
                process.target,
                now - process.started,
                extra={"action": "load_slow"},
            )
            process.patience *= 2

    def reap(self, now: float) -> None:
        """Reap the processes that have ended, and report their jobs.

        Raises:
            StartError: no target can be loaded, and none ever was.
        """
        self._reporters = {pid for pid in self._reporters if not _is_reaped(pid)}
        for process in list(self._processes):
            status = process.reap()
            if status is not None:
                self._settle(process, status, now)
        self._reap_orphans()
        if self._has_loaded or self._options.watch or self.is_stopping:
            return
        is_trying = any(not process.is_over for process in self._processes)
        if len(self._broken) == len(self._options.targets) and not is_trying:
            self.is_stopping = True
            raise StartError("no worker can be loaded")

    def stop(self, reason: str) -> None:
        """Tell all processes to finish their jobs within the grace period."""
        self.is_stopping = True
        for process in self._processes:
            process.stop(self._options.grace, reason)

    def kill(self) -> None:
        """Kill all processes; their jobs go back to their queues."""
        self.is_stopping = True
        for process in self._processes:
            process.leaves = process.leaves or "kill"
            process.kill()

    def _reap_orphans(self) -> None:
        """Reap children that are not ours, as the first process of a container must.

        The children of a command that is killed become its children.
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

    def _fill(self, slot: ProcessSlot, now: float) -> None:
        try:
            slot.take(self.start(slot.target))
        except OSError as error:
            slot.due = now + _NO_ROOM_PAUSE
            _log.error(
                "no process for %s can be started: %s, again in %.1f s",
                slot.target,
                error.strerror,
                _NO_ROOM_PAUSE,
                extra={"action": "start_failed"},
            )

    def _all_open(self) -> Iterator[Closable]:
        yield from self._processes
        yield from self._own

    def _handle(self, process: Process, note: Note) -> None:
        if note.kind == "loaded":
            self._has_loaded = True
            if self._broken.pop(process.target, None) is not None:
                _log.info(
                    "%s can be loaded again",
                    process.target,
                    extra={"action": "load_recovered"},
                )
        elif note.kind == "broken":
            self._watch_files(note)
            self._log_broken(process.target, note.values["text"])
        elif note.kind == "connected" and note.descriptor is None:
            _log.warning(
                "too many open files: if process %d dies, its job servers see that"
                " before they are told why",
                process.pid,
                extra={"action": "descriptors_short"},
            )
        elif note.kind == "files":
            self._watch_files(note)

    def _watch_files(self, note: Note) -> None:
        if self.files is not None:
            self.files.add(note.values["files"])

    def _log_broken(self, target: Target, text: str) -> None:
        """Log why a target cannot be loaded, once for the same reason."""
        if self._broken.get(target) == text:
            return
        self._broken[target] = text
        *lines, last = text.splitlines() or ["no reason was given"]
        _log.error(
            "%s cannot be loaded: %s",
            target,
            last.strip(),
            extra={"action": "load_failed"},
        )
        for line in lines:
            _log.error("  %s", line, extra={"action": "load_failed"})

    def _settle(self, process: Process, status: int, now: float) -> None:
        """Count and report the jobs of an ended process, and free its slot."""
        if not process.channel.is_closed:
            self.receive(process)
        if not process.channel.is_closed:
            # A process that it started and that left its group holds the other end.
            self._stop_reading(process)
        self._processes.remove(process)
        self._done += process.scoreboard.done
        self._failed += process.scoreboard.failed
        verdicts = judge(process, status, now)
        if verdicts:
            self._report(process, verdicts)
        if _ended_loading(process, status):
            how = process.violation or exit_text(status)
            self._log_broken(process.target, f"{how} while it was loaded")
            process.is_broken = True
        slot = next((each for each in self.slots if each.process is process), None)
        if slot is None:
            _log.info(
                "process %d of %s has ended",
                process.pid,
                process.target,
                extra={"action": "process_ended"},
            )
        else:
            self._empty(slot, process, status, now)
        process.close()

    def _report(self, process: Process, verdicts: list[Verdict]) -> None:
        try:
            pid = fork_reporter(process, verdicts, self._all_open())
        except OSError as error:
            _log.error(
                "cannot report lost jobs to job servers: %s",
                error.strerror,
                extra={"action": "report_failed"},
            )
        else:
            self._reporters.add(pid)

    def _empty(
        self, slot: ProcessSlot, process: Process, status: int, now: float
    ) -> None:
        """Empty the slot of an ended process, to be filled at once or after a pause."""
        name = f"process {process.pid} of {process.target}"
        slot.last_end = process.violation or process.leaves or exit_text(status)
        if process.leaves and (status == 0 or not process.is_loaded):
            _log.info(
                "%s has ended: %s",
                name,
                process.leaves,
                extra={"action": "process_ended"},
            )
            slot.vacated(now)
        elif process.is_killed and not process.violation:
            slot.vacated(now)
        elif self.is_stopping:
            _log.error(
                "%s: %s", name, exit_text(status), extra={"action": "process_died"}
            )
            slot.process = None
        else:
            most = _BACKOFF_MOST_WATCHING if self._options.watch else BACKOFF_MOST
            pause = slot.crashed(process, now, most)
            if not process.is_broken:
                _log.error(
                    "%s: %s, started again in %.1f s",
                    name,
                    exit_text(status),
                    pause,
                    extra={"action": "process_died"},
                )


def _ended_loading(process: Process, status: int) -> bool:
    """Return whether a process ended while it loaded its worker, without a note."""
    if not process.is_loading or process.is_loaded or process.is_broken:
        return False
    if process.violation:
        return True
    # These come from outside.
    is_told = process.is_killed or process.leaves or status in (-SIGTERM, -SIGINT)
    return not is_told


def _is_reaped(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] != 0
