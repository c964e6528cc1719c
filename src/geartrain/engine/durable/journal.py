"""The journal: what is to be durable, in batches, and who waits for it.

    records in            batch out               committed or refused
    keep  end  change     take ──▶ store ──────▶  the answers held back leave, and
    bury  revive  ...                             ``jobs.settling`` moves the jobs

While one batch is being committed the next one gathers. JOB_CREATED of a background
job, and all that is due to its submitter after it, is held back until the batch with
the job is durable (``hold``). A job that ends before its batch is taken is never
written. What the store is asked (``ask``) it answers after the commit of the same
batch, so that it sees what the engine saw when it asked, but for ``has_left``.

What a store has refused gathers again or ends: ``outcomes`` knows which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.durable.gathering import Gathering, Question
from geartrain.engine.durable.outcomes import note_commit, note_refusal
from geartrain.engine.endings import Ending, ending_cost
from geartrain.engine.model.jobs import PAGED, Job, move_of, record_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import Query
from geartrain.engine.records import Burial, Change, JobRecord, ScheduleRecord
from geartrain.engine.results import ResultRecord
from geartrain.engine.window.windows import Window

__all__ = ["Journal"]

# Numbers reserved at once. A restart continues behind them, so that no
# handle is given twice, and no commit is needed for each.
_RESERVE: Final = 1_000_000
# Where numbers go by the time, those of a minute.
_RESERVED_SECONDS: Final = 60


class Journal:
    """Collects the next batch, and knows the one that is being committed."""

    def __init__(self) -> None:
        self.is_on = False
        """There is a store, of dead letters at least."""
        self.keeps_jobs = False
        """Background jobs are kept."""
        self.longest_name = 2**62
        """The bytes that the name of their function may have."""
        self.holds = False
        """Their submitters are answered once they are durable."""
        self.committed = 0
        """The serial of the last batch that is durable."""
        self.reserved = 0
        """No number up to this one is given twice."""
        self.stride = 1
        """How far one number is from the next; see ``Inventory``."""
        self.most = 2**62
        """Bytes of workloads that may wait to be taken before submitters wait."""
        self.heard: dict[tuple[bytes, bytes], bytes | None] = {}
        """What other job servers have put and removed, and is to be followed."""
        self._next = Gathering(1)
        self._taken: Gathering | None = None

    def reserve(self, number: int) -> None:
        """Reserve more numbers if ``number``, just given, comes near the end."""
        ahead = _RESERVE
        if self.stride > 1:
            ahead = _RESERVE * self.stride * _RESERVED_SECONDS
        if self.keeps_jobs and number + ahead // 2 > self.reserved:
            self.reserved = number + ahead
            self._next.batch.reserved = self.reserved

    def keep_clock(self, steady: float, calendar: float) -> None:
        """Record both times of one moment: server time, and the calendar's."""
        batch = self._next.batch
        batch.steady = steady
        batch.calendar = calendar

    def keep(self, job: Job) -> bool:
        """Record a background job, unless it is recorded or no store keeps jobs.

        Returns True if it is recorded now.
        """
        if not self.keeps_jobs or job.batch:
            return False
        self._next.add(job, record_of(job))
        return True

    def add(self, job: Job, record: JobRecord) -> None:
        """Record a job as ``record`` describes it."""
        self._next.add(job, record)

    def end(self, job: Job, *, is_cancelled: bool = False) -> None:
        """Record the end of a job; one not yet committed is not written at all."""
        batch = self._next.batch
        if job.batch == batch.serial and job.record is not None:
            job.record.number = 0
        else:
            batch.ended[job.number] = None
            if is_cancelled:
                batch.cancelled.add(job.number)
            if batch.replaced:
                batch.replaced.pop(job.number, None)
        job.record = None

    def end_dead(self, number: int) -> None:
        """Record the end of a dead letter."""
        self._next.batch.ended[number] = None

    def change(self, job: Job) -> None:
        """Record a job's next due time, and how its attempts have failed."""
        failures = None if job.failures is None else job.failures.copy()
        batch = self._next.batch
        record = self._next.record(job)
        if record is not None:
            record.due = job.due
            record.is_steady = job.is_steady
            record.failures = failures
        else:
            batch.changed.append(Change(job.number, job.due, failures))
            if job.number in batch.moved:
                batch.moved[job.number].put_off(job.due, job.is_steady)

    def move(self, job: Job) -> None:
        """Record in which queue and until when a job waits."""
        record = self._next.record(job)
        if record is not None:
            record.function = job.function.name
            record.priority = job.priority
            record.queue_key = job.queue_key
            record.due = job.due
            record.is_steady = job.is_steady
        else:
            self._next.batch.moved[job.number] = move_of(job)

    def replace(self, job: Job, former: JobRecord) -> None:
        """Record that a kept job has another workload; ``former`` is what it was."""
        self._next.replace(job, former)

    def is_committing(self, job: Job) -> bool:
        """Tell whether a job is being written: until then it cannot be replaced."""
        return self._taken is not None and self._taken.has(job)

    def steer(self, job: Job) -> None:
        """Remember a job that only the store has, and has not as ``job`` is.

        It has no workload, and no handle leads to it.
        """
        self._next.steered[job.number] = job

    def unsteer(self, number: int) -> Job | None:
        """Forget what ``steer`` was told of a number, and return it."""
        return self._next.steered.pop(number, None)

    def update(self, record: JobRecord) -> None:
        """Bring a store's answer up to date with what is not durable yet."""
        job = self._next.steered.get(record.number)
        if job is not None:
            record.function = job.function.name
            record.priority = job.priority
            record.queue_key = job.queue_key
            if job.state is PAGED:
                record.due, record.is_steady, record.died = job.due, job.is_steady, 0.0

    def bury(self, job: Job, died: float) -> None:
        """Record that a job becomes a dead letter."""
        assert job.failures is not None
        gathering = self._next
        gathering.buried[job.number] = None
        gathering.batch.buried.append(Burial(job.number, died, job.failures.copy()))

    def revive(self, job: Job) -> None:
        """Record that a dead letter becomes a job again."""
        failures = None if job.failures is None else job.failures.copy()
        self._next.batch.revived.append(Change(job.number, job.due, failures))

    def put(self, kind: bytes, key: bytes, value: bytes) -> None:
        """Record an entry, in place of the one of its kind and key.

        It is written even where new jobs are refused for want of room. Who writes many
        asks ``State.health`` first.
        """
        self._enter((kind, key), value)

    def remove(self, kind: bytes, key: bytes) -> None:
        """Record that an entry is kept no more."""
        self._enter((kind, key), None)

    def _enter(self, name: tuple[bytes, bytes], value: bytes | None) -> None:
        if self.keeps_jobs:
            self._next.batch.entries[name] = value
            if self.heard:
                self.heard.pop(name, None)

    def hear(self, entries: Mapping[tuple[bytes, bytes], bytes | None]) -> None:
        """Note what other job servers have put, or removed, of ``COMMON_KINDS``.

        What is put here and not yet durable comes after that, and counts.
        """
        for name, value in entries.items():
            is_ours = name in self._next.batch.entries
            if self._taken is not None and name in self._taken.batch.entries:
                is_ours = True
            if not is_ours:
                self.heard[name] = value

    def forget(self, job: Job) -> None:
        """Let the engine forget a job once what was recorded of it is durable."""
        self._next.leaving[job] = None

    def is_forgetting(self, job: Job) -> bool:
        """Tell whether a job still has something to be made durable."""
        return job in self._next.leaving

    def is_leaving(self, job: Job) -> bool:
        """Tell whether a job is yet to be forgotten, by a batch that is to come."""
        is_taken = self._taken is not None and job in self._taken.leaving
        return is_taken or job in self._next.leaving

    def keep_result(self, record: ResultRecord) -> None:
        """Record how a job ended, and its result."""
        gathering = self._next
        gathering.batch.results[record.number] = record
        gathering.size += record.size

    def keep_ending(self, ending: Ending) -> None:
        """Record what became of a job."""
        gathering = self._next
        gathering.batch.endings.append(ending)
        gathering.size += ending_cost(ending)

    def drop_results(self, now: float) -> None:
        """Have the store drop results and endings expired by a server time."""
        self._next.batch.expired_until = now

    def result_of(self, number: int) -> ResultRecord | None:
        """Return the record of a job's end that is not durable yet, if there is one."""
        found = self._next.batch.results.get(number)
        if found is None and self._taken is not None:
            found = self._taken.batch.results.get(number)
        return found

    def keep_schedule(self, record: ScheduleRecord) -> None:
        """Record a recurring job, replacing what has its number."""
        self._next.batch.schedules.append(record)

    def end_schedule(self, number: int) -> None:
        """Record the end of a recurring job."""
        self._next.batch.unscheduled.append(number)

    def has_left(self, number: int) -> bool:
        """Tell whether a store's answer may still have a job that ended or died."""
        gathering = self._next
        return number in gathering.batch.ended or number in gathering.buried

    def hold(self, job: Job, peer: Peer) -> None:
        """Hold back what is sent to the peer from now on until the job is durable."""
        gathering = self._next
        if not gathering.has_replaced(job):
            if job.batch <= self.committed:
                return
            if job.batch != gathering.batch.serial and self._taken is not None:
                gathering = self._taken
        peer.submitted = gathering.batch.serial
        if self.holds or (job.record is not None and job.record.is_tentative):
            gathering.hold(peer, job, False)

    def hold_change(self, peer: Peer, *, is_text: bool) -> None:
        """Hold back what is sent to the peer until what was collected is durable."""
        if self.holds and not self._next.batch.changes_nothing():
            self._next.hold(peer, None, is_text)

    def ask(
        self, queries: list[Query], peer: Peer | None, window: Window | None
    ) -> None:
        """Ask the store; it answers after the commit of the batch that gathers."""
        gathering = self._next
        gathering.batch.queries.extend(queries)
        gathering.questions.append(Question(queries, peer, window))

    def is_behind(self) -> bool:
        """Tell whether so much waits to be taken that submitters should wait."""
        return self._next.size > self.most

    def is_empty(self) -> bool:
        """Tell whether nothing waits to be taken."""
        gathering = self._next
        batch = gathering.batch
        if batch.queries or gathering.peers or gathering.leaving:
            return False
        return batch.changes_nothing()

    def is_awaited(self) -> bool:
        """Tell whether somebody waits for what was gathering."""
        gathering = self._next
        return bool(gathering.peers or gathering.questions)

    def unsaved(self) -> int:
        """Return how many jobs there are whose end or failure is not yet durable."""
        waiting = self._next.batch
        numbers = set(waiting.ended)
        numbers.update(each.number for each in waiting.buried)
        numbers.update(each.number for each in waiting.changed)
        return len(numbers)

    def unkept(self) -> int:
        """Return how many jobs were acknowledged and are not yet durable."""
        if self.holds:
            return 0
        added = [*self._next.batch.added]
        if self._taken is not None:
            added += self._taken.batch.added
        return sum(record.number > 0 and not record.is_tentative for record in added)

    def take(self) -> Batch:
        """Return what was collected, to be committed; the one before must be done."""
        gathering = self._next
        batch = gathering.batch
        batch.added = [record for record in batch.added if record.number]
        if len(gathering.buried) < len(batch.buried):
            wanted = gathering.buried
            batch.buried = [each for each in batch.buried if each.number in wanted]
        batch.leave_out_ended()
        batch.size = gathering.size
        self._taken = gathering
        self._next = Gathering(batch.serial + 1)
        return batch

    def following(self) -> int:
        """Return the serial of the batch that gathers."""
        return self._next.batch.serial

    def is_taken(self) -> bool:
        """Tell whether a batch was taken and is not yet done."""
        return self._taken is not None

    def commit(self) -> Gathering:
        """Note that the batch taken is durable, all or most of it.

        Returns the batch, with what waits for it; see ``note_commit``.
        """
        done = self._end()
        note_commit(done, self._next, self.holds)
        return done

    def refuse(self, reason: str, *, is_rest_saved: bool) -> Gathering:
        """Note that the batch taken is not durable, or with ``is_rest_saved`` its rest.

        Returns the batch, with what waits for it; see ``note_refusal``.
        """
        done = self._end()
        note_refusal(done, self._next, self.holds, reason, is_rest_saved=is_rest_saved)
        return done

    def _end(self) -> Gathering:
        done = self._taken
        assert done is not None
        self._taken = None
        self.committed = done.batch.serial
        return done
