"""Batches: what one commit changes in a store, and what it answers."""

from __future__ import annotations

from collections.abc import Collection

from geartrain.engine.endings import Ending, ending_cost
from geartrain.engine.kept_entries import without
from geartrain.engine.queries import Query
from geartrain.engine.records import Burial, Change, JobRecord, Move, ScheduleRecord
from geartrain.engine.results import ResultRecord

__all__ = ["Batch"]


class Batch:
    """What one commit makes durable, all of it or nothing.

    It is applied in this order: ``ended``, ``added``, ``revived``, ``changed``,
    ``moved``, ``replaced``, ``buried``, and the rest. Numbers that are not kept are
    ignored.
    """

    def __init__(self, serial: int) -> None:  # noqa: PLR0915 - as many attributes
        self.serial = serial
        """Which batch this is, from 1."""
        self.size = 0
        """The bytes of the workloads that ``added`` has, if that is known."""
        self.ended: dict[int, None] = {}
        """The numbers of kept jobs and dead letters to forget."""
        self.cancelled: set[int] = set()
        """Those of them that run for nobody, whoever else has been told of them."""
        self.added: list[JobRecord] = []
        """Jobs to keep; for a tentative one ``twin`` is set instead if a job of its
        function and key is kept that this batch does not bury.
        """
        self.moved: dict[int, Move] = {}
        """Jobs and dead letters, by number, that wait elsewhere."""
        self.revived: list[Change] = []
        """Dead letters that become jobs again."""
        self.changed: list[Change] = []
        """Jobs that wait for another attempt."""
        self.replaced: dict[int, JobRecord] = {}
        """Jobs, by number, that are from now on as these say, workload and all."""
        self.buried: list[Burial] = []
        """Jobs that become dead letters."""
        self.schedules: list[ScheduleRecord] = []
        """Recurring jobs to keep, in place of one with the same number."""
        self.unscheduled: list[int] = []
        """The numbers of recurring jobs to forget; after ``schedules``."""
        self.results: dict[int, ResultRecord] = {}
        """How jobs ended whose results are to be kept, by their numbers."""
        self.endings: list[Ending] = []
        """What became of jobs, to be kept."""
        self.untold = 0
        """How many of these were left out for want of room. Set by the commit."""
        self.expired_until = 0.0
        """Results and endings that have expired by this server time are to be dropped,
        some at a time; 0 for none.
        """
        self.dropped = 0
        """About how many bytes those took that were dropped. Set by the commit."""
        self.next_expiry = 0.0
        """When the next of those kept expires; 0 for never. Set by a commit that was
        to drop some.
        """
        self.entries: dict[tuple[bytes, bytes], bytes | None] = {}
        """Values to keep by kind and key, in place of what is kept; None forgets it.
        Stores keep ``entries_without_twins``.
        """
        self.reserved = 0
        """No number up to this one is free after a restart; 0 leaves it."""
        self.steady = 0.0
        """What server time it is; 0 leaves what is kept."""
        self.calendar = 0.0
        """What time it is then by the calendar, in seconds since 1970."""
        self.queries: list[Query] = []
        """What to look up once the batch is durable, or was refused."""
        self.refusals: dict[int, str] = {}
        """Why jobs of ``added`` were left out for want of room, by number. Set by the
        commit.
        """

    def within(self, most: int) -> tuple[Batch, list[JobRecord]]:
        """Return the batch with ``most`` bytes of workloads, and the jobs left out.

        The small jobs stay, whichever came first: a large one must not have all others
        refused. So do small results; the others are left out.
        """
        replaced = self.replaced.values()
        sized = [(_size(each), each.number) for each in (*self.added, *replaced)]
        sized += [(record.size, record.number) for record in self.results.values()]
        sized.sort()
        fitting: set[int] = set()
        size = 0
        for each, number in sized:
            size += each
            if size > most:
                break
            fitting.add(number)
        new, rest = self.parted()
        left_out = [each for each in new.added if each.number not in fitting]
        buried = {each.number for each in self.buried}
        rest.entries = without(self.entries, left_out, buried)[0]
        rest.added = [each for each in new.added if each.number in fitting]
        rest.replaced = {
            each.number: each for each in replaced if each.number in fitting
        }
        rest.moved, rest.changed, rest.buried = self.moved, self.changed, self.buried
        rest.schedules, rest.unscheduled = self.schedules, self.unscheduled
        rest.results = {
            number: record
            for number, record in new.results.items()
            if number in fitting
        }
        rest.size = sum(map(_size, (*rest.added, *rest.replaced.values())))
        rest.size += sum(each.size for each in rest.results.values())
        told = sum(map(ending_cost, new.endings))
        if rest.size + told <= most:
            rest.endings = new.endings
            rest.size += told
        left_out += [each for each in replaced if each.number not in fitting]
        return rest, left_out

    def leave_out_ended(self) -> None:
        """Say no more of what ``ended`` has than that.

        A shared store may keep some of these, because other job servers were asked for
        them: they run once more, as they were submitted.
        """
        ended = self.ended
        if not ended:
            return
        self.revived = [each for each in self.revived if each.number not in ended]
        self.changed = [each for each in self.changed if each.number not in ended]
        self.buried = [each for each in self.buried if each.number not in ended]
        for number in self.moved.keys() & ended.keys():
            del self.moved[number]
        for number in self.replaced.keys() & ended.keys():
            del self.replaced[number]

    def parted(self) -> tuple[Batch, Batch]:
        """Return what is new, with all that depends on it, and the rest.

        The rest says what has become of jobs that are kept already. It needs hardly any
        room, and can be committed where the whole batch cannot.
        """
        new, rest = Batch(self.serial), Batch(self.serial)
        new.size = self.size
        new.added, new.replaced = self.added, self.replaced
        # Where there is no room for a result, or for what became of a job, the end of
        # the job is kept without it.
        new.results = self.results
        new.endings = self.endings
        rest.expired_until = self.expired_until
        numbers = {record.number for record in self.added}
        rest.ended, rest.reserved = self.ended, self.reserved
        rest.cancelled = self.cancelled
        rest.steady, rest.calendar = self.steady, self.calendar
        rest.revived = self.revived
        for number, move in self.moved.items():
            (new if number in numbers else rest).moved[number] = move
        for change in self.changed:
            (new if change.number in numbers else rest).changed.append(change)
        for burial in self.buried:
            (new if burial.number in numbers else rest).buried.append(burial)
        buried = {each.number for each in new.buried}
        # The new batch has those that have to be put once its jobs are.
        rest.entries, new.entries = without(self.entries, self.added, buried)
        new.schedules, rest.unscheduled = self.schedules, self.unscheduled
        if self.schedules:
            # One that was made and removed must not come back.
            new.unscheduled = self.unscheduled
        return new, rest

    def take_back(self, refused: Batch, without: set[int]) -> None:
        """Add what an earlier batch was refused, but for jobs that were to be added.

        What it says of the jobs ``without`` is left out, too.
        """
        self.ended.update(refused.ended)
        self.cancelled |= refused.cancelled
        self.reserved = max(self.reserved, refused.reserved)
        if not self.steady:
            self.steady, self.calendar = refused.steady, refused.calendar
        self.expired_until = max(self.expired_until, refused.expired_until)
        self.results = {**refused.results, **self.results}
        self.endings = refused.endings + self.endings
        self.schedules = refused.schedules + self.schedules
        self.unscheduled = refused.unscheduled + self.unscheduled
        self.entries = {**refused.entries, **self.entries}
        self.revived = refused.revived + self.revived
        self._take_back_moves(refused, without)
        changed = [each for each in refused.changed if each.number not in without]
        buried = [each for each in refused.buried if each.number not in without]
        self.changed = changed + self.changed
        self.buried = buried + self.buried

    def entries_without_twins(self) -> dict[tuple[bytes, bytes], bytes | None]:
        """Return the entries as they are to be kept; a store knows by now who has one.

        They do not count the jobs that are others' twins.
        """
        twins = [each for each in self.added if each.twin]
        return without(self.entries, twins, ())[0]

    def put_again(self, earlier: Batch, left_out: Collection[int]) -> None:
        """Put the entries that an earlier batch was to put, but for jobs it left out.

        What this one puts by now is later, and stays.
        """
        records = [each for each in earlier.added if each.number in left_out]
        buried = {each.number for each in earlier.buried}
        self.entries = {
            **without(earlier.entries, records, buried)[1],
            **self.entries,
        }

    def _take_back_moves(self, refused: Batch, without: set[int]) -> None:
        moved: dict[int, Move] = {}
        for number, move in refused.moved.items():
            if number not in without and number not in self.moved:
                moved[number] = self.moved[number] = move
        for change in self.changed:
            # It came later, and says when the job is due.
            if change.number in moved:
                moved[change.number].put_off(change.due, True)

    def shed(self, most: int) -> list[ResultRecord]:
        """Give up the oldest results beyond a number of bytes; return them."""
        size = sum(each.size for each in self.results.values())
        given_up: list[ResultRecord] = []
        while size > most:
            number = next(iter(self.results))
            record = self.results.pop(number)
            size -= record.size
            given_up.append(record)
        return given_up

    def forget_endings(self, most: int) -> int:
        """Give up the oldest endings beyond a number; return how many these are."""
        given_up = max(0, len(self.endings) - most)
        del self.endings[:given_up]
        return given_up

    def has_new(self) -> bool:
        """Tell whether there is something new in it, as ``parted`` understands it."""
        jobs = self.added or self.replaced
        return bool(jobs or self.schedules or self.results or self.endings)

    def has_rest(self) -> bool:
        """Tell whether there is something else in it."""
        return bool(
            self.ended
            or self.moved
            or self.revived
            or self.changed
            or self.buried
            or self.unscheduled
            or self.expired_until
            or self.entries
            or self.reserved
            or self.steady
        )

    def record_count(self) -> int:
        """Return about how many records a commit of this batch writes or deletes."""
        jobs = len(self.ended) + len(self.added) + len(self.changed) + len(self.buried)
        schedules = len(self.schedules) + len(self.unscheduled)
        others = len(self.revived) + len(self.results) + len(self.entries)
        return jobs + schedules + others + len(self.endings) + len(self.replaced)

    def changes_nothing(self) -> bool:
        """Tell whether a commit of this batch would write nothing."""
        return not (self.has_new() or self.has_rest())


def _size(record: JobRecord) -> int:
    return len(record.workload) + sum(map(len, record.more))
