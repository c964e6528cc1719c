"""Several job servers on one store, which may end, sleep and take over at any step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from geartrain.engine.model.jobs import Job
from geartrain.engine.records import JobRecord, kept_text
from geartrain.engine.state.runs import RETRY
from tests.support.dialogue import STEADY_START, WALL_START, Answer
from tests.support.lanes import BEGINNING, LaneStore
from tests.support.simulation import structures
from tests.support.simulation.agreement import (
    check_runs,
    check_settings,
    check_times,
)
from tests.support.simulation.member import (
    IDLE,
    LOOKED,
    TAKEN,
    WRITTEN,
    Asked,
    Member,
    Worker,
)
from tests.support.simulation.promises import Promises
from tests.support.simulation.rest import check_function, check_record

__all__ = ["Several"]


class Several:
    """Job servers with one store and one clock.

    Attributes:
        members: those whose processes live.
        promises: what they owe.
        now: the steady clock of all.
    """

    def __init__(self, count: int, window: int) -> None:
        """Start some, one after the other; the first leads."""
        first = LaneStore(1)
        self.now = STEADY_START
        self.promises = Promises(first.database)
        self.members: list[Member] = []
        # Job servers that have ended, with what nobody has inherited yet.
        self._former: list[Member] = []
        self._window = window
        self._first = first
        self._last_lane = 1
        # Since when, by the calendar, each schedule is known to all as it is.
        self._steady_since: dict[bytes, float] = {}
        self._has_followers = False
        self._has_lost_counts = False
        self._start(first)
        for _ in range(count - 1):
            self.start()

    @property
    def wall_time(self) -> float:
        """The time in seconds since 1970."""
        return self.now - STEADY_START + WALL_START

    def start(self, former: Member | None = None) -> None:
        """Start a job server, perhaps in the lane of one that has ended."""
        passed = int((self.now - STEADY_START) * 1_000_000)
        self._last_lane += 1
        store = LaneStore(self._last_lane, self._first, BEGINNING + passed)
        store.is_leading = False
        if former is not None:
            store.claim(former.store)
            self._tidy()
        self._start(store)

    def _start(self, store: LaneStore) -> None:
        member = Member(store, self._window, self.now)
        self.members.append(member)
        self.settle(member)

    def restart(self, place: int) -> None:
        """Start another in the lane of one that has ended."""
        with_lanes = [each for each in self._former if each.store.lanes]
        if with_lanes:
            self.start(with_lanes[place % len(with_lanes)])

    def kill(self, member: Member) -> None:
        """End a process as it is; what was taken and not written is lost."""
        has_taken_over = len(member.store.lanes) > 1
        # What two job servers count of a batch is one number once that is committed.
        self._has_lost_counts |= has_taken_over and not member.state.journal.is_empty()
        member.is_alive = False
        self.members.remove(member)
        if not member.store.is_lost:
            self._former.append(member)

    def stop(self, member: Member) -> None:
        """Stop a process in order."""
        self.settle(member)
        if member in self.members:
            self.kill(member)

    def _tidy(self) -> None:
        """Forget those that have nothing to leave."""
        self._former = [
            each
            for each in self._former
            if each.store.lanes or each.store.is_leading or not each.store.is_lost
        ]

    def inherit(self, heir: Member) -> None:
        """Have a job server's store take over from those that it may give up.

        A lease ends later than its job server takes it to have ended.
        """
        cut_off = [each for each in self.members if each.is_cut_off and each != heir]
        for former in [*self._former, *cut_off]:
            if former.store.lanes or former.store.is_leading:
                heir.store.inherit(former.store)
        self._former = []

    def advance(self, seconds: float) -> None:
        """Let time pass for all."""
        self.now += seconds
        for member in self.members:
            member.world.advance(self.now - member.world.now)
            self.hear(member)

    def submit(self, member: Member, asked: Asked, delay: float | None) -> None:
        """Submit a job in the background."""
        due = b"" if delay is None else b"%d" % int(self.wall_time + delay)
        member.submit(asked, due)
        self.hear(member)

    def order(self, member: Member, line: bytes) -> None:
        """Have an operator order something."""
        words = line.split()
        # One that is to follow another of its unique waits beside it.
        self._has_followers |= b"dedupe=again" in words
        if words[0] == b"schedule":
            self._steady_since.pop(words[2], None)
        member.order(line)
        self.hear(member)

    def cancel(self, member: Member, number: int) -> None:
        """Cancel a job at the job server that has it."""
        member.may_end.add(number)
        self.promises.jobs[number].is_cancelled = True
        self.order(member, b"local cancel job H:test:%d" % number)

    def retry(self, member: Member, number: int) -> None:
        """Have a dead letter be a job again."""
        self.order(member, b"local dead retry H:test:%d" % number)

    def grab(self, member: Member, worker: Worker) -> bool:
        """Have a worker ask for a job; tell whether it was given one."""
        job = member.grab(worker)
        self.hear(member)
        if job is not None:
            self._check_start(member, job)
        return job is not None

    def _check_start(self, member: Member, job: Job) -> None:
        number, promises = job.number, self.promises
        assert not member.state.is_fenced, f"{number} is handed out behind a fence"
        assert not member.store.is_lost
        assert member.owns(number), f"{number} is another's"
        promise = promises.jobs.get(number)
        if promise is not None:
            assert not promise.has_ended, f"{number} has ended"
            assert number in promises.database.jobs.by_number
        promises.started[number] = promises.step
        member.may_end.discard(number)

    def report(
        self, member: Member, worker: Worker, place: int, *, is_done: bool
    ) -> None:
        """Have a worker report the end of a job."""
        handles = list(worker.handles)
        if handles:
            handle = handles[place % len(handles)]
            member.may_end.add(_number(handle))
            member.report(worker, handle, is_done=is_done)
            self.hear(member)

    def lose_worker(self, member: Member, place: int) -> None:
        """Lose a worker."""
        member.may_end.update(map(_number, member.workers[place].handles))
        member.lose_worker(place)
        self.hear(member)

    def hear(self, member: Member) -> None:
        """Check what was answered."""
        for asked, answer in member.answers():
            if asked.line:
                assert answer.name == "text", answer
            elif answer.name == "job_created":
                self._check_created(member, asked, answer)
            else:
                # For some there is nothing to wait.
                is_linked = b"after=" in asked.options
                refusals = [b"QUEUE_ERROR", *[b"INVALID_ARGUMENT"] * is_linked]
                assert answer.arguments[0] in refusals, answer
        for notice in member.world.notices():
            assert notice.action not in ("jobs_missing", "schedule_lost"), notice.text

    def _check_created(self, member: Member, asked: Asked, answer: Answer) -> None:
        number = _number(answer.arguments[0])
        promise = self.promises.jobs.get(number)
        if promise is None:
            # It ended before it was to be written.
            has_reason = number in member.may_end or b"after=" in asked.options
            assert has_reason, f"{number} is not durable"
        else:
            assert (promise.function, promise.key) == (asked.function, asked.unique)

    def write(self, member: Member, *, looks: bool) -> None:
        """Have a batch committed, if one is taken, by whoever may."""
        if member.stage != TAKEN:
            return
        if member.store.is_lost:
            self._begin_anew(member)
            return
        member.write(lambda: self._look(member) if looks else None)
        self.promises.committed(member, member.last)

    def _look(self, member: Member) -> None:
        self.inherit(member)
        member.store.look_around()

    def refuse(self, member: Member, *, is_rest_saved: bool) -> None:
        """Have a batch refused."""
        if not member.take() or member.store.is_lost:
            return
        rest = member.last.parted()[1]
        member.refuse("disk full", is_rest_saved=is_rest_saved)
        if is_rest_saved:
            self.promises.committed(member, rest)
        self.hear(member)

    def look(self, member: Member) -> None:
        """Have a job server's store look around."""
        if member.stage == IDLE and member.store.is_lost:
            self._begin_anew(member)
        elif member.stage == IDLE:
            member.look(lambda: self._look(member))

    def _begin_anew(self, member: Member) -> None:
        """Have a process learn that it was given up."""
        self.kill(member)
        self.start()

    def tell(self, member: Member) -> None:
        """Have the engine know what its store's thread has done."""
        if member.stage in (WRITTEN, LOOKED):
            member.settle()
            self.hear(member)

    def settle(self, member: Member) -> None:
        """Have a job server do all that it has to do with its store."""
        for _ in range(1000):
            self.tell(member)
            if member.take():
                self.write(member, looks=False)
            if member.stage == IDLE and member.store.is_lost:
                self._begin_anew(member)
            if member not in self.members or member.is_at_rest():
                return
        raise AssertionError("a job server does not come to rest")

    def rest(self) -> None:
        """Bring all to rest: nobody is cut off, and all know what there is."""
        for _ in range(20):
            for member in list(self.members):
                self.settle(member)
            settled = list(self.members)
            for member in settled:
                self.look(member)
                self.tell(member)
            # What comes of that may be due, and what a store refused is owed.
            self.advance(RETRY if self._owes_times() else 0.0)
            if settled == self.members and all(each.is_at_rest() for each in settled):
                return
        raise AssertionError("the job servers do not come to rest")

    def _owes_times(self) -> bool:
        return any(
            schedule.owed.times
            for member in self.members
            for schedule in member.state.schedules.values()
        )

    def check(self) -> None:
        """Check what holds after each step."""
        self.promises.check()
        self._check_uniques()
        for member in self.members:
            structures.every_job_is_in_exactly_one_place(member.state)
            structures.schedules_and_runs_agree(member.state)
            structures.keys_lead_to_their_jobs(member.state)
            if member.is_serving():
                assert all(map(member.owns, _numbers(member)))
                self._check_rest(member)
        leaders = [each for each in self.members if each.store.is_leading]
        leaders += [each for each in self._former if each.store.is_leading]
        assert len(leaders) == 1
        self.promises.step += 1

    def _check_uniques(self) -> None:
        running = Counter(
            (job.function.name, job.key)
            for member in self.members
            if member.is_serving()
            for function in member.state.functions.values()
            for job in function.running
            if job.key and not self._was_dead(job.number)
        )
        assert all(count == 1 for count in running.values()), running
        kept = Counter(
            (record.function, record.key)
            for record in self.promises.database.jobs.by_number.values()
            if record.key and not self._was_dead(record.number)
        )
        assert self._has_followers or all(count == 1 for count in kept.values()), kept

    def _was_dead(self, number: int) -> bool:
        promise = self.promises.jobs.get(number)
        return promise is not None and promise.was_dead

    def _check_rest(self, member: Member) -> None:
        """Check that what one has agrees with what is kept in its lanes."""
        if not member.is_at_rest():
            return
        database = self.promises.database
        mine = {
            number: record
            for number, record in database.jobs.by_number.items()
            if member.owns(number)
        }
        if not self._has_lost_counts:
            self._check_batches(member, mine)
        for job in member.state.jobs.values():
            assert (job.number in mine) == (job.batch != 0)
            if job.batch:
                check_record(job, mine[job.number])
        for function in member.state.functions.values():
            check_function(
                member.state, function, list(mine.values()), is_readable=True
            )
            assert function.dead == sum(
                record.function == function.name and member.owns(number)
                for number, record in database.dead.by_number.items()
            )
        self.hear(member)

    def _check_batches(self, member: Member, mine: dict[int, JobRecord]) -> None:
        """Check that batches count those of their jobs that have not ended."""
        dead = self.promises.database.dead.by_number
        counts = Counter(kept_text(each.options, b"batch") for each in mine.values())
        died = Counter(
            kept_text(each.options, b"batch")
            for number, each in dead.items()
            if member.owns(number)
        )
        for name, batch in member.state.graph.batches.items():
            assert batch.left() == counts[name], name
            assert batch.dead == died[name], name

    def check_agreement(self) -> None:
        """Check all who are at rest against each other."""
        database = self.promises.database
        states = [each.state for each in self.members]
        check_settings(states, database)
        leaders = [each for each in self.members if each.store.is_leading]
        check_runs([each.state for each in leaders], database)
        check_times(states[0], database, self._steady_since)

    def serving(self) -> Iterator[Member]:
        """Yield those that nobody has given up."""
        return (each for each in self.members if each.is_serving())

    def drain(self) -> None:
        """Run all there is, and check that nothing is left."""
        if not self.members:
            self.start()
        self.rest()
        first = self.members[0]
        names = list(first.state.schedules)
        for line in [b"schedule remove %s" % name for name in names]:
            self.order(first, line)
        for pattern in (b"f", b"g", b"*"):
            self.order(
                first, b"policy %s paused= delay= max_attempts= dedupe=" % pattern
            )
        for _ in range(6):
            self.rest()
            for member in self.members:
                # What waits for the success of a dead letter waits until then.
                self.order(member, b"local dead drop all")
                self.run_all(member)
            self.check()
            self.advance(1000.0)
        self.rest()
        self.check_agreement()
        left = self.promises.database.jobs.by_number
        assert not left, f"{list(left)} are stuck"
        assert all(not each.state.jobs for each in self.members)

    def run_all(self, member: Member) -> None:
        """Have all jobs done that a job server gives to its workers."""
        for worker in member.workers:
            while worker.handles:
                self.report(member, worker, 0, is_done=True)
        for _ in range(1000):
            self.settle(member)
            if member not in self.members:
                return
            if self.grab(member, worker):
                self.report(member, worker, 0, is_done=True)
            elif member.is_at_rest():
                return
        raise AssertionError("there is no end of jobs")


def _number(handle: bytes) -> int:
    return int(handle.rpartition(b":")[2])


def _numbers(member: Member) -> list[int]:
    if member.state.is_fenced:
        return []
    return [job.number for job in member.state.jobs.values()]
