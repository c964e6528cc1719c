"""The ledger: every job there ever was, what became of it, and what was promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from geartrain.engine.batches import Batch
from geartrain.engine.model import counts
from geartrain.engine.model.addressees import EVERYONE, HOSTS, addressee_of
from geartrain.engine.model.functions import Function
from geartrain.engine.model.graph import NEVER
from geartrain.engine.model.jobs import (
    BEHIND,
    FINISHED,
    PAGED,
    RUNNING,
    TENTATIVE,
    Job,
    JobState,
    own_ttl,
)
from geartrain.engine.model.policies import AGAIN
from geartrain.engine.records import JobRecord, kept_text
from geartrain.engine.state.state import State

__all__ = ["DEAD", "Entry", "Ledger"]

# The fate of a dead letter: it may be a job again.
DEAD = "dead"


class _Linked(TypedDict):
    whole: bytes
    is_whole: bool


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
        whole: the batch that it is in, or the handle of the broadcast that it is of;
            empty if it is of none.
        is_whole: it is a broadcast, which runs nowhere and ends after its jobs.
        waits: it waits for others, or did.
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
    whole: bytes = b""
    is_whole: bool = False
    waits: bool = False

    def may_be_replaced(self) -> bool:
        """Tell whether another submission may have given it its workload."""
        return bool(self.key) and not self.key.startswith(b"-\0")

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
            waits=job.due == NEVER,
            **_linked(job.options),
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
            waits=record.due == NEVER,
            **_linked(record.options),
        )

    def move(self, function: bytes, priority: int) -> None:
        self.function = function
        self.priority = priority
        self.is_immediate = False
        self.was_moved = True

    def follow(self, former: Entry) -> None:
        """Take over what was true of the job at any time of an earlier life."""
        self.was_dead = former.was_dead
        self.waits |= former.waits
        self.was_moved = former.was_moved or self.function != former.function

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
        is_steered: an operator may put jobs elsewhere in this step, those included that
            it makes.
        is_fenced: what is kept waits in the store, and may come in another order.
        has_followers: a job may have waited for another of its key, which ran.
        schedules: the recurring jobs that were promised to be there.
        unscheduled: those that were promised to be gone.
    """

    def __init__(self) -> None:
        self.step = 0
        self.entries: dict[bytes, Entry] = {}
        self.ending = b""
        self.cancelling: set[bytes] = set()
        self.is_steered = False
        self.is_fenced = False
        self.has_followers = False
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
        self.is_fenced = state.is_fenced
        expired: Counter[bytes] = Counter()
        for job, was in self._before.items():
            if job.state is FINISHED:
                fate = self._fate(state, job, was, during)
                self.entries[job.handle].end(fate, self.step)
                expired[job.function.name] += fate == "expired"
        for job in state.jobs.values():
            self._see(job)
        for function in state.functions.values():
            self.has_followers |= function.policy.dedupe == AGAIN
            before = self._counted.get(function.name, (0, 0))[0]
            assert _counts(function)[0] - before == expired[function.name]
        self.ending = b""

    def _see(self, job: Job) -> None:
        entry = self.entries.get(job.handle)
        if entry is None:
            entry = self.entries[job.handle] = Entry.of_job(job)
            if self.is_steered:
                # It may have been put elsewhere as soon as it was made.
                entry.move(job.function.name, job.priority)
        if entry.fate == DEAD:
            entry.end("", self.step)
        assert not entry.fate, f"{job.handle!r} is back: it was {entry.fate}"
        if (job.function.name, job.priority) != (entry.function, entry.priority):
            entry.move(job.function.name, job.priority)
        entry.background = job.background
        if not job.options:
            # It was refused, and somebody does it all the same.
            entry.whole = b""
        is_late = job.failures is not None or job.due > 0 or job.state is BEHIND
        if is_late or job.is_awaited() or not job.batch or self.is_fenced:
            entry.is_immediate = False

    def _fate(self, state: State, job: Job, was: JobState, during: str) -> str:
        entry = self.entries[job.handle]
        before = self._counted.get(job.function.name, (0, 0))[1]
        is_cancelled = _counts(job.function)[1] > before
        # What waited for what has failed is cancelled, too.
        is_asked = bool({job.handle, entry.whole} & self.cancelling)
        is_over = job.due == NEVER and not entry.is_whole
        if is_cancelled and (is_asked or is_over):
            return "removed"
        if during == "refused" and not job.batch:
            return _settled_fate(job, entry, was, during)
        if entry.is_whole or job.handle == self.ending:
            assert entry.is_whole or was is RUNNING
            self._check_members(entry)
            return "done"
        return self._unasked_fate(state, job, was, during)

    def _unasked_fate(self, state: State, job: Job, was: JobState, during: str) -> str:
        """Return the fate of a job that nobody has cancelled or done."""
        entry = self.entries[job.handle]
        if was is TENTATIVE:
            return _settled_fate(job, entry, was, during)
        if was is RUNNING and during not in ("refused", "committed"):
            return self._death(state, job, entry)
        assert was is not PAGED
        if during in ("tick", "grab") or _is_unreachable(state, job):
            assert _is_expired(state, job) or _is_unreachable(state, job)
            return "expired"
        assert not entry.background, f"{job.handle!r} ended in {during}"
        return "abandoned"

    def _check_members(self, whole: Entry) -> None:
        """Check that all jobs of a broadcast that ends have ended, or do so now.

        A dead letter had ended, and may have been retried since.
        """
        for entry in self.entries.values():
            is_one = entry.whole == whole.handle and not entry.was_dead
            if is_one and not entry.fate:
                ended = [job for job in self._before if job.handle == entry.handle]
                assert ended, f"{whole.handle!r} ends before {entry.handle!r}"
                assert ended[0].state is FINISHED

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
                asked = {entry.handle, entry.whole} & self.cancelling
                assert entry.fate or asked or entry.is_whole or entry.waits
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
                if (record.function, record.priority) != (
                    entry.function,
                    entry.priority,
                ):
                    entry.move(record.function, record.priority)
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
        former, self.entries = self.entries, {}
        for handle, record in jobs.items():
            entry = self.entries[handle] = Entry.of_record(record)
            if handle in former:
                entry.follow(former[handle])
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


def _linked(options: bytes) -> _Linked:
    """Return what options say of jobs that belong together."""
    return {
        "whole": kept_text(options, b"batch"),
        "is_whole": kept_text(options, b"to") in (EVERYONE, HOSTS),
    }


def _is_unreachable(state: State, job: Job) -> bool:
    """Tell whether a job is for somebody who is not there."""
    addressee = addressee_of(job.flow_key)
    addressees = state.wakeups.addressees
    return bool(addressee) and not addressees.is_present(addressee, job.function)


def _counts(function: Function) -> tuple[int, int]:
    numbers = function.statistics.totals().numbers
    return numbers[counts.EXPIRED], numbers[counts.CANCELLED]


def _is_expired(state: State, job: Job) -> bool:
    waiting_since = max(job.submitted, job.due)
    if job.failures is not None:
        waiting_since = max(waiting_since, job.failures.ended)
    own = own_ttl(job)
    ttl = job.function.policy.ttl if own < 0 else own
    return ttl > 0 and state.server_time() >= waiting_since + ttl
