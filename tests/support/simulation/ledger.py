"""The ledger: every job there ever was, what became of it, and what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from geartrain.engine.batches import Batch
from geartrain.engine.model import counts
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import (
    FINISHED,
    PAGED,
    RUNNING,
    TENTATIVE,
    Job,
    JobState,
)
from geartrain.engine.records import JobRecord
from geartrain.engine.state.state import State

__all__ = ["DEAD", "Entry", "Ledger"]

# The fate of a dead letter: it may be a job again.
DEAD = "dead"


@dataclass
class Entry:
    """One job.

    Attributes:
        handle: its name.
        number: the number in it.
        function: what it was sent to.
        key: what it coalesces by.
        priority: ``Priority`` as a number.
        workload: its input.
        is_immediate: it was to be run at once, and could be in its turn ever since.
        background: it has to be run, whoever waits.
        fate: what became of it; empty while it waits or runs.
        since: the step of its fate.
        is_told: a submitter was told its handle.
        acknowledged: one who did so in the background was.
        is_gone: it was promised to be gone.
        is_back: a dead letter that was promised to be a job again.
        was_dead: it was a dead letter once.
        was_moved: an operator has put it elsewhere.
    """

    handle: bytes
    number: int
    function: bytes
    key: bytes
    priority: int
    workload: bytes
    is_immediate: bool
    background: bool
    fate: str = ""
    since: int = 0
    is_told: bool = False
    acknowledged: bool = False
    is_gone: bool = False
    is_back: bool = False
    was_dead: bool = False
    was_moved: bool = False

    @staticmethod
    def of_job(job: Job) -> Entry:
        return Entry(
            handle=job.handle,
            number=job.number,
            function=job.function.name,
            key=job.key,
            priority=job.priority,
            workload=job.workload,
            is_immediate=job.due == 0 and job.state is not TENTATIVE,
            background=job.background,
        )

    @staticmethod
    def of_record(record: JobRecord) -> Entry:
        return Entry(
            handle=record.handle,
            number=record.number,
            function=record.function,
            key=record.key,
            priority=record.priority,
            workload=record.workload,
            is_immediate=record.due == 0 and record.failures is None,
            background=True,
        )

    def move(self, function: bytes, priority: int) -> None:
        self.function = function
        self.priority = priority
        self.is_immediate = False
        self.was_moved = True

    def end(self, fate: str, step: int) -> None:
        self.fate = fate
        self.since = step
        if fate == DEAD:
            self.was_dead = True
            self.is_back = False


class Ledger:
    """What became of all jobs, found out by looking before and after each step.

    Attributes:
        step: how many steps there have been.
        entries: every job by handle.
        ending: the handle of the job that this step completes.
        cancelling: the handles that somebody asked to cancel.
        schedules: the recurring jobs that were promised to be there.
        unscheduled: those that were promised to be gone.
    """

    def __init__(self) -> None:
        self.step = 0
        self.entries: dict[bytes, Entry] = {}
        self.ending = b""
        self.cancelling: set[bytes] = set()
        self.schedules: set[bytes] = set()
        self.unscheduled: set[bytes] = set()
        self._before: dict[Job, JobState] = {}
        self._counted: dict[bytes, tuple[int, int]] = {}

    def look(self, state: State) -> None:
        """Note what there is before a step."""
        self.step += 1
        self._before = {job: job.state for job in state.jobs.values()}
        self._counted = {name: _counts(each) for name, each in state.functions.items()}

    def learn(self, state: State, during: str) -> None:
        """Find out what a step has changed."""
        expired: Counter[bytes] = Counter()
        for job, was in self._before.items():
            if job.state is FINISHED:
                fate = self._fate(state, job, was, during)
                self.entries[job.handle].end(fate, self.step)
                expired[job.function.name] += fate == "expired"
        for job in state.jobs.values():
            self._see(job)
        for function in state.functions.values():
            before = self._counted.get(function.name, (0, 0))[0]
            assert _counts(function)[0] - before == expired[function.name]
        self.ending = b""

    def _see(self, job: Job) -> None:
        entry = self.entries.get(job.handle)
        if entry is None:
            entry = self.entries[job.handle] = Entry.of_job(job)
        if entry.fate == DEAD:
            entry.end("", self.step)
        assert not entry.fate, f"{job.handle!r} is back: it was {entry.fate}"
        if (job.function.name, job.priority) != (entry.function, entry.priority):
            entry.move(job.function.name, job.priority)
        entry.background = job.background
        if job.failures is not None or job.due or job.is_awaited() or not job.batch:
            entry.is_immediate = False

    def _fate(self, state: State, job: Job, was: JobState, during: str) -> str:
        entry = self.entries[job.handle]
        before = self._counted.get(job.function.name, (0, 0))[1]
        is_cancelled = _counts(job.function)[1] > before
        if job.handle in self.cancelling and is_cancelled:
            return "removed"
        if job.handle == self.ending:
            assert was is RUNNING
            return "done"
        if during in ("refused", "committed"):
            return _settled_fate(job, entry, was, during)
        assert was not in (TENTATIVE, PAGED)
        if was is RUNNING:
            return self._death(state, job, entry)
        if during in ("tick", "grab"):
            assert _is_expired(state, job)
            return "expired"
        assert not entry.background, f"{job.handle!r} ended in {during}"
        return "abandoned"

    def _death(self, state: State, job: Job, entry: Entry) -> str:
        if not entry.background:
            return "failed"
        policy = job.function.policy
        failures = job.failures
        assert failures is not None
        is_worn_out = 0 < policy.max_crashes <= failures.crashes
        assert is_worn_out or failures.attempts >= policy.max_attempts
        if not policy.dead_letter:
            return "discarded"
        assert state.journal.has_left(job.number)
        return DEAD

    def taken(self, batch: Batch) -> None:
        """Find out what an operator ended or put elsewhere that only the store had."""
        numbers = {entry.number: entry for entry in self.entries.values()}
        for number, move in batch.moved.items():
            numbers[number].move(move.function, move.priority)
        for change in batch.revived:
            entry = numbers[change.number]
            if entry.fate == DEAD:
                entry.end("", self.step)
                entry.is_immediate = False
        for number in batch.ended:
            entry = numbers[number]
            if entry.fate in ("", DEAD):
                assert entry.fate or entry.handle in self.cancelling
                entry.end("removed", self.step)

    def refused(self, batch: Batch) -> None:
        """Find out what died that was not to be kept."""
        for record in batch.added:
            entry = self.entries[record.handle]
            if entry.fate == DEAD:
                assert not entry.acknowledged, f"{record.handle!r} is lost"
                entry.end("refused", self.step)

    def restart(
        self, jobs: Mapping[bytes, JobRecord], dead: Mapping[bytes, JobRecord]
    ) -> None:
        """Compare what was promised with what is there after a crash."""
        self.step += 1
        self.cancelling.clear()
        for handle, entry in self.entries.items():
            if handle in jobs:
                assert not entry.is_gone, f"{handle!r} is back"
                entry.end("", self.step)
                entry.background = True
                record = jobs[handle]
                entry.function, entry.priority = record.function, record.priority
            elif handle in dead:
                assert not entry.is_gone, f"{handle!r} is a dead letter again"
                assert not entry.is_back, f"{handle!r} is a dead letter again"
                entry.end(DEAD, self.step)
            elif entry.fate in ("", DEAD):
                assert not entry.acknowledged, f"{handle!r} is lost"
                assert not entry.is_back
                entry.end("crashed", self.step)

    def forget(
        self, jobs: Mapping[bytes, JobRecord], dead: Mapping[bytes, JobRecord]
    ) -> None:
        """Begin anew with what is there after a crash that breaks promises."""
        self.step += 1
        self.cancelling.clear()
        self.schedules.clear()
        self.unscheduled.clear()
        self.entries = {}
        for handle, record in jobs.items():
            self.entries[handle] = Entry.of_record(record)
        for handle, record in dead.items():
            self.entries[handle] = Entry.of_record(record)
            self.entries[handle].end(DEAD, self.step)

    def was_alive(self, handle: bytes, since: int) -> bool:
        """Tell whether a job waited or ran at some time since a step."""
        entry = self.entries.get(handle)
        return entry is not None and (not entry.fate or entry.since >= since)

    def is_alive(self, handle: bytes) -> bool:
        """Tell whether a job waits or runs."""
        entry = self.entries.get(handle)
        return entry is not None and not entry.fate


def _settled_fate(job: Job, entry: Entry, was: JobState, during: str) -> str:
    if during == "refused":
        assert job.batch == 0
        assert not entry.acknowledged, f"{job.handle!r} is given up"
        return "refused"
    assert was is TENTATIVE
    return "twin"


def _counts(function: Function) -> tuple[int, int]:
    numbers = function.statistics.totals().numbers
    return numbers[counts.EXPIRED], numbers[counts.CANCELLED]


def _is_expired(state: State, job: Job) -> bool:
    waiting_since = max(job.submitted, job.due)
    if job.failures is not None:
        waiting_since = max(waiting_since, job.failures.ended)
    ttl = job.function.policy.ttl
    return ttl > 0 and state.server_time() >= waiting_since + ttl
