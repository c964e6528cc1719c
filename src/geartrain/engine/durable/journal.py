"""The journal: what the engine wants a store to make durable or look up, in batches.

A driver takes a ``Batch``, has a store commit it and answer its queries, and tells the
engine. JOB_CREATED of a background job, and all that is due to its submitter after it,
is held back until then.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.jobs import Job, record_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import Query
from geartrain.engine.records import Batch, Burial, Change, JobRecord, ScheduleRecord
from geartrain.engine.window.windows import Window

__all__ = ["Asked", "Collected", "Journal", "Promise"]

# So many numbers are reserved at once: a restart goes on behind them, so that no
# handle is given twice, and no commit is needed for each.
_RESERVE: Final = 1_000_000


class Promise:
    """An answer that is held back: where it stands, and for which peer.

    Attributes:
        job: the job it is about; None if it is about none.
        is_text: it is a text command's.
    """

    __slots__ = ("_pieces", "_place", "is_text", "job")

    def __init__(self, job: Job | None, pieces: list[bytes], is_text: bool) -> None:
        """Take the place at the end of the pieces, where it is put next."""
        self.job = job
        self.is_text = is_text
        self._pieces = pieces
        self._place = len(pieces)

    def replace(self, answer: bytes) -> None:
        """Answer otherwise."""
        self._pieces[self._place] = answer


class Asked:
    """Queries and who wants to know: a peer that waits, or a window."""

    __slots__ = ("peer", "queries", "window")

    def __init__(
        self, queries: list[Query], peer: Peer | None, window: Window | None
    ) -> None:
        self.queries = queries
        self.peer = peer
        self.window = window


class Collected:
    """A batch with what in memory depends on it.

    Attributes:
        batch: what the store gets.
        jobs: the jobs it adds.
        leaving: jobs to be forgotten by the engine once it is durable.
        buried: the numbers of the jobs it buries.
        promises: the answers that wait for it.
        waiting: the peers these are for, each once.
        asked: its queries with who asked them.
        size: the bytes of the workloads it adds.
    """

    __slots__ = (
        "asked",
        "batch",
        "buried",
        "jobs",
        "leaving",
        "promises",
        "size",
        "waiting",
    )

    def __init__(self, serial: int) -> None:
        self.batch = Batch(serial)
        self.jobs: list[Job] = []
        self.leaving: dict[Job, None] = {}
        self.buried: dict[int, None] = {}
        self.promises: list[Promise] = []
        self.waiting: list[Peer] = []
        self.asked: list[Asked] = []
        self.size = 0


class Journal:
    """Collects the next batch, and knows the one that is being committed.

    Attributes:
        is_on: there is a store, of dead letters at least.
        keeps_jobs: background jobs are kept.
        holds: their submitters are answered once they are durable.
        committed: the serial of the last batch that is durable.
        reserved: no number up to this one is given twice.
        most: so many bytes of workloads may wait to be taken before submitters wait.
    """

    __slots__ = (
        "_committing",
        "_next",
        "committed",
        "holds",
        "is_on",
        "keeps_jobs",
        "most",
        "reserved",
    )

    def __init__(self) -> None:
        self.is_on = False
        self.keeps_jobs = False
        self.holds = False
        self.committed = 0
        self.reserved = 0
        self.most = 2**62
        self._next = Collected(1)
        self._committing: Collected | None = None

    def reserve(self, number: int) -> None:
        """Reserve more numbers if ``number``, just given, comes near the end."""
        if self.keeps_jobs and number + _RESERVE // 2 > self.reserved:
            self.reserved = number + _RESERVE
            self._next.batch.reserved = self.reserved

    def keep_clock(self, steady: float, calendar: float) -> None:
        """Have both times of one moment kept: server time, and the calendar's."""
        batch = self._next.batch
        batch.steady = steady
        batch.calendar = calendar

    def keep(self, job: Job) -> None:
        """Have a background job kept, if there is a store for it and it is not yet."""
        if self.keeps_jobs and not job.batch:
            self.add(job, record_of(job))

    def add(self, job: Job, record: JobRecord) -> None:
        """Have a job kept."""
        collected = self._next
        job.record = record
        job.batch = collected.batch.serial
        collected.batch.added.append(record)
        collected.jobs.append(job)
        collected.size += job.size

    def end(self, job: Job) -> None:
        """Have a kept job forgotten; one not yet committed is not written at all."""
        batch = self._next.batch
        if job.batch == batch.serial and job.record is not None:
            job.record.number = 0
        else:
            batch.ended[job.number] = None
        job.record = None

    def end_dead(self, number: int) -> None:
        """Have a dead letter forgotten."""
        self._next.batch.ended[number] = None

    def change(self, job: Job) -> None:
        """Record a job's next due time, and how its attempts have failed."""
        failures = None if job.failures is None else job.failures.copy()
        batch = self._next.batch
        if job.batch == batch.serial and job.record is not None:
            job.record.due = job.due
            job.record.is_steady = job.is_steady
            job.record.failures = failures
        else:
            batch.changed.append(Change(job.number, job.due, failures))

    def bury(self, job: Job, died: float) -> None:
        """Have a kept job become a dead letter."""
        assert job.failures is not None
        collected = self._next
        collected.buried[job.number] = None
        collected.batch.buried.append(Burial(job.number, died, job.failures.copy()))

    def revive(self, job: Job) -> None:
        """Have a dead letter become a job again."""
        self._next.batch.revived.append(Change(job.number, job.due, None))

    def forget(self, job: Job) -> None:
        """Let the engine forget a job once all of it that was collected is durable."""
        self._next.leaving[job] = None

    def leaving(self) -> list[Job]:
        """Return the jobs to be forgotten once what was collected is durable."""
        return list(self._next.leaving)

    def is_forgetting(self, job: Job) -> bool:
        """Tell whether a job still has something to be made durable."""
        return job in self._next.leaving

    def keep_schedule(self, record: ScheduleRecord) -> None:
        """Have a recurring job kept, in place of what was kept under its number."""
        self._next.batch.schedules.append(record)

    def end_schedule(self, number: int) -> None:
        """Have a recurring job forgotten."""
        self._next.batch.unscheduled.append(number)

    def has_left(self, number: int) -> bool:
        """Tell whether a store's answer may still have a job that ended or died."""
        collected = self._next
        return number in collected.batch.ended or number in collected.buried

    def hold(self, job: Job, peer: Peer) -> None:
        """Hold back what is sent to the peer from now on until the job is durable."""
        if job.batch <= self.committed:
            return
        peer.submitted = job.batch
        if not (self.holds or _is_tentative(job)):
            return
        collected = self._next
        if job.batch != collected.batch.serial and self._committing is not None:
            collected = self._committing
        self._hold(collected, peer, job, False)

    def hold_change(self, peer: Peer, *, is_text: bool) -> None:
        """Hold back what is sent to the peer until what was collected is durable."""
        if self.holds and not self._next.batch.changes_nothing():
            self._hold(self._next, peer, None, is_text)

    def _hold(
        self, collected: Collected, peer: Peer, job: Job | None, is_text: bool
    ) -> None:
        if peer.hold(collected.batch.serial):
            collected.waiting.append(peer)
        collected.promises.append(Promise(job, peer.held[-1], is_text))

    def ask(
        self, queries: list[Query], peer: Peer | None, window: Window | None
    ) -> None:
        """Have things looked up, in the state the batch leaves the store in."""
        collected = self._next
        collected.batch.queries.extend(queries)
        collected.asked.append(Asked(queries, peer, window))

    def is_behind(self) -> bool:
        """Tell whether so much waits to be taken that submitters should wait."""
        return self._next.size > self.most

    def is_empty(self) -> bool:
        """Tell whether nothing waits to be taken."""
        collected = self._next
        batch = collected.batch
        if batch.queries or collected.waiting or collected.leaving:
            return False
        return batch.changes_nothing()

    def is_awaited(self) -> bool:
        """Tell whether somebody waits for what was collected."""
        collected = self._next
        return bool(collected.waiting or collected.asked)

    def take(self) -> Batch:
        """Return what was collected, to be committed; the one before must be done."""
        collected = self._next
        batch = collected.batch
        batch.added = [record for record in batch.added if record.number]
        if len(collected.buried) < len(batch.buried):
            wanted = collected.buried
            batch.buried = [each for each in batch.buried if each.number in wanted]
        batch.size = collected.size
        self._committing = collected
        self._next = Collected(batch.serial + 1)
        return batch

    def settle(self) -> Collected:
        """Note that the batch taken is done, and return it."""
        done = self._committing
        assert done is not None
        self._committing = None
        self.committed = done.batch.serial
        return done

    def is_committing(self) -> bool:
        """Tell whether a batch was taken and is not yet done."""
        return self._committing is not None

    def unsaved(self) -> int:
        """Return how many jobs there are whose end or failure is not yet durable."""
        waiting = self._next.batch
        numbers = set(waiting.ended)
        numbers.update(each.number for each in waiting.buried)
        numbers.update(each.number for each in waiting.changed)
        return len(numbers)

    def refuse(self, *, is_rest_saved: bool) -> Collected:
        """Note that the batch taken could not be committed; ``settle`` is to follow.

        What was to be changed is collected again, unless ``is_rest_saved``; and jobs
        that were acknowledged before they were durable, in any case. The others that
        were to be added are given up; these are the returned one's ``jobs``.
        """
        failed = self._committing
        assert failed is not None
        failed.jobs = [job for job in failed.jobs if not self._add_again(job)]
        given_up = {job.number for job in failed.jobs}
        refused, following = failed.batch, self._next.batch
        if is_rest_saved:
            refused = refused.parted()[0]
            failed.buried = {each.number: None for each in refused.buried}
        following.ended.update(refused.ended)
        following.reserved = max(following.reserved, refused.reserved)
        if not following.steady:
            following.steady, following.calendar = refused.steady, refused.calendar
        following.schedules = refused.schedules + following.schedules
        following.unscheduled = refused.unscheduled + following.unscheduled
        following.revived = refused.revived + following.revived
        following.changed = _but(refused.changed, given_up) + following.changed
        following.buried = refused.buried + following.buried
        self._next.buried.update(failed.buried)
        self._next.leaving.update(failed.leaving)
        failed.leaving = {}
        return failed

    def give_up(self, job: Job) -> bool:
        """Cancel the burial of a job that was never stored; True if there was one."""
        collected = self._next
        if job.number not in collected.buried:
            return False
        # ``take`` leaves it out: to look for each of many here would take too long.
        del collected.buried[job.number]
        return True

    def _add_again(self, job: Job) -> bool:
        """Collect a job again if its submitters have been told that it is kept."""
        record = job.record
        if self.holds or record is None or record.is_tentative:
            return False
        self.add(job, record)
        return True


def _is_tentative(job: Job) -> bool:
    return job.record is not None and job.record.is_tentative


def _but(changes: list[Change], numbers: set[int]) -> list[Change]:
    return [change for change in changes if change.number not in numbers]
